import { describe, expect, test } from "vitest";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import type { BlockNode, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program, ReduceOperator } from "#shared/program/program.ts";
import { type AxisSplit, splitAxes } from "#shared/program/split-axes.ts";
import { smallInstances } from "#shared/verify/small-extents.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import { maskedAttention } from "#test/support/programs.ts";
import { wholeProgramMuGraph } from "#test/support/whole-program.ts";

const attention = maskedAttention(2, 5, 64, 16);
const keyAxis = 2;

describe("loops of split attention", () => {
	const cuts: readonly (readonly AxisSplit[])[] = [
		[],
		[{ axis: keyAxis, innerExtent: 16 }],
		[
			{ axis: keyAxis, innerExtent: 16 },
			{ axis: 5, innerExtent: 4 },
		],
	];

	test.each(cuts.map((splits) => [splits]))(
		"have a step of several positions and another one: %j",
		(splits) => {
			const program = splitAxes(attention, splits);
			for (const loop of [keyAxis, ...splits.map((_, at) => 5 + at)]) {
				const instances = smallInstances(program, { loops: new Set([loop]), reduced: new Set([keyAxis]) });
				const extent = program.axes[loop]?.extent ?? 0;
				const steps = instances.map(({ extents, tilesOf }) => ({
					extent: extents[loop] ?? 0,
					tile: tilesOf({ grid: [], loop, nodes: [] }).loopTile,
				}));
				if (extent > 2) expect(steps.some((step) => step.tile > 1 && step.extent > step.tile)).toBe(true);
				expect(steps.some((step) => step.tile > 1)).toBe(true);
				expect(steps.some((step) => step.extent > step.tile)).toBe(true);
			}
		},
	);
});

/** y = sum over n of exp(x), n in two parts: the loop walks the outer one and keeps a sum for each inner position. */
function exponentialSum(operator: ReduceOperator): readonly [Program, MuGraph] {
	const b = buildProgram();
	const [rows, columns] = [b.axis(8), b.axis(64)];
	b.output(b.reduce("sum", b.map("exp", b.input([rows, columns])), columns));
	const program = b.build();
	const splits = [{ axis: columns, innerExtent: 16 }];
	const split = splitAxes(program, splits);
	const inner = 2;
	const [load] = split.nodes;
	const [access] = split.outputs.flatMap(({ pieces }) => pieces.map((piece) => piece.access));
	if (load?.kind !== "input" || access === undefined) throw new Error("a load and a store");
	const all = [rows, columns, inner];
	const kept = [rows, inner];
	const nodes: readonly BlockNode[] = [
		{ kind: "load", source: { kind: "input", input: 0, access: load.access }, axes: all, stage: 1 },
		{ kind: "map", operator: "exp", operands: [0], axes: all, stage: 1 },
		{ kind: "reduce", operator, operand: 1, over: [columns], axes: kept, stage: 1 },
		{ kind: "accumulate", combine: "sum", operand: 2, rescale: null, axes: kept, stage: 1 },
		{ kind: "reduce", operator: "sum", operand: 3, over: [inner], axes: [rows], stage: 2 },
		{ kind: "store", operand: 4, target: { kind: "output", output: 0, access }, axes: [rows], stage: 2 },
	];
	const { inputs, outputs } = program;
	const kernels = [{ grid: [rows], loop: columns, nodes }];
	return [program, { axes: split.axes, splits, inputs, outputs, intermediates: [], kernels }];
}

test.each(["sum", "product", "max", "min"] as const)("steps of a split loop that take the %s", (operator) => {
	const [program, muGraph] = exponentialSum(operator);
	const expected = operator === "sum" ? "equal" : "different";
	expect(verifyMuGraph(muGraph, program, { seed: testSeed }).kind).toBe(expected);
});

test("two equal numbers do not pass for a sum over many, however many axes there are", () => {
	const signature = () => {
		const b = buildProgram();
		const rows = [8, 8, 8].map((extent) => b.axis(extent));
		const columns = b.axis(64);
		const [x, w] = [b.input([...rows, columns]), b.input(rows)];
		b.output(b.reduce("sum", b.map("exp", x), columns));
		return { b, columns, x, w };
	};
	const many = signature();
	many.b.output(many.b.reduce("sum", many.b.map("subtract", many.x, many.w), many.columns));
	const { b, columns, x, w } = signature();
	b.output(b.map("subtract", b.reduce("sum", x, columns), b.map("add", w, w)));
	const muGraph = wholeProgramMuGraph(b.build());
	expect(verifyMuGraph(muGraph, many.b.build(), { seed: testSeed }).kind).toBe("different");
});

test.each(Array.from({ length: 7 }, (_, rank) => rank + 1))(
	"each of %i reduced axes has two extents",
	(rank) => {
		const b = buildProgram();
		const axes = Array.from({ length: rank }, () => b.axis(16));
		b.output(b.reduce("sum", b.map("exp", b.input(axes)), ...axes));
		const reduced = new Set(axes);
		for (const loops of [new Set<number>(), new Set([rank - 1])]) {
			const [first, second] = smallInstances(b.build(), { loops, reduced });
			for (const axis of axes) expect(first.extents[axis]).not.toBe(second.extents[axis]);
		}
	},
);

test.each([3, 4, 5, 64])("a sum over steps passes for no number of terms, loop of %i", (extent) => {
	const signature = () => {
		const b = buildProgram();
		const [rows, columns] = [b.axis(8), b.axis(extent)];
		const [x, w] = [b.input([rows, columns]), b.input([rows])];
		b.output(b.reduce("sum", x, columns));
		return { b, w };
	};
	for (const terms of [2, 3, 4]) {
		const { b, w } = signature();
		b.output(Array.from({ length: terms - 1 }).reduce<number>((sum) => b.map("add", sum, w), w));
		const program = b.build();
		const [wide, narrow] = program.nodes.filter((node) => node.kind === "input");
		const access = program.outputs[0]?.pieces[0]?.access;
		if (wide === undefined || narrow === undefined || access === undefined) throw new Error("two inputs");
		const [rows, columns] = [0, 1];
		const load = (of: typeof wide, axes: readonly number[]): BlockNode => ({
			kind: "load",
			source: { kind: "input", input: of.input, access: of.access },
			axes,
			stage: 1,
		});
		const sum = (operand: number): BlockNode => ({
			kind: "accumulate",
			combine: "sum",
			operand,
			rescale: null,
			axes: [rows],
			stage: 1,
		});
		const store = (operand: number, output: number): BlockNode => ({
			kind: "store",
			operand,
			target: { kind: "output", output, access },
			axes: [rows],
			stage: 2,
		});
		const nodes: readonly BlockNode[] = [
			load(wide, [rows, columns]),
			load(narrow, [rows]),
			{ kind: "reduce", operator: "sum", operand: 0, over: [columns], axes: [rows], stage: 1 },
			sum(2),
			sum(1),
			store(3, 0),
			store(4, 1),
		];
		const { axes, inputs, outputs } = program;
		const kernels = [{ grid: [rows], loop: columns, nodes }];
		const muGraph = { axes, splits: [], inputs, outputs, intermediates: [], kernels };
		expect(checkMuGraph(muGraph)).toEqual([]);
		expect(verifyMuGraph(muGraph, program, { seed: testSeed }).kind).toBe("different");
	}
});
