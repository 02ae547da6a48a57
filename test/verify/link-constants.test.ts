import { describe, expect, test } from "vitest";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { type VerifyOutcome, verifyMuGraph } from "#shared/verify/verify.ts";
import { largestDifference, randomInputs, testSeed } from "#test/support/mugraph-inputs.ts";
import { buildProgram, type ProgramBuilder } from "#test/support/program-builder.ts";
import { wholeProgramMuGraph } from "#test/support/whole-program.ts";

const extents = { rows: 64, columns: 48, depth: 64 } as const;

interface Tensor {
	readonly x: ProgramNodeId;
	readonly rows: AxisId;
	readonly columns: AxisId;
	readonly depth: AxisId;
}
type Body = (b: ProgramBuilder, tensor: Tensor) => ProgramNodeId;

/** A program of one tensor [rows, columns, depth]; `front` axes of extent 3 stand before these. */
function program(body: Body, front = 0): Program {
	const b = buildProgram();
	const before = Array.from({ length: front }, () => b.axis(3));
	const [rows, columns, depth] = [b.axis(extents.rows), b.axis(extents.columns), b.axis(extents.depth)];
	const x = b.input([...before, rows, columns, depth]);
	b.output(body(b, { x, rows, columns, depth }));
	return b.build();
}

/** The verdict on the right program, as one kernel, against the left one. */
function compare(left: Body, right: Body, front = 0): VerifyOutcome {
	return verifyMuGraph(wholeProgramMuGraph(program(right, front)), program(left, front), { seed: testSeed });
}

const times = (b: ProgramBuilder, x: ProgramNodeId, value: number): ProgramNodeId =>
	b.map("multiply", x, b.constant(value));
const over = (b: ProgramBuilder, x: ProgramNodeId, value: number): ProgramNodeId =>
	b.map("divide", x, b.constant(value));
const square = (b: ProgramBuilder, x: ProgramNodeId): ProgramNodeId => b.map("multiply", x, x);

type Scale = (b: ProgramBuilder, x: ProgramNodeId) => ProgramNodeId;
const reciprocal =
	(count: number): Scale =>
	(b, x) =>
		times(b, x, 1 / count);

/** Mean of (x - mean)². */
function variance(axisOf: (tensor: Tensor) => AxisId, scale: Scale): Body {
	return (b, tensor) => {
		const axis = axisOf(tensor);
		const deviations = b.map("subtract", tensor.x, scale(b, b.reduce("sum", tensor.x, axis)));
		return scale(b, b.reduce("sum", square(b, deviations), axis));
	};
}

/** Mean of x², minus the mean squared. */
function momentVariance(axisOf: (tensor: Tensor) => AxisId, scale: Scale, meanScale: Scale = scale): Body {
	return (b, tensor) => {
		const axis = axisOf(tensor);
		const mean = meanScale(b, b.reduce("sum", tensor.x, axis));
		return b.map("subtract", scale(b, b.reduce("sum", square(b, tensor.x), axis)), square(b, mean));
	};
}

const alongRows = ({ rows }: Tensor): AxisId => rows;
const alongColumns = ({ columns }: Tensor): AxisId => columns;
const alongDepth = ({ depth }: Tensor): AxisId => depth;

/** Sum over one axis of the square of the mean along another, by either scale. */
function nested(outer: Scale, inner: Scale): Body {
	return (b, { x, columns, depth }) => {
		const mean = inner(b, b.reduce("sum", x, depth));
		return outer(b, b.reduce("sum", square(b, mean), columns));
	};
}

const equal: readonly (readonly [string, Body, Body])[] = [
	[
		"products with 1/n",
		variance(alongColumns, reciprocal(extents.columns)),
		momentVariance(alongColumns, reciprocal(extents.columns)),
	],
	[
		"1/n as float32 rounds it",
		variance(alongColumns, reciprocal(1 / Math.fround(1 / extents.columns))),
		momentVariance(alongColumns, (b, x) => times(b, x, Math.fround(1 / extents.columns))),
	],
	[
		"quotients by n",
		variance(alongColumns, (b, x) => over(b, x, extents.columns)),
		momentVariance(alongColumns, reciprocal(extents.columns)),
	],
	[
		"a sum from its mean",
		(b, t) => times(b, reciprocal(extents.columns)(b, b.reduce("sum", t.x, t.columns)), extents.columns),
		(b, t) => b.map("add", b.reduce("sum", t.x, t.columns), b.constant(0)),
	],
	[
		"one value for two axes of the same extent, each with its own",
		(b, t) =>
			b.map(
				"add",
				variance(alongRows, reciprocal(64))(b, { ...t, x: b.reduce("max", t.x, t.depth) }),
				variance(alongDepth, reciprocal(64))(b, { ...t, x: b.reduce("max", t.x, t.rows) }),
			),
		(b, t) =>
			b.map(
				"add",
				momentVariance(alongRows, reciprocal(64))(b, { ...t, x: b.reduce("max", t.x, t.depth) }),
				momentVariance(alongDepth, reciprocal(64))(b, { ...t, x: b.reduce("max", t.x, t.rows) }),
			),
	],
];

