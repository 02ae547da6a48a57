// A kernel's block graph, written out from its timings.

import { assert, present } from "#shared/fault/assert.ts";
import { type BlockNode, type BlockNodeId, blockNodeOperands, type Kernel } from "#shared/mugraph/mugraph.ts";
import { renumberOperands } from "#shared/mugraph/renumber-operands.ts";
import type {
	AxisId,
	ContractNode,
	ProgramNode,
	ProgramNodeId,
	ReduceNode,
} from "#shared/program/program.ts";
import type { KernelSpec } from "./kernel-spec.ts";
import type { LoopAnalysis, ValueTiming } from "./loop-analysis.ts";

interface KernelDraft {
	readonly spec: KernelSpec;
	readonly loop: AxisId | null;
	readonly analysis: LoopAnalysis;
	readonly nodes: BlockNode[];
	/** Block nodes by value, stage and whether the running maximum stands in for the final one. */
	readonly made: Map<string, BlockNodeId>;
}

/** Intermediates are named by the DAG node they hold. Nodes come out sorted by stage. */
export function buildKernel(
	spec: KernelSpec,
	grid: readonly AxisId[],
	loop: AxisId | null,
	analysis: LoopAnalysis,
): Kernel {
	const draft: KernelDraft = { spec, loop, analysis, nodes: [], made: new Map() };
	for (const { node, target } of spec.stores) {
		const timing = timingOf(draft, node);
		const operand = valueAt(draft, node, timing.stage, null);
		draft.nodes.push({
			kind: "store",
			operand,
			target,
			axes: present(spec.dag.nodes[node], "node").axes,
			stage: timing.stage,
		});
	}
	return { grid, loop, nodes: sortByStage(draft.nodes) };
}

function timingOf(draft: KernelDraft, id: ProgramNodeId): ValueTiming {
	return present(draft.analysis.get(id), "timing of a value of the kernel");
}

/**
 * The block node that holds a value for a reader in `stage`. Values along the loop axis are computed in each pass that
 * reads them; others once. With `running` (a maximum), the value as it stands in that maximum's pass.
 */
function valueAt(
	draft: KernelDraft,
	id: ProgramNodeId,
	stage: number,
	running: ProgramNodeId | null,
): BlockNodeId {
	const timing = timingOf(draft, id);
	if (!timing.hasLoopAxis) return wholeValue(draft, id);
	const isRunning = running !== null && dependsOnRunning(draft, id, running);
	const key = `${id}/${stage}/${isRunning ? running : ""}`;
	const known = draft.made.get(key);
	if (known !== undefined) return known;
	const node = present(draft.spec.dag.nodes[id], "node");
	const operandAt = (operand: ProgramNodeId): BlockNodeId =>
		valueAt(draft, operand, stage, isRunning ? running : null);
	const made = writeNode(draft, id, node, stage, operandAt);
	draft.made.set(key, made);
	return made;
}

/** The weighted values, and the exponent in which the maximum itself is read. */
function dependsOnRunning(draft: KernelDraft, id: ProgramNodeId, running: ProgramNodeId): boolean {
	if (timingOf(draft, id).weight?.maximum === running) return true;
	const node = draft.spec.dag.nodes[id];
	return (
		node?.kind === "map" &&
		node.operator === "subtract" &&
		node.operands[1] === running &&
		!draft.spec.boundary.has(id)
	);
}

/** A value without the loop axis, computed once, at its stage; a reduction over the loop axis is an accumulator. */
function wholeValue(draft: KernelDraft, id: ProgramNodeId): BlockNodeId {
	const key = `${id}`;
	const known = draft.made.get(key);
	if (known !== undefined) return known;
	const node = present(draft.spec.dag.nodes[id], "node");
	const { accumulates, stage } = timingOf(draft, id);
	let made: BlockNodeId;
	if (accumulates === null) {
		made = writeNode(draft, id, node, stage, (operand) => valueAt(draft, operand, stage, null));
	} else if (accumulates.deviationsOf !== null && (node.kind === "reduce" || node.kind === "contract")) {
		made = writeDeviations(draft, node, accumulates.pass, accumulates.deviationsOf);
	} else {
		const { pass, rescale } = accumulates;
		const partial = writeNode(draft, id, node, pass, (operand) => valueAt(draft, operand, pass, rescale));
		const combine = node.kind === "reduce" ? node.operator : "sum";
		const by = rescale === null ? null : wholeValue(draft, rescale);
		draft.nodes.push({
			kind: "accumulate",
			combine,
			operand: partial,
			rescale: by,
			axes: node.axes,
			stage: pass,
		});
		made = draft.nodes.length - 1;
	}
	draft.made.set(key, made);
	return made;
}

/** The sum of squared deviations of a value, in the pass that has the value. */
function writeDeviations(
	draft: KernelDraft,
	{ axes, over }: ReduceNode | ContractNode,
	pass: number,
	value: ProgramNodeId,
): BlockNodeId {
	const operand = valueAt(draft, value, pass, null);
	return draft.nodes.push({ kind: "accumulateDeviations", operand, over, axes, stage: pass }) - 1;
}

function writeNode(
	draft: KernelDraft,
	id: ProgramNodeId,
	node: ProgramNode,
	stage: number,
	operandAt: (operand: ProgramNodeId) => BlockNodeId,
): BlockNodeId {
	return draft.nodes.push(blockNode(draft, id, node, stage, operandAt)) - 1;
}

function blockNode(
	draft: KernelDraft,
	id: ProgramNodeId,
	node: ProgramNode,
	stage: number,
	operandAt: (operand: ProgramNodeId) => BlockNodeId,
): BlockNode {
	const { axes } = node;
	if (draft.spec.boundary.has(id))
		return { kind: "load", source: { kind: "intermediate", intermediate: id }, axes, stage };
	switch (node.kind) {
		case "input":
			return { kind: "load", source: { kind: "input", input: node.input, access: node.access }, axes, stage };
		case "constant":
			return { kind: "constant", value: node.value, axes, stage };
		case "map":
			return { kind: "map", operator: node.operator, operands: node.operands.map(operandAt), axes, stage };
		case "reduce":
			return {
				kind: "reduce",
				operator: node.operator,
				operand: operandAt(node.operand),
				over: node.over,
				axes,
				stage,
			};
		case "contract":
			return {
				kind: "contract",
				left: operandAt(node.left),
				right: operandAt(node.right),
				over: node.over,
				axes,
				stage,
			};
	}
}

/** Stable, so that operands stay in front of their readers. */
function sortByStage(nodes: readonly BlockNode[]): BlockNode[] {
	const stages = nodes.map((node) => node.stage);
	const order = nodes.map((_, id) => id).sort((a, b) => (stages[a] ?? 0) - (stages[b] ?? 0) || a - b);
	const position: BlockNodeId[] = [];
	order.forEach((id, at) => {
		position[id] = at;
	});
	const moved = (id: BlockNodeId): BlockNodeId => present(position[id], "node of the kernel");
	return order.map((id) => {
		const node = present(nodes[id], "node of the kernel");
		assert(
			blockNodeOperands(node).every((operand) => (stages[operand] ?? 0) <= node.stage),
			"operands run before their readers",
		);
		return renumberOperands(node, moved);
	});
}
