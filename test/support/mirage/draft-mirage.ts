// Mirage's kernel graph and block graphs as a draft: every operator in turn, dimensions unified on the way.

import { assert, present } from "#shared/fault/assert.ts";
import type { AtomId } from "#shared/program/refine-axes.ts";
import {
	addNode,
	addTensor,
	createDraft,
	type DraftKernel,
	type MirageDraft,
	type TileValue,
	tensorOf,
	unifyDims,
} from "./mirage-draft.ts";
import {
	extentsOf,
	type MirageAxes,
	type MirageBlockGraph,
	type MirageBlockOperator,
	type MirageKernelOperator,
	type MirageMuGraph,
} from "./mirage-json.ts";
import { applyOperator } from "./mirage-operators.ts";

export function draftMirage(muGraph: MirageMuGraph): MirageDraft {
	const draft = createDraft();
	for (const operator of muGraph) addKernelOperator(draft, operator);
	return draft;
}

function addKernelOperator(draft: MirageDraft, operator: MirageKernelOperator): void {
	const { op_type, input_tensors, output_tensors, bgraph } = operator;
	if (op_type === "kn_input_op") {
		const tensor = present(output_tensors[0], "input tensor");
		const dims = extentsOf(tensor).map((extent) => (extent > 1 ? [draft.atoms.fresh(extent)] : []));
		draft.inputs.push(addTensor(draft, tensor.guid, dims, extentsOf(tensor)));
	} else if (op_type === "kn_output_op") {
		draft.outputs.push(tensorOf(draft, present(input_tensors[0], "output tensor").guid));
	} else if (bgraph !== undefined) {
		addBlockGraph(draft, bgraph);
	} else {
		addPredefined(draft, operator);
	}
}

const operatorName = (type: string): string => type.replace(/^(kn|tb)_/, "").replace(/_op$/, "");

/** One operator as a kernel: every axis of its result on the grid. */
function addPredefined(draft: MirageDraft, operator: MirageKernelOperator): void {
	const kernel: DraftKernel = { grid: [], loop: [], nodes: [] };
	const operands = operator.input_tensors.map(({ guid }): TileValue => {
		const tensor = tensorOf(draft, guid);
		const { dims } = present(draft.tensors[tensor], "tensor");
		return { node: addNode(kernel, { kind: "load", tensor, operands: [] }), dims };
	});
	const site = { draft, kernel, operands, readsAlone: true, reductionDimx: 1 };
	const value = present(applyOperator(operatorName(operator.op_type), site), operator.op_type);
	kernel.grid.push(...value.dims.flat());
	const output = present(operator.output_tensors[0], "result");
	const tensor = addTensor(draft, output.guid, value.dims, extentsOf(output));
	addNode(kernel, { kind: "store", tensor, operands: [value.node] });
	draft.kernels.push(kernel);
}

interface BlockDraft {
	readonly draft: MirageDraft;
	readonly graph: MirageBlockGraph;
	readonly kernel: DraftKernel;
	/** Of x, y and z. */
	readonly gridAtoms: (readonly AtomId[] | null)[];
	readonly values: Map<number, TileValue>;
	readonly reads: ReadonlyMap<number, number>;
}

const list = ({ x, y, z }: MirageAxes): readonly number[] => [x, y, z];

function addBlockGraph(draft: MirageDraft, graph: MirageBlockGraph): void {
	const reads = new Map<number, number>();
	for (const { input_tensors } of graph.operators)
		for (const { guid } of input_tensors) reads.set(guid, (reads.get(guid) ?? 0) + 1);
	const kernel: DraftKernel = { grid: [], loop: [], nodes: [] };
	const block = { draft, graph, kernel, gridAtoms: [null, null, null], values: new Map(), reads };
	for (const operator of graph.operators) addBlockOperator(block, operator);
	kernel.grid.push(...block.gridAtoms.flatMap((atoms: readonly AtomId[] | null) => atoms ?? []));
	draft.kernels.push(kernel);
}

