// What the expressions prune is no loss: on random small programs, every DAG of a search that only residues and limits bound
// is found by the pruned one.

import { expect, test } from "vitest";
import { enumerateDags } from "#shared/algebra/enumerate-dags.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import { printProgram } from "#shared/program/print.ts";
import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { buildProgram, type ProgramBuilder } from "#test/support/program-builder.ts";
import { formulas } from "./formula.ts";

interface Draft {
	readonly b: ProgramBuilder;
	readonly random: Random;
	readonly values: { readonly node: ProgramNodeId; readonly axes: readonly AxisId[] }[];
}

/** Two or three operators over two or three tensors of up to three axes. */
function randomProgram(random: Random): Program {
	const b = buildProgram();
	const axes = [b.axis(3), b.axis(4), b.axis(5)];
	const shapes = [[0, 1], [1, 2], [1], [0]].map((own) => own.map((at) => axes[at] as AxisId));
	const draft: Draft = { b, random, values: [] };
	for (let i = 0; i < 2 + random.nextBelow(2); i++) {
		const own = shapes[random.nextBelow(shapes.length)] as AxisId[];
		draft.values.push({ node: b.input(own), axes: own });
	}
	for (let i = 0; i < 2 + random.nextBelow(2); ) if (addOperator(draft)) i++;
	b.output((draft.values.at(-1) as { node: ProgramNodeId }).node);
	return b.build();
}

/** On the newest value and another; false where the shapes do not allow what was drawn. */
function addOperator({ b, random, values }: Draft): boolean {
	const left = values.at(-1);
	const right = values[random.nextBelow(values.length)];
	if (left === undefined || right === undefined) return false;
	const union = [...new Set([...left.axes, ...right.axes])].sort((x, y) => x - y);
	const isNested = union.length === Math.max(left.axes.length, right.axes.length);
	const kind = random.nextBelow(6);
	if (kind < 3) {
		const operator = (["add", "multiply", "divide"] as const)[kind];
		if (operator === undefined || !isNested || (kind !== 1 && left === right)) return false;
		if (operator === "divide" && right.axes.length > left.axes.length) return false;
		values.push({ node: b.map(operator, left.node, right.node), axes: union });
		return true;
	}
	const shared = left.axes.filter((axis) => kind === 3 || right.axes.includes(axis));
	const over = shared[random.nextBelow(Math.max(1, shared.length))];
	if (over === undefined || (kind > 3 && left === right)) return false;
	const sum = kind === 3 ? b.reduce("sum", left.node, over) : b.contract(left.node, right.node, over);
	const axes = (kind === 3 ? left.axes : union).filter((axis) => axis !== over);
	values.push({ node: sum, axes });
	return true;
}

const runs = 40;

test(`no DAG of the unpruned search is lost on ${runs} random programs`, () => {
	const random = createRandom(testSeed, 29);
	let compared = 0;
	let several = 0;
	for (let run = 0; run < runs; run++) {
		const program = randomProgram(random);
		const print = (dag: Program): string => formulas(dag, "ABC", "abc").join("; ");
		const wide = { dagsMax: 5000, dominance: false } as const;
		const pruned = enumerateDags(program, wide);
		const unpruned = enumerateDags(program, { ...wide, prune: "none", valuesMax: 40 });
		if (pruned.report.extraction !== "complete" || unpruned.report.extraction !== "complete") continue;
		const found = new Set(pruned.dags.map(print));
		const lost = unpruned.dags.map(print).filter((formula) => !found.has(formula));
		expect(lost, `seed ${testSeed}, run ${run}\n${printProgram(program)}`).toEqual([]);
		compared++;
		if (found.size > 1) several++;
	}
	expect(compared).toBeGreaterThan(runs / 2);
	expect(several).toBeGreaterThan(runs / 6);
});
