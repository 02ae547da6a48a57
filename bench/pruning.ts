// What pruning by abstract expressions is worth: states of a forward search over operator sequences, as Mirage enumerates
// them (OSDI'25, section 4), with the subexpression test and without it, up to the last size at which both end.
// Usage: node bench/pruning.ts [--output FILE]

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { createExpressions, type ExpressionId, type Expressions } from "#shared/expression/expression.ts";
import { expressionsOfProgram } from "#shared/expression/expression-of-program.ts";
import { present } from "#shared/fault/assert.ts";
import type { AxisId, Program } from "#shared/program/program.ts";
import { buildProgram } from "#test/support/program-builder.ts";

/** X·W / sqrt(sum X²): RMSNorm and a product, without gain and epsilon. */
function plainRootMeanSquareNormLinear(): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(3), b.axis(4), b.axis(5)];
	const x = b.input([rows, inner]);
	const norm = b.map("sqrt", b.reduce("sum", b.map("multiply", x, x), inner));
	b.output(b.contract(b.map("divide", x, norm), b.input([inner, columns]), inner));
	return b.build();
}

/** exp(Q·K)·V / sum exp(Q·K). */
function plainAttention(): Program {
	const b = buildProgram();
	const [rows, keys, depth, columns] = [b.axis(3), b.axis(4), b.axis(5), b.axis(6)];
	const weights = b.map("exp", b.contract(b.input([rows, depth]), b.input([depth, keys]), depth));
	const normed = b.map("divide", weights, b.reduce("sum", weights, keys));
	b.output(b.contract(normed, b.input([keys, columns]), keys));
	return b.build();
}

/** X·W + (X·A)·B. */
function lowRank(): Program {
	const b = buildProgram();
	const [rows, inner, columns, rank] = [b.axis(3), b.axis(4), b.axis(5), b.axis(2)];
	const x = b.input([rows, inner]);
	const branch = b.contract(b.contract(x, b.input([inner, rank]), inner), b.input([rank, columns]), rank);
	b.output(b.map("add", b.contract(x, b.input([inner, columns]), inner), branch));
	return b.build();
}

interface Value {
	readonly expression: ExpressionId;
	readonly axes: readonly AxisId[];
	/** How it was computed. */
	readonly key: string;
}

interface Operator {
	readonly name: string;
	readonly arity: 1 | 2;
	readonly over: readonly AxisId[];
	apply(expressions: Expressions, operands: readonly ExpressionId[]): ExpressionId;
}

const elementwise: Readonly<Record<string, Omit<Operator, "name" | "over">>> = {
	multiply: { arity: 2, apply: (e, [a = 0, b = 0]) => e.multiply(a, b) },
	divide: { arity: 2, apply: (e, [a = 0, b = 0]) => e.divide(a, b) },
	add: { arity: 2, apply: (e, [a = 0, b = 0]) => e.add(a, b) },
	exp: { arity: 1, apply: (e, [a = 0]) => e.exp(a) },
	sqrt: { arity: 1, apply: (e, [a = 0]) => e.sqrt(a) },
};

/** The operators that the program has, each once. */
function operatorsOf(program: Program): readonly Operator[] {
	const operators = new Map<string, Operator>();
	for (const node of program.nodes) {
		if (node.kind === "map") {
			const own = present(elementwise[node.operator], "an operator of the samples");
			operators.set(node.operator, { ...own, name: node.operator, over: [] });
		} else if (node.kind === "reduce" || node.kind === "contract") {
			const { kind, over } = node;
			operators.set(`${kind} ${over.join()}`, {
				name: `${kind} ${over.join()}`,
				arity: kind === "reduce" ? 1 : 2,
				over,
				apply: (e, [a = 0, b = a]) => e.sum(kind === "reduce" ? a : e.multiply(a, b), over),
			});
		}
	}
	return [...operators.values()];
}

interface Counts {
	states: number;
	/** Sequences that end in the program's own expression. */
	found: number;
}

