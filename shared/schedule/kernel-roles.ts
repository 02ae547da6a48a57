// What each axis of a kernel is to its contractions and memory: which tile sizes make sense follows from that.

import { present } from "#shared/fault/assert.ts";
import type {
	BlockNode,
	BlockNodeId,
	ContractNode,
	Kernel,
	LoadSource,
	MuGraph,
} from "#shared/mugraph/mugraph.ts";
import { blockNodeOperands } from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import type { AxisId, StridedAccess } from "#shared/program/program.ts";

export interface ContractRoles {
	/** Broadcast side's longest own axis, or null. */
	readonly row: AxisId | null;
	/** The axis that fills vector lanes, or null when neither operand has an axis of its own. */
	readonly vector: AxisId | null;
	readonly over: readonly AxisId[];
	/** The vector side is made of weights alone. */
	readonly isWeight: boolean;
	/** The vector side is re-arranged before it is multiplied, by every step whose part of it is another. */
	readonly isPacked: boolean;
	readonly panelAxes: readonly AxisId[];
	/** The axis that could fill lanes instead, of an operand that is packed once for all steps; or null. */
	readonly otherVector: AxisId | null;
	/** Multiply-adds over the whole axes. */
	readonly multiplyAdds: number;
}

export interface KernelRoles {
	/** Largest first. */
	readonly contracts: readonly ContractRoles[];
	readonly hasReduction: boolean;
	readonly hasRescaling: boolean;
	/** One contraction reads what another one makes. */
	readonly hasChain: boolean;
	/** The axis along which most is read and written side by side. */
	readonly span: AxisId | null;
	/** The axis along which outputs lie side by side, if that is another one. */
	readonly outputSpan: AxisId | null;
	readonly weightBytes: number;
	readonly outputBytes: number;
	/** Of loads that move along the loop, weights aside. */
	readonly loopBytes: number;
}

/** `vectorAxis`: as a schedule asks for it. */
export function kernelRoles(muGraph: MuGraph, kernel: Kernel, vectorAxis: AxisId | null = null): KernelRoles {
	const extent = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const size = (axes: readonly AxisId[]): number => axes.reduce((product, axis) => product * extent(axis), 1);
	const contracts = kernel.nodes.flatMap((node) =>
		node.kind === "contract" ? [contractRoles(muGraph, kernel, node, vectorAxis)] : [],
	);
	const span = spanAxis(muGraph, kernel, ["load", "store"]);
	const outputSpan = spanAxis(muGraph, kernel, ["store"]);
	let weightBytes = 0;
	let outputBytes = 0;
	let loopBytes = 0;
	for (const node of kernel.nodes) {
		if (node.kind === "store") outputBytes += 4 * size(node.axes);
		if (node.kind !== "load") continue;
		if (isWeightSource(muGraph, node.source)) weightBytes += 4 * size(node.axes);
		else if (kernel.loop !== null && node.axes.includes(kernel.loop)) loopBytes += 4 * size(node.axes);
	}
	return {
		contracts: contracts.sort((a, b) => b.multiplyAdds - a.multiplyAdds),
		hasReduction: kernel.nodes.some(
			({ kind }) => kind === "reduce" || kind === "accumulate" || kind === "accumulateDeviations",
		),
		hasRescaling: kernel.nodes.some((node) => node.kind === "accumulate" && node.rescale !== null),
		hasChain: hasChain(kernel),
		span,
		outputSpan: outputSpan === span ? null : outputSpan,
		weightBytes,
		outputBytes,
		loopBytes,
	};
}

function hasChain(kernel: Kernel): boolean {
	const behind = new Set<BlockNodeId>();
	return kernel.nodes.some((node, id) => {
		const follows = blockNodeOperands(node).some((operand) => behind.has(operand));
		if (follows || node.kind === "contract") behind.add(id);
		return follows && node.kind === "contract";
	});
}

