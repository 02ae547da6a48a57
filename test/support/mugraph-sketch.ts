import type { BlockNode, BlockNodeId, Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId, MapOperator, ReduceOperator } from "#shared/program/program.ts";
import type { AxisSplit } from "#shared/program/split-axes.ts";
import { rowMajorStrides } from "#shared/tensor/shape.ts";

/** Writes the nodes of one kernel in order; `stage` counts up where asked. Tensors are dense, named by strings. */
export interface KernelSketch {
	/** From here on nodes belong to this stage. */
	stage(stage: number): void;
	/** A whole input over these axes; `offset` and `of` read a part of a larger one. */
	load(
		name: string,
		axes: readonly AxisId[],
		part?: { readonly offset: number; readonly extent: number },
	): BlockNodeId;
	loadIntermediate(name: string): BlockNodeId;
	constant(value: number): BlockNodeId;
	map(operator: MapOperator, ...operands: BlockNodeId[]): BlockNodeId;
	reduce(operator: ReduceOperator, operand: BlockNodeId, ...over: AxisId[]): BlockNodeId;
	contract(left: BlockNodeId, right: BlockNodeId, ...over: AxisId[]): BlockNodeId;
	accumulate(operand: BlockNodeId, combine?: ReduceOperator, rescale?: BlockNodeId): BlockNodeId;
	deviations(operand: BlockNodeId, ...over: AxisId[]): BlockNodeId;
	/** To a new output. */
	store(operand: BlockNodeId): void;
	storeIntermediate(operand: BlockNodeId, name: string): void;
}

export interface MuGraphSketch {
	kernel(grid: readonly AxisId[], loop: AxisId | null, write: (kernel: KernelSketch) => void): void;
}

/** A µGraph written by hand: axes by extent (splits already applied), then kernels. */
export function sketchMuGraph(
	extents: readonly number[],
	write: (sketch: MuGraphSketch) => void,
	splits: readonly AxisSplit[] = [],
): MuGraph {
	const shapeOf = (axes: readonly AxisId[]): number[] => axes.map((axis) => extents[axis] ?? 1);
	const inputs: { readonly name: string; readonly shape: readonly number[] }[] = [];
	const outputs: { readonly shape: readonly number[]; readonly dataType: "float32" }[] = [];
	const intermediates: { readonly name: string; readonly axes: readonly AxisId[] }[] = [];
	const kernels: Kernel[] = [];
	const kernel: MuGraphSketch["kernel"] = (grid, loop, writeKernel) => {
		const nodes: BlockNode[] = [];
		let stage = 0;
		const axesOf = (id: BlockNodeId): readonly AxisId[] => nodes[id]?.axes ?? [];
		const union = (...ids: BlockNodeId[]): AxisId[] =>
			[...new Set(ids.flatMap((id) => axesOf(id)))].sort((a, b) => a - b);
		const without = (axes: readonly AxisId[], over: readonly AxisId[]): AxisId[] =>
			axes.filter((axis) => !over.includes(axis));
		const add = (node: BlockNode): BlockNodeId => nodes.push(node) - 1;
		const ascending = (axes: readonly AxisId[]): AxisId[] => [...axes].sort((a, b) => a - b);
		writeKernel({
			stage: (next) => {
				stage = next;
			},
			load: (name, axes, part) => {
				const known = inputs.findIndex((input) => input.name === name);
				const extent = part?.extent ?? 0;
				const shape = part === undefined ? shapeOf(axes) : [...shapeOf(axes.slice(0, -1)), extent];
				const input = known < 0 ? inputs.push({ name, shape }) - 1 : known;
				const access = { offset: part?.offset ?? 0, axes, strides: rowMajorStrides(shape) };
				return add({ kind: "load", source: { kind: "input", input, access }, axes: ascending(axes), stage });
			},
			loadIntermediate: (name) => {
				const intermediate = intermediates.findIndex((entry) => entry.name === name);
				const axes = ascending(intermediates[intermediate]?.axes ?? []);
				return add({ kind: "load", source: { kind: "intermediate", intermediate }, axes, stage });
			},
			constant: (value) => add({ kind: "constant", value, axes: [], stage }),
			map: (operator, ...operands) =>
				add({ kind: "map", operator, operands, axes: union(...operands), stage }),
			reduce: (operator, operand, ...over) =>
				add({ kind: "reduce", operator, operand, over, axes: without(axesOf(operand), over), stage }),
			contract: (left, right, ...over) =>
				add({ kind: "contract", left, right, over, axes: without(union(left, right), over), stage }),
			accumulate: (operand, combine = "sum", rescale) =>
				add({ kind: "accumulate", combine, operand, rescale: rescale ?? null, axes: axesOf(operand), stage }),
			deviations: (operand, ...over) =>
				add({ kind: "accumulateDeviations", operand, over, axes: without(axesOf(operand), over), stage }),
			store: (operand) => {
				const axes = axesOf(operand);
				const shape = shapeOf(axes);
				const output = outputs.push({ shape, dataType: "float32" }) - 1;
				const access = { offset: 0, axes, strides: rowMajorStrides(shape) };
				add({ kind: "store", operand, target: { kind: "output", output, access }, axes, stage });
			},
			storeIntermediate: (operand, name) => {
				const intermediate = intermediates.push({ name, axes: axesOf(operand) }) - 1;
				add({
					kind: "store",
					operand,
					target: { kind: "intermediate", intermediate },
					axes: axesOf(operand),
					stage,
				});
			},
		});
		kernels.push({ grid, loop, nodes });
	};
	write({ kernel });
	return {
		axes: extents.map((extent) => ({ extent })),
		splits,
		inputs: inputs.map(({ shape }) => ({ shape, dataType: "float32", role: "activation" })),
		outputs,
		intermediates: intermediates.map(({ axes }) => ({ axes })),
		kernels,
	};
}
