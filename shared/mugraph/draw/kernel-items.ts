// What is drawn of a kernel's block graph: its nodes, chains of element-wise ones together, constants written where they
// are used.

import { present } from "#shared/fault/assert.ts";
import type { AxisId, MapOperator } from "#shared/program/program.ts";
import {
	type BlockNode,
	type BlockNodeId,
	blockNodeOperands,
	type Kernel,
	type MuGraph,
} from "../mugraph.ts";
import type { KernelTiles } from "../tiles.ts";
import type { BoxKind } from "./drawing.ts";
import { registerChains } from "./register-chains.ts";

export interface KernelItem {
	readonly kind: BoxKind;
	readonly stage: number;
	readonly lines: readonly string[];
	/** The item's nodes; the last gives its value. */
	readonly nodes: readonly BlockNodeId[];
	/** Items it reads, by index. */
	readonly reads: readonly number[];
}

/** Lines of a long chain that are written out; the rest is counted. */
const chainLinesMax = 10;

/** In an order in which each item follows what it reads, stage by stage. Without tiles extents are the axes' own. */
export function kernelItems(
	kernel: Kernel,
	muGraph: MuGraph,
	tiles: KernelTiles | null,
): readonly KernelItem[] {
	const chains = registerChains(kernel);
	const items: KernelItem[] = [];
	const itemOf = new Map<BlockNodeId, number>();
	kernel.nodes.forEach((node, id) => {
		if (node.kind === "constant" || (node.kind === "map" && chains[id] !== id)) return;
		const nodes = chains.flatMap((last, member) => (last === id && node.kind === "map" ? [member] : []));
		const members = nodes.length === 0 ? [id] : nodes;
		const reads = new Set<number>();
		for (const member of members)
			for (const operand of blockNodeOperands(present(kernel.nodes[member], "node of a chain"))) {
				const read = itemOf.get(operand);
				if (read !== undefined) reads.add(read);
			}
		const index = items.push({
			kind: boxKindOf(node),
			stage: node.stage,
			lines: [...headingOf(members, kernel), axesLine(node, kernel, muGraph, tiles)],
			nodes: members,
			reads: [...reads],
		});
		for (const member of members) itemOf.set(member, index - 1);
	});
	return items;
}

function boxKindOf(node: BlockNode): BoxKind {
	if (node.kind === "accumulateDeviations") return "accumulate";
	return node.kind === "map" || node.kind === "constant" ? "registers" : node.kind;
}

function headingOf(members: readonly BlockNodeId[], kernel: Kernel): readonly string[] {
	const lines = members.map((id) => nodeText(present(kernel.nodes[id], "node"), id, kernel));
	if (lines.length <= chainLinesMax) return lines;
	return [...lines.slice(0, chainLinesMax - 1), `… ${lines.length - chainLinesMax + 1} more in registers`];
}

const infix: Readonly<Partial<Record<MapOperator, string>>> = {
	add: "+",
	subtract: "−",
	multiply: "×",
	divide: "÷",
	equal: "=",
	less: "<",
	lessOrEqual: "≤",
};

function nodeText(node: BlockNode, id: BlockNodeId, kernel: Kernel): string {
	const name = (operand: BlockNodeId): string => {
		const read = kernel.nodes[operand];
		return read?.kind === "constant" ? shortNumber(read.value) : `%${operand}`;
	};
	switch (node.kind) {
		case "load":
			return `%${id} load ${node.source.kind === "input" ? `input${node.source.input}` : `t${node.source.intermediate}`}`;
		case "store":
			return `store ${name(node.operand)}`;
		case "constant":
			return shortNumber(node.value);
		case "contract":
			return `%${id} ${name(node.left)} · ${name(node.right)} over ${axesText(node.over)}`;
		case "reduce":
			return `%${id} ${node.operator} ${name(node.operand)} over ${axesText(node.over)}`;
		case "accumulate": {
			const rescale = node.rescale === null ? "" : ` rescaled by ${name(node.rescale)}`;
			return `%${id} ↻ ${node.combine} ${name(node.operand)}${rescale}`;
		}
		case "accumulateDeviations":
			return `%${id} ↻ deviations ${name(node.operand)} over ${axesText(node.over)}`;
		case "map": {
			const symbol = infix[node.operator];
			const operands = node.operands.map(name);
			if (symbol !== undefined) return `%${id} ${operands.join(` ${symbol} `)}`;
			return `%${id} ${node.operator}(${operands.join(", ")})`;
		}
	}
}

const axesText = (axes: readonly AxisId[]): string => axes.map((axis) => `a${axis}`).join(",");

function shortNumber(value: number): string {
	const short = `${Number(value.toPrecision(4))}`;
	return Number(short) === value || !Number.isFinite(value) ? `${value}` : `≈${short}`;
}

/** The tile that a block holds: `a0:8 a2:64`. */
function axesLine(node: BlockNode, kernel: Kernel, muGraph: MuGraph, tiles: KernelTiles | null): string {
	if (node.axes.length === 0) return "one number";
	return node.axes.map((axis) => `a${axis}:${tileOf(axis, node, kernel, muGraph, tiles)}`).join(" ");
}

function tileOf(
	axis: AxisId,
	node: BlockNode,
	kernel: Kernel,
	muGraph: MuGraph,
	tiles: KernelTiles | null,
): number {
	const { extent } = present(muGraph.axes[axis], "axis");
	if (tiles === null) return extent;
	const onGrid = kernel.grid.indexOf(axis);
	if (onGrid >= 0) return Math.min(extent, tiles.gridTiles[onGrid] ?? extent);
	return axis === kernel.loop && node.stage % 2 === 1 ? Math.min(extent, tiles.loopTile) : extent;
}