/** Every sequence of at most `operatorsMax` operators, in canonical order, each of whose values is new. */
function enumerateSequences(program: Program, operatorsMax: number, isPruned: boolean): Counts {
	const expressions = createExpressions(program.axes.map(({ extent }) => extent));
	const ids = expressionsOfProgram(expressions, program);
	const target = present(ids[program.outputs[0]?.pieces[0]?.node ?? -1], "the output's expression");
	const shapes = new Set(program.nodes.map(({ axes }) => axes.join()));
	const operators = operatorsOf(program);
	const values: Value[] = program.nodes.flatMap((node, id) =>
		node.kind === "input"
			? [{ expression: present(ids[id], "expression"), axes: node.axes, key: `${id}` }]
			: [],
	);
	const counts = { states: 0, found: 0 };
	const extend = (depth: number, last: readonly number[]): void => {
		for (const step of steps(values, operators)) {
			if (compare(step.rank, last) <= 0) continue;
			const value = applyStep(expressions, values, step, shapes);
			if (value === null || values.some(({ key }) => key === value.key)) continue;
			if (isPruned && !expressions.isSubexpression(value.expression, target)) continue;
			counts.states++;
			if (value.expression === target) counts.found++;
			if (depth + 1 === operatorsMax) continue;
			values.push(value);
			extend(depth + 1, step.rank);
			values.pop();
		}
	};
	extend(0, [-1]);
	return counts;
}

interface Step {
	readonly operator: Operator;
	readonly operands: readonly number[];
	/** Newest operand first: canonical order of sequences. */
	readonly rank: readonly number[];
}

function* steps(values: readonly Value[], operators: readonly Operator[]): Generator<Step> {
	const isCommutative = ({ name }: Operator): boolean => name !== "divide";
	for (const [index, operator] of operators.entries()) {
		for (let left = 0; left < values.length; left++) {
			if (operator.arity === 1) yield { operator, operands: [left], rank: [left, left, index] };
			else
				for (let right = isCommutative(operator) ? left : 0; right < values.length; right++) {
					const rank = [Math.max(left, right), Math.min(left, right), 2 * index + (left > right ? 1 : 0)];
					yield { operator, operands: [left, right], rank };
				}
		}
	}
}

function compare(a: readonly number[], b: readonly number[]): number {
	for (let at = 0; at < a.length; at++) {
		const difference = (a[at] ?? 0) - (b[at] ?? -1);
		if (difference !== 0) return difference;
	}
	return 0;
}

/** Null where shapes do not allow it: as the search's own shape rule (shared/algebra), so that both count the same space. */
function applyStep(
	expressions: Expressions,
	values: readonly Value[],
	{ operator, operands }: Step,
	shapes: ReadonlySet<string>,
): Value | null {
	const chosen = operands.map((operand) => present(values[operand], "operand"));
	const union = [...new Set(chosen.flatMap(({ axes }) => axes))].sort((a, b) => a - b);
	if (!operator.over.every((axis) => chosen.every(({ axes }) => axes.includes(axis)))) return null;
	const isNested = chosen.some(({ axes }) => axes.length === union.length);
	if (operator.over.length === 0 && !isNested && !shapes.has(union.join())) return null;
	return {
		expression: operator.apply(
			expressions,
			chosen.map(({ expression }) => expression),
		),
		axes: union.filter((axis) => !operator.over.includes(axis)),
		key: `${operator.name}(${chosen.map(({ key }) => key).join()})`,
	};
}

interface PruningRow {
	readonly program: string;
	readonly operators: number;
	readonly pruned: Counts;
	readonly unpruned: Counts;
}

const cases: readonly {
	readonly name: string;
	readonly program: Program;
	readonly operators: readonly number[];
}[] = [
	{ name: "RMSNorm + linear", program: plainRootMeanSquareNormLinear(), operators: [3, 4, 5] },
	{ name: "attention", program: plainAttention(), operators: [3, 4, 5] },
	{ name: "LoRA", program: lowRank(), operators: [3, 4, 5] },
];

async function main(): Promise<void> {
	const { values } = parseArgs({ options: { output: { type: "string" } } });
	const rows = cases.flatMap(({ name, program, operators }) =>
		operators.map((operatorsMax): PruningRow => {
			const pruned = enumerateSequences(program, operatorsMax, true);
			const unpruned = enumerateSequences(program, operatorsMax, false);
			return { program: name, operators: operatorsMax, pruned, unpruned };
		}),
	);
	const output = values.output ?? join(import.meta.dirname, "results/pruning.json");
	await mkdir(dirname(output), { recursive: true });
	await writeFile(output, `${JSON.stringify({ rows }, null, "\t")}\n`);
	console.log("| program | operators | states pruned | states unpruned | ratio | found pruned / unpruned |");
	console.log("| --- | --- | --- | --- | --- | --- |");
	for (const { program, operators, pruned, unpruned } of rows) {
		const ratio = Math.round(unpruned.states / Math.max(1, pruned.states)).toLocaleString("en");
		console.log(
			`| ${program} | ${operators} | ${pruned.states} | ${unpruned.states.toLocaleString("en")} | ${ratio} : 1 | ${pruned.found} / ${unpruned.found} |`,
		);
	}
}

await main();
