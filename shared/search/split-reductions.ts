// Reductions in two steps, for kernels that share one long reduction among many blocks (flash-decoding; Mirage's winner
// for grouped-query attention): an axis is cut in two, everything summed over it is summed over the inner part first, and
// a later kernel combines the partial results. In: a DAG and a reduced axis. Out: an equal DAG over the split axes.
//   sum_n x                  ->  sum_outer sum_inner x
//   max_n s                  ->  max_outer m,  m = max_inner s
//   sum_n exp(s - M)·v       ->  sum_outer exp(m - M)·(sum_inner exp(s - m)·v),  M = max_outer m
// so that the inner sums of a softmax need no maximum but their own.

import { present } from "#shared/fault/assert.ts";
import type { AxisId, Program, ProgramNode, ProgramNodeId } from "#shared/program/program.ts";
import { type AxisSplit, splitAxes } from "#shared/program/split-axes.ts";
import { createValueNumbering, sweepProgram, type ValueNumbering } from "./value-numbering.ts";

/** A DAG over split axes. */
export interface SplitDag {
	readonly dag: Program;
	readonly splits: readonly AxisSplit[];
	/** The axis whose inner part is reduced first: the outer part has this id. */
	readonly outer: AxisId;
	readonly inner: AxisId;
}

/** Partial results that are worth trying, as powers of two: few for cores, many for processors with many blocks. */
const partsTried = [4, 16, 64] as const;
/** An inner part shorter than this is not worth a block. */
const innerExtentMin = 16;

/** Every split of the axis of a reduction or contraction that `partsTried` allows, by axis and then by parts. */
export function enumerateSplits(dag: Program): AxisSplit[] {
	const reduced = new Set<AxisId>();
	for (const node of dag.nodes)
		if (node.kind === "reduce" || node.kind === "contract") for (const axis of node.over) reduced.add(axis);
	return [...reduced]
		.sort((a, b) => a - b)
		.flatMap((axis) =>
			partsTried
				.map((parts) => ({ axis, innerExtent: present(dag.axes[axis], "axis").extent / parts }))
				.filter(({ innerExtent }) => Number.isInteger(innerExtent) && innerExtent >= innerExtentMin),
		);
}

/** The DAG with every reduction over the axis in two steps. Its value is the same whatever the split. */
export function splitReductions(dag: Program, split: AxisSplit): SplitDag {
	const whole = splitAxes(dag, [split]);
	const rewriting: Rewriting = {
		values: createValueNumbering(),
		outer: split.axis,
		inner: dag.axes.length,
		translated: [],
		partialMaximum: new Map(),
	};
	for (const node of whole.nodes) rewriting.translated.push(translate(rewriting, node));
	const translated = rewriting.translated.map((value) => materialise(rewriting.values, value));
	return {
		dag: sweepProgram(whole, rewriting.values.nodes, translated),
		splits: [split],
		outer: rewriting.outer,
		inner: rewriting.inner,
	};
}

/** A value as a product: what the inner step may compute, and a factor without the inner axis that waits for the outer one. */
interface Weighted {
	readonly value: ProgramNodeId;
	readonly factor: ProgramNodeId | null;
}

interface Rewriting {
	readonly values: ValueNumbering;
	readonly outer: AxisId;
	readonly inner: AxisId;
	/** By node of the whole program. */
	readonly translated: Weighted[];
	/** From a maximum over both parts to the one over the inner part. */
	readonly partialMaximum: Map<ProgramNodeId, ProgramNodeId>;
}

const plain = (value: ProgramNodeId): Weighted => ({ value, factor: null });

function materialise(values: ValueNumbering, { value, factor }: Weighted): ProgramNodeId {
	return factor === null ? value : values.map("multiply", [value, factor]);
}

function translate(rewriting: Rewriting, node: ProgramNode): Weighted {
	const { values, translated } = rewriting;
	const of = (id: ProgramNodeId): Weighted => present(translated[id], "operand translated before");
	switch (node.kind) {
		case "input":
			return plain(values.input(node.input, node.access));
		case "constant":
			return plain(values.constant(node.value));
		case "map":
			return translateMap(rewriting, node.operator, node.operands.map(of));
		case "reduce":
			if (node.operator === "sum") return translateSum(rewriting, of(node.operand), null, node.over);
			return translateReduce(rewriting, node.operator, materialise(values, of(node.operand)), node.over);
		case "contract":
			return translateSum(rewriting, of(node.left), of(node.right), node.over);
	}
}