const different: readonly (readonly [string, Body, Body])[] = [
	[
		"the extent of another axis",
		variance(alongColumns, reciprocal(extents.columns)),
		momentVariance(alongColumns, reciprocal(extents.depth)),
	],
	[
		"the extent of another axis, in the mean alone",
		variance(alongColumns, reciprocal(extents.columns)),
		momentVariance(alongColumns, reciprocal(extents.columns), reciprocal(extents.rows)),
	],
	[
		"two extents exchanged",
		nested(reciprocal(extents.columns), reciprocal(extents.depth)),
		nested(reciprocal(extents.depth), reciprocal(extents.depth)),
	],
	[
		"one element fewer",
		variance(alongColumns, reciprocal(extents.columns)),
		momentVariance(alongColumns, reciprocal(extents.columns), reciprocal(extents.columns - 1)),
	],
	[
		"a scale that happens to be one over an extent, left out",
		(b, t) => times(b, b.contract(t.x, t.x, t.depth), 1 / extents.depth),
		(b, t) => b.contract(t.x, t.x, t.depth),
	],
	[
		"such a scale, halved",
		(b, t) => times(b, b.contract(t.x, t.x, t.depth), 1 / extents.depth),
		(b, t) => times(b, b.contract(t.x, t.x, t.depth), 1 / (2 * extents.depth)),
	],
	[
		"such a scale, applied twice",
		(b, t) => times(b, b.contract(t.x, t.x, t.depth), 1 / extents.depth),
		(b, t) => times(b, times(b, b.contract(t.x, t.x, t.depth), 1 / extents.depth), 1 / extents.depth),
	],
];

describe("constants that are extents", () => {
	test.each(equal)("are linked: %s", (_, left, right) => {
		const verdict = compare(left, right);
		expect(verdict.kind, JSON.stringify(verdict)).toBe("equal");
		const inputs = randomInputs(program(left), createRandom(testSeed, 5));
		const values = [left, right].map((body) => interpretProgramFloat64(program(body), inputs));
		expect(largestDifference(values[0] ?? [], values[1] ?? [])).toBeLessThan(1e-5);
	});

	test.each(different)("are not confused: %s", (_, left, right) => {
		expect(compare(left, right).kind).not.toBe("equal");
	});

	test.each([2, 3, 4, 5])("do not let the number %i pass for a count", (count) => {
		for (let front = 0; front < 6; front++)
			expect(
				compare(
					variance(alongColumns, reciprocal(extents.columns)),
					momentVariance(alongColumns, (b, x) => over(b, x, count)),
					front,
				).kind,
			).not.toBe("equal");
	});

	test("wherever the axes stand, no extent passes for another", () => {
		for (let front = 0; front < 8; front++) {
			const left: Body = (b, t) =>
				b.map(
					"add",
					b.reduce("sum", variance(alongColumns, reciprocal(extents.columns))(b, t), t.depth),
					b.reduce("sum", variance(alongDepth, reciprocal(extents.depth))(b, t), t.columns),
				);
			const right: Body = (b, t) =>
				b.map(
					"add",
					b.reduce("sum", momentVariance(alongColumns, reciprocal(extents.depth))(b, t), t.depth),
					b.reduce("sum", momentVariance(alongDepth, reciprocal(extents.columns))(b, t), t.columns),
				);
			expect(compare(left, right, front).kind).not.toBe("equal");
		}
	});

	test("stand in the certificate with the axes of their reduction; without need none does", () => {
		const scale = reciprocal(extents.columns);
		const linked = compare(variance(alongColumns, scale), momentVariance(alongColumns, scale));
		const literal = compare(variance(alongColumns, scale), variance(alongColumns, scale));
		if (linked.kind !== "equal" || literal.kind !== "equal") throw new Error("one was refused");
		expect(linked.certificate.linkedConstants).toEqual([{ value: 1 / extents.columns, axes: [1] }]);
		expect(literal.certificate.linkedConstants).toEqual([]);
	});
});

test("the kernel of a linked comparison computes what its program says", () => {
	const scale = reciprocal(extents.columns);
	const muGraph = wholeProgramMuGraph(program(momentVariance(alongColumns, scale)));
	const inputs = randomInputs(program(variance(alongColumns, scale)), createRandom(testSeed, 6));
	const expected = interpretProgramFloat64(program(variance(alongColumns, scale)), inputs);
	const tiles = [{ gridTiles: muGraph.kernels[0]?.grid.map(() => 5) ?? [], loopTile: 0 }];
	expect(
		largestDifference(expected, interpretMuGraph(muGraph, inputs, tiles, float64Arithmetic)),
	).toBeLessThan(1e-9);
});