function addBlockOperator(block: BlockDraft, operator: MirageBlockOperator): void {
	if (operator.op_type === "tb_input_op") {
		addIterator(block, operator);
		return;
	}
	const operands = operator.input_tensors.map(({ guid }) => present(block.values.get(guid), `tile ${guid}`));
	if (operator.op_type === "tb_output_op") {
		addSaver(block, operator, present(operands[0], "saved tile"));
		return;
	}
	const value = applyOperator(operatorName(operator.op_type), {
		draft: block.draft,
		kernel: block.kernel,
		operands,
		readsAlone: operator.input_tensors.every(({ guid }) => block.reads.get(guid) === 1),
		reductionDimx: block.graph.reduction_dimx,
	});
	const output = present(operator.output_tensors[0], "result");
	addTile(block, output.guid, present(value, operator.op_type), extentsOf(output));
}

function addTile(block: BlockDraft, guid: number, value: TileValue, extents: readonly number[]): void {
	const { atoms } = block.draft;
	const found = value.dims.map((dim) => atoms.product(atoms.resolve(dim)));
	assert(found.join() === extents.join(), `tile ${guid}: dimensions ${found}, the file says ${extents}`);
	block.values.set(guid, value);
}

/** Each dimension is cut into the grid's part, the loop's part and the tile, in this order. */
function addIterator(block: BlockDraft, operator: MirageBlockOperator): void {
	const { draft, graph, kernel } = block;
	const map = list(present(operator.input_map, "input map"));
	const grid = list(graph.grid_dim);
	const device = present(operator.dtensor, "device tensor");
	const tensor = tensorOf(draft, device.guid);
	const walks = graph.forloop_range > 1 ? (operator.forloop_dim ?? -1) : -1;
	const dims = present(draft.tensors[tensor], "tensor").dims.map((dim, d) => {
		const axes = [0, 1, 2].filter((axis) => map[axis] === d && (grid[axis] ?? 1) > 1);
		assert(axes.length <= 1, "one grid axis a dimension");
		const axis = axes[0];
		const parts = [axis === undefined ? 1 : (grid[axis] ?? 1), walks === d ? graph.forloop_range : 1];
		const tile = draft.atoms.product(draft.atoms.resolve(dim)) / ((parts[0] ?? 1) * (parts[1] ?? 1));
		const groups = present(draft.atoms.regroup(dim, [...parts, tile]), "grid and loop cut the dimension");
		const [outer = [], step = [], inner = []] = groups;
		if (axis !== undefined) {
			const known = block.gridAtoms[axis];
			if (known === null || known === undefined) block.gridAtoms[axis] = outer;
			else unifyDims(draft, known, outer, "grid");
		}
		if (walks === d) {
			if (kernel.loop.length === 0) kernel.loop.push(...step);
			else unifyDims(draft, kernel.loop, step, "loop");
		}
		return inner;
	});
	const node = addNode(kernel, { kind: "load", tensor, operands: [] }, walks >= 0 ? 1 : 0);
	const output = present(operator.output_tensors[0], "tile");
	addTile(block, output.guid, { node, dims }, extentsOf(output));
}

function addSaver(block: BlockDraft, operator: MirageBlockOperator, value: TileValue): void {
	const { draft, graph, kernel } = block;
	const map = list(present(operator.output_map, "output map"));
	const grid = list(graph.grid_dim);
	const device = present(operator.dtensor, "device tensor");
	const dims = value.dims.map((dim, d) => {
		const axis = [0, 1, 2].find((candidate) => map[candidate] === d && (grid[candidate] ?? 1) > 1);
		return axis === undefined ? dim : [...present(block.gridAtoms[axis], "grid axis of an input"), ...dim];
	});
	const tensor = addTensor(draft, device.guid, dims, extentsOf(device));
	addNode(kernel, { kind: "store", tensor, operands: [value.node] });
}
