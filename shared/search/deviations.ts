// Sums of squared deviations from a mean, as programs spell them:
//   sum of d·d over axes, or the contraction of d with itself;   d = x - m or m - x;   m = sum of x over the same axes / n.
// They need no finished mean: a kernel can carry them through the pass in which x is at hand (mugraph.ts,
// AccumulateDeviationsNode).

import { readExtentConstant } from "#shared/program/extent-constant.ts";
import type { AxisId, Program, ProgramNode, ProgramNodeId } from "#shared/program/program.ts";

/** The value x whose squared deviations the node sums, or null for any other node. */
export function deviationsOf(dag: Program, id: ProgramNodeId): ProgramNodeId | null {
	const node = dag.nodes[id];
	if (node?.kind !== "contract" && node?.kind !== "reduce") return null;
	const deviation = squaredOperand(dag, node);
	const difference = deviation === null ? undefined : dag.nodes[deviation];
	if (difference?.kind !== "map" || difference.operator !== "subtract") return null;
	const [left = -1, right = -1] = difference.operands;
	if (isMeanOf(dag, right, left, node.over)) return left;
	return isMeanOf(dag, left, right, node.over) ? right : null;
}

/** What is squared under a sum. */
function squaredOperand(dag: Program, node: ProgramNode): ProgramNodeId | null {
	if (node.kind === "contract") return node.left === node.right ? node.left : null;
	if (node.kind !== "reduce" || node.operator !== "sum") return null;
	const square = dag.nodes[node.operand];
	if (square?.kind !== "map" || square.operator !== "multiply") return null;
	const [left, right] = square.operands;
	return left !== undefined && left === right ? left : null;
}

/** Whether `mean` is the sum of `value` over the axes, times or divided by a constant that makes it their mean. */
function isMeanOf(dag: Program, mean: ProgramNodeId, value: ProgramNodeId, over: readonly AxisId[]): boolean {
	const node = dag.nodes[mean];
	if (node?.kind !== "map") return false;
	const isSum = (id: ProgramNodeId | undefined): boolean => {
		const sum = id === undefined ? undefined : dag.nodes[id];
		return (
			sum?.kind === "reduce" && sum.operator === "sum" && sum.operand === value && sameAxes(sum.over, over)
		);
	};
	const count = over.reduce((product, axis) => product * (dag.axes[axis]?.extent ?? 1), 1);
	const reads = (id: ProgramNodeId | undefined, reading: "count" | "reciprocal"): boolean => {
		const constant = id === undefined ? undefined : dag.nodes[id];
		return constant?.kind === "constant" && readExtentConstant(constant.value, count) === reading;
	};
	const [left, right] = node.operands;
	if (node.operator === "divide") return isSum(left) && reads(right, "count");
	if (node.operator !== "multiply") return false;
	return (isSum(left) && reads(right, "reciprocal")) || (isSum(right) && reads(left, "reciprocal"));
}

function sameAxes(left: readonly AxisId[], right: readonly AxisId[]): boolean {
	return left.length === right.length && left.every((axis) => right.includes(axis));
}
