// The same program and µGraph at other extents, for tests that must not rest on how the verifier makes its small
// instances. Only for programs whose accesses are dense: what test programs have.

import { assert, present } from "#shared/fault/assert.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Random } from "#shared/numeric/random.ts";
import type { AxisId, Program, StridedAccess } from "#shared/program/program.ts";
import { type AxisSplit, splitAxes } from "#shared/program/split-axes.ts";
import { elementCount, rowMajorStrides } from "#shared/tensor/shape.ts";

/** An access's axes from the outermost, which with row-major strides are all of its tensor. */
function denseOrder(access: StridedAccess, program: Program, elements: number): readonly AxisId[] {
	const pairs = access.axes.map((axis, i) => ({ axis, stride: access.strides[i] ?? 0 }));
	const order = pairs.sort((a, b) => b.stride - a.stride);
	const extents = order.map(({ axis }) => present(program.axes[axis], "axis").extent);
	const isDense =
		rowMajorStrides(extents).every((stride, i) => stride === order[i]?.stride) &&
		elementCount(extents) === elements &&
		access.offset === 0;
	assert(isDense, "an access of a test program is dense");
	return order.map(({ axis }) => axis);
}

/** A program of dense accesses with other extents; axes that read one dimension must have equal ones. */
export function resizeProgram(program: Program, extents: readonly number[]): Program {
	const extentOf = (axis: AxisId): number => present(extents[axis], "extent");
	const resized = (access: StridedAccess, elements: number): { access: StridedAccess; shape: number[] } => {
		const axes = denseOrder(access, program, elements);
		const shape = axes.map(extentOf);
		return { access: { offset: 0, axes, strides: rowMajorStrides(shape) }, shape };
	};
	const shapes: number[][] = [];
	const nodes = program.nodes.map((node) => {
		if (node.kind !== "input") return node;
		const own = present(program.inputs[node.input], "input");
		const { access, shape } = resized(node.access, elementCount(own.shape));
		const known = shapes[node.input];
		assert(known === undefined || known.join() === shape.join(), "two readings of one dimension");
		shapes[node.input] = shape;
		return { ...node, access };
	});
	return {
		axes: extents.map((extent) => ({ extent })),
		nodes,
		inputs: program.inputs.map((input, id) => ({ ...input, shape: shapes[id] ?? [] })),
		outputs: program.outputs.map((output) => {
			const [piece, ...others] = output.pieces;
			assert(piece !== undefined && others.length === 0, "an output of a test program is one piece");
			const { access, shape } = resized(piece.access, elementCount(output.shape));
			return { ...output, shape, pieces: [{ node: piece.node, access }] };
		}),
	};
}

/** How a µGraph's places change with the extents. */
export interface Resizing {
	readonly program: Program;
	/** µGraphs over the same splits; null when one reads or writes where the program does not. */
	resize(muGraph: MuGraph): MuGraph | null;
}

const accessKey = (tensor: number, access: StridedAccess): string => {
	const pairs = access.axes.map((axis, i) => [axis, access.strides[i] ?? 0]);
	return JSON.stringify([tensor, access.offset, pairs.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))]);
};

/** Elements of all inputs of a program up to which its own extents are small enough to run. */
const elementsMax = 5000;

/**
 * Random extents from `least` to two more for every axis that is left after the splits (which the µGraphs have); the program's own ones
 * where it has constants, since one may be an extent's inverse.
 */
export function randomResizing(
	whole: Program,
	splits: readonly AxisSplit[],
	random: Random,
	least = 2,
): Resizing {
	const elements = whole.inputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
	const keeps = elements <= elementsMax && whole.nodes.some(({ kind }) => kind === "constant");
	const parts = splitAxes(whole, splits).axes.map(({ extent }) =>
		keeps ? extent : least + random.nextBelow(3),
	);
	const wholes = parts.slice(0, whole.axes.length);
	const splitsNow: AxisSplit[] = [];
	// Back to front: an inner part may have been split again.
	const products = [...parts];
	splits.forEach((_, at) => {
		const from = splits.length - 1 - at;
		const { axis } = present(splits[from], "split");
		const innerExtent = present(products[whole.axes.length + from], "inner extent");
		splitsNow.unshift({ axis, innerExtent });
		products[axis] = present(products[axis], "outer extent") * innerExtent;
	});
	wholes.splice(0, wholes.length, ...products.slice(0, whole.axes.length));
	for (const [axis, same] of sameDimensions(whole)) {
		const isSplit = (which: AxisId): boolean => splits.some((split) => split.axis === which);
		const [from, to] = isSplit(same) ? [same, axis] : [axis, same];
		assert(!isSplit(to), "of two axes along one dimension, one is not split");
		wholes[to] = present(wholes[from], "extent");
	}
	const program = resizeProgram(whole, wholes);
	const before = splitAxes(whole, splits);
	const after = splitAxes(program, splitsNow);
	const places = new Map<string, StridedAccess>();
	before.nodes.forEach((node, id) => {
		const now = after.nodes[id];
		if (node.kind === "input" && now?.kind === "input")
			places.set(`in${accessKey(node.input, node.access)}`, now.access);
	});
	before.outputs.forEach(({ pieces }, id) => {
		pieces.forEach(({ access }, piece) => {
			const now = present(after.outputs[id]?.pieces[piece], "piece").access;
			places.set(`out${accessKey(id, access)}`, now);
		});
	});
	return { program, resize: (muGraph) => resizeMuGraph(muGraph, program, after, splitsNow, places) };
}

/** Pairs of axes along which one dimension of an input is read. */
function sameDimensions(program: Program): [AxisId, AxisId][] {
	const first = new Map<number, readonly AxisId[]>();
	const pairs: [AxisId, AxisId][] = [];
	for (const node of program.nodes) {
		if (node.kind !== "input") continue;
		const elements = elementCount(present(program.inputs[node.input], "input").shape);
		const order = denseOrder(node.access, program, elements);
		const known = first.get(node.input);
		if (known === undefined) first.set(node.input, order);
		else pairs.push(...order.map((axis, d): [AxisId, AxisId] => [known[d] ?? axis, axis]));
	}
	return pairs.filter(([a, b]) => a !== b);
}

function resizeMuGraph(
	muGraph: MuGraph,
	program: Program,
	split: Program,
	splits: readonly AxisSplit[],
	places: ReadonlyMap<string, StridedAccess>,
): MuGraph | null {
	let foreign = false;
	const moved = (key: string): StridedAccess => {
		const place = places.get(key);
		if (place === undefined) foreign = true;
		return place ?? { offset: 0, axes: [], strides: [] };
	};
	const kernels = muGraph.kernels.map((kernel) => ({
		...kernel,
		nodes: kernel.nodes.map((node) => {
			if (node.kind === "load" && node.source.kind === "input") {
				const access = moved(`in${accessKey(node.source.input, node.source.access)}`);
				return { ...node, source: { ...node.source, access } };
			}
			if (node.kind === "store" && node.target.kind === "output") {
				const access = moved(`out${accessKey(node.target.output, node.target.access)}`);
				return { ...node, target: { ...node.target, access } };
			}
			return node;
		}),
	}));
	if (foreign) return null;
	return {
		axes: split.axes,
		splits,
		inputs: program.inputs,
		outputs: program.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
		intermediates: muGraph.intermediates,
		kernels,
	};
}