function contractRoles(
	muGraph: MuGraph,
	kernel: Kernel,
	node: ContractNode,
	vectorAxis: AxisId | null,
): ContractRoles {
	const extent = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const axesOf = (id: BlockNodeId): readonly AxisId[] => present(kernel.nodes[id], "operand").axes;
	const own = (id: BlockNodeId, other: BlockNodeId): AxisId[] =>
		axesOf(id)
			.filter((axis) => !axesOf(other).includes(axis) && !node.over.includes(axis))
			.sort((a, b) => extent(b) - extent(a));
	const sides = [
		{ panel: node.right, rows: node.left },
		{ panel: node.left, rows: node.right },
	].map(({ panel, rows }) => {
		const axes = own(panel, rows);
		const weight = isWeight(muGraph, kernel, panel);
		const contiguous = axes.find((axis) => strideOf(kernel, panel, axis) === 1);
		const vector = contiguous ?? axes[0] ?? null;
		const score =
			(weight ? 4 : 0) +
			(contiguous === undefined ? 0 : 2) +
			(vector === null ? -8 : Math.min(extent(vector), longAxis) / longAxis) +
			(isReducedLater(kernel.nodes, vector) ? reducedLaterBonus : 0);
		const isPacked = !weight && contiguous === undefined;
		return { panel, rows, vector, row: own(rows, panel)[0] ?? null, weight, isPacked, score };
	});
	const [first, second] = sides.sort((a, b) => b.score - a.score);
	const [guess, other] = [present(first, "two sides"), present(second, "two sides")];
	const best = guess.isPacked && other.vector !== null && other.vector === vectorAxis ? other : guess;
	const inLoop = (id: BlockNodeId): boolean => kernel.loop !== null && axesOf(id).includes(kernel.loop);
	const couldTurn = best.isPacked && best.row !== null && inLoop(best.panel) && !inLoop(best.rows);
	const all = new Set([...axesOf(node.left), ...axesOf(node.right)]);
	return {
		row: best.row,
		vector: best.vector,
		over: node.over,
		isWeight: best.weight,
		isPacked: best.isPacked,
		panelAxes: axesOf(best.panel),
		otherVector: couldTurn ? best.row : null,
		multiplyAdds: [...all].reduce((product, axis) => product * extent(axis), 1),
	};
}

/** Longer axes fill vectors no better. */
const longAxis = 64;

/** Less than what reading a panel in place is worth over packing it. */
export const reducedLaterBonus = 1.5;

/** The result lies along the lane axis: a reduction over that axis then reads neighbours. Decides between equal panels. */
export function isReducedLater(nodes: readonly BlockNode[], axis: AxisId | null): boolean {
	return nodes.some(
		(node) =>
			axis !== null && (node.kind === "reduce" || node.kind === "contract") && node.over.includes(axis),
	);
}

/** Constant between calls: an input, or what a prepare kernel makes of some. */
function isWeightSource(muGraph: MuGraph, source: LoadSource): boolean {
	return source.kind === "input"
		? muGraph.inputs[source.input]?.role === "weight"
		: findPreparePart(muGraph).intermediates.has(source.intermediate);
}

function isWeight(muGraph: MuGraph, kernel: Kernel, id: BlockNodeId): boolean {
	const node = present(kernel.nodes[id], "node");
	if (node.kind === "load") return isWeightSource(muGraph, node.source);
	if (node.kind !== "map") return false;
	return blockNodeOperands(node).every(
		(operand) => kernel.nodes[operand]?.kind === "constant" || isWeight(muGraph, kernel, operand),
	);
}

/** Of a load: elements between neighbours; 0 for anything else. */
function strideOf(kernel: Kernel, id: BlockNodeId, axis: AxisId): number {
	const node = present(kernel.nodes[id], "node");
	if (node.kind !== "load") return 0;
	if (node.source.kind === "intermediate") return node.axes[node.axes.length - 1] === axis ? 1 : 0;
	return accessStride(node.source.access, axis);
}

function accessStride(access: StridedAccess, axis: AxisId): number {
	const at = access.axes.indexOf(axis);
	return at < 0 ? 0 : Math.abs(present(access.strides[at], "stride"));
}

function spanAxis(muGraph: MuGraph, kernel: Kernel, kinds: readonly ("load" | "store")[]): AxisId | null {
	const votes = new Map<AxisId, number>();
	for (const node of kernel.nodes) {
		const place = node.kind === "load" ? node.source : node.kind === "store" ? node.target : null;
		if (place === null || !kinds.some((kind) => kind === node.kind)) continue;
		const axes =
			place.kind === "intermediate"
				? node.axes.slice(-1)
				: node.axes.filter((axis) => accessStride(place.access, axis) === 1);
		const elements = node.axes.reduce(
			(product, axis) => product * present(muGraph.axes[axis], "axis").extent,
			1,
		);
		for (const axis of axes) votes.set(axis, (votes.get(axis) ?? 0) + elements);
	}
	return [...votes].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? null;
}