type MapNode = Extract<ProgramNode, { kind: "map" }>;

function translateMap(
	rewriting: Rewriting,
	operator: MapNode["operator"],
	operands: readonly Weighted[],
): Weighted {
	const { values } = rewriting;
	const [left, right] = operands;
	if (operator === "exp" && left !== undefined) {
		const weighted = relativeExponential(rewriting, materialise(values, left));
		if (weighted !== null) return weighted;
	}
	if (left !== undefined && right !== undefined) {
		if (operator === "multiply")
			return {
				value: values.map("multiply", [left.value, right.value]),
				factor: productOf(values, left.factor, right.factor),
			};
		if (operator === "divide" && right.factor === null)
			return { value: values.map("divide", [left.value, right.value]), factor: left.factor };
		if ((operator === "add" || operator === "subtract") && left.factor === right.factor)
			return { value: values.map(operator, [left.value, right.value]), factor: left.factor };
	}
	return plain(
		values.map(
			operator,
			operands.map((operand) => materialise(values, operand)),
		),
	);
}

function productOf(
	values: ValueNumbering,
	left: ProgramNodeId | null,
	right: ProgramNodeId | null,
): ProgramNodeId | null {
	if (left === null || right === null) return left ?? right;
	return values.map("multiply", [left, right]);
}

/** exp(s - M) as exp(s - m) · exp(m - M) where M is a maximum over both parts and m its inner one; else null. */
function relativeExponential(rewriting: Rewriting, exponent: ProgramNodeId): Weighted | null {
	const { values, partialMaximum } = rewriting;
	const node = values.nodes[exponent];
	if (node?.kind !== "map" || node.operator !== "subtract") return null;
	const [score = -1, maximum = -1] = node.operands;
	const partial = partialMaximum.get(maximum);
	if (partial === undefined) return null;
	return {
		value: values.map("exp", [values.map("subtract", [score, partial])]),
		factor: values.map("exp", [values.map("subtract", [partial, maximum])]),
	};
}

type ReduceNode = Extract<ProgramNode, { kind: "reduce" }>;

function translateReduce(
	rewriting: Rewriting,
	operator: ReduceNode["operator"],
	operand: ProgramNodeId,
	over: readonly AxisId[],
): Weighted {
	const { values, outer, inner, partialMaximum } = rewriting;
	if (!over.includes(inner)) return plain(values.reduce(operator, operand, over));
	const partial = values.reduce(
		operator,
		operand,
		over.filter((axis) => axis !== outer),
	);
	const whole = values.reduce(operator, partial, [outer]);
	if (operator === "max") partialMaximum.set(whole, partial);
	return plain(whole);
}

/** A sum, or with `right` a contraction, in two steps; what the factor has is summed with it in the second. */
function translateSum(
	rewriting: Rewriting,
	left: Weighted,
	right: Weighted | null,
	over: readonly AxisId[],
): Weighted {
	const { values, outer, inner } = rewriting;
	const factor = productOf(values, left.factor, right?.factor ?? null);
	const sum = (axes: readonly AxisId[]): ProgramNodeId =>
		right === null ? values.reduce("sum", left.value, axes) : values.contract(left.value, right.value, axes);
	if (!over.includes(inner) && factor === null) return plain(sum(over));
	const late = over.filter(
		(axis) =>
			(axis === outer && over.includes(inner)) || (factor !== null && values.axesOf(factor).includes(axis)),
	);
	const early = over.filter((axis) => !late.includes(axis));
	if (early.length === 0) {
		const operands = [left, ...(right === null ? [] : [right])].map((side) => materialise(values, side));
		const [first = left.value, second] = operands;
		return plain(
			second === undefined ? values.reduce("sum", first, over) : values.contract(first, second, over),
		);
	}
	const partial = sum(early);
	if (late.length === 0) return { value: partial, factor };
	return plain(
		factor === null ? values.reduce("sum", partial, late) : values.contract(partial, factor, late),
	);
}
