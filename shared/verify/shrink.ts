// Small instances of a program and a µGraph. In: both, and small extents for the axes. Out: both over those extents, with
// the same nodes, so that a random test costs little. A µGraph and a program do not know their extents: nodes speak of
// axes only, so that equality is asked of the family, at two members of it; the runner compares the real one in float64.
//
// Every distinct access (offset and stride of each axis) of an input becomes a tensor of its own, dense over the small
// extents, and so does every distinct piece of an output. That is sound without knowing how accesses overlap: programs
// that agree when all accesses are independent tensors agree when some of them alias. It refuses only what would be equal
// because of an overlap.

import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Axis, AxisId, Program, ProgramInput, StridedAccess } from "#shared/program/program.ts";
import { rowMajorStrides } from "#shared/tensor/shape.ts";

/** The independent tensors that stand for the accesses of a program, in order of first use. */
export interface AccessCatalogue {
	readonly inputs: ReadonlyMap<string, number>;
	readonly outputs: ReadonlyMap<string, number>;
	/** Axes, ascending, of each input tensor and of each output tensor. */
	readonly inputAxes: readonly (readonly AxisId[])[];
	readonly outputAxes: readonly (readonly AxisId[])[];
}

/** Equal for accesses that read (or write) the same place at every position. */
export function accessKey(tensor: number, access: StridedAccess): string {
	const pairs = access.axes.map((axis, i) => [axis, access.strides[i] ?? 0] as const);
	return JSON.stringify([tensor, access.offset, pairs.sort((a, b) => a[0] - b[0])]);
}

const ascending = (axes: readonly AxisId[]): AxisId[] => [...axes].sort((a, b) => a - b);

export function catalogueAccesses(program: Program): AccessCatalogue {
	const inputs = new Map<string, number>();
	const outputs = new Map<string, number>();
	const inputAxes: AxisId[][] = [];
	const outputAxes: AxisId[][] = [];
	for (const node of program.nodes) {
		if (node.kind !== "input") continue;
		const key = accessKey(node.input, node.access);
		if (!inputs.has(key)) inputs.set(key, inputAxes.push(ascending(node.access.axes)) - 1);
	}
	program.outputs.forEach((output, id) => {
		for (const piece of output.pieces) {
			const key = accessKey(id, piece.access);
			if (!outputs.has(key)) outputs.set(key, outputAxes.push(ascending(piece.access.axes)) - 1);
		}
	});
	return { inputs, outputs, inputAxes, outputAxes };
}

/**
 * Why the µGraph cannot be an instance of the same family: it reads or writes a place that the program does not, or
 * leaves one out. Null when the accesses match.
 */
export function compareAccesses(muGraph: MuGraph, catalogue: AccessCatalogue): string | null {
	const written = new Set<string>();
	for (const kernel of muGraph.kernels) {
		for (const node of kernel.nodes) {
			if (node.kind === "load" && node.source.kind === "input") {
				if (!catalogue.inputs.has(accessKey(node.source.input, node.source.access)))
					return `input ${node.source.input} is read along strides that the program does not read`;
			} else if (node.kind === "store" && node.target.kind === "output") {
				const key = accessKey(node.target.output, node.target.access);
				if (!catalogue.outputs.has(key))
					return `output ${node.target.output} is written along strides that the program does not write`;
				written.add(key);
			}
		}
	}
	return written.size === catalogue.outputs.size ? null : "a piece of an output is never written";
}

function smallAxes(extents: readonly number[]): Axis[] {
	return extents.map((extent) => ({ extent }));
}

function denseAccess(axes: readonly AxisId[], extents: readonly number[]): StridedAccess {
	return { offset: 0, axes, strides: rowMajorStrides(axes.map((axis) => extents[axis] ?? 1)) };
}

function smallTensors(
	tensors: readonly (readonly AxisId[])[],
	extents: readonly number[],
): { shape: number[]; dataType: "float32"; role: ProgramInput["role"] }[] {
	return tensors.map((axes) => ({
		shape: axes.map((axis) => extents[axis] ?? 1),
		dataType: "float32",
		role: "activation",
	}));
}

/** The program over small extents and independent tensors. */
export function shrinkProgram(
	program: Program,
	catalogue: AccessCatalogue,
	extents: readonly number[],
): Program {
	const dense = (access: StridedAccess): StridedAccess => denseAccess(ascending(access.axes), extents);
	const outputs = smallTensors(catalogue.outputAxes, extents).map(({ shape, dataType }, tensor) => ({
		shape,
		dataType,
		pieces: program.outputs.flatMap((output, id) =>
			output.pieces
				.filter((piece) => catalogue.outputs.get(accessKey(id, piece.access)) === tensor)
				.map((piece) => ({ node: piece.node, access: dense(piece.access) })),
		),
	}));
	return {
		axes: smallAxes(extents),
		inputs: smallTensors(catalogue.inputAxes, extents),
		nodes: program.nodes.map((node) =>
			node.kind === "input"
				? {
						...node,
						input: catalogue.inputs.get(accessKey(node.input, node.access)) ?? 0,
						access: dense(node.access),
					}
				: node,
		),
		outputs,
	};
}

/** The µGraph over the same small extents and tensors; `compareAccesses` has found nothing. */
export function shrinkMuGraph(
	muGraph: MuGraph,
	catalogue: AccessCatalogue,
	extents: readonly number[],
): MuGraph {
	const dense = (access: StridedAccess): StridedAccess => denseAccess(ascending(access.axes), extents);
	return {
		axes: smallAxes(extents),
		splits: [],
		inputs: smallTensors(catalogue.inputAxes, extents),
		outputs: smallTensors(catalogue.outputAxes, extents).map(({ shape, dataType }) => ({ shape, dataType })),
		intermediates: muGraph.intermediates,
		kernels: muGraph.kernels.map((kernel) => ({
			...kernel,
			nodes: kernel.nodes.map((node) => {
				if (node.kind === "load" && node.source.kind === "input") {
					const { input, access } = node.source;
					const small = catalogue.inputs.get(accessKey(input, access)) ?? 0;
					return { ...node, source: { kind: "input", input: small, access: dense(access) } };
				}
				if (node.kind === "store" && node.target.kind === "output") {
					const { output, access } = node.target;
					const small = catalogue.outputs.get(accessKey(output, access)) ?? 0;
					return { ...node, target: { kind: "output", output: small, access: dense(access) } };
				}
				return node;
			}),
		})),
	};
}
