// Reductions and running sums in the fields.

import { present } from "#shared/fault/assert.ts";
import type { CumulativeSumNode, ReduceNode } from "#shared/graph/graph.ts";
import type { FieldBuffer } from "#shared/numeric/field-buffer.ts";
import { type FieldElement, fieldOperator } from "#shared/numeric/field-operators.ts";
import { writeSymbol } from "#shared/numeric/field-uninterpreted.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { elementCount, rowMajorStrides, type Shape } from "#shared/tensor/shape.ts";
import { writeByCase } from "./field-choice.ts";
import { learnSumOfExponentials } from "./field-log-sum.ts";
import { learnRowSum } from "./field-masked-rows.ts";
import { writeExtremum } from "./field-order.ts";
import { allocateFor, copyElement, type EvaluateInFields, fillElement } from "./field-tensor.ts";

const extremumOperators = { max: "maximum", min: "minimum" } as const;

export const evaluateReduce: EvaluateInFields<ReduceNode> = (run, node, operands, output) => {
	const { trials } = run;
	const { lanes } = trials;
	const input = present(operands[0], "a reduction's operand");
	const buffer = allocateFor(run, output);
	const groups = reducedElements(input.shape, node.axes);
	const { operator } = node;
	groups.forEach((group, element) => {
		const result: FieldElement = { buffer, at: element * lanes };
		const members = group.map((at): FieldElement => ({ buffer: input.buffer, at: at * lanes }));
		if (operator === "sum" || operator === "product") {
			const apply = fieldOperator(trials, operator === "sum" ? "add" : "multiply");
			const fold = (folded: readonly FieldElement[], into: FieldElement): void => {
				fillElement(lanes, operator === "sum" ? 0 : 1, into);
				for (const member of folded) apply(trials, [into, member], into);
			};
			if (operator !== "sum" || !writeByCase(run, fold, members, result)) fold(members, result);
			if (operator === "sum") {
				learnRowSum(run, members, result);
				learnSumOfExponentials(run, members, result);
			}
		} else if (members.length === 0) {
			const lowest = operator === "max" ? "-Infinity" : "Infinity";
			const name = isFloat(input.dataType) ? lowest : `${operator} of no ${input.dataType}`;
			writeSymbol(trials, name, buffer, element * lanes);
		} else {
			writeExtremum(run, extremumOperators[operator], members, result);
		}
	});
	return buffer;
};

/** For each element of the result the elements of the operand that it reduces. */
function reducedElements(shape: Shape, axes: readonly number[]): number[][] {
	const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
	const keptStrides = rowMajorStrides(kept);
	const strides = rowMajorStrides(shape);
	const groups = Array.from({ length: elementCount(kept) }, (): number[] => []);
	for (let element = 0; element < elementCount(shape); element++) {
		let group = 0;
		shape.forEach((extent, axis) => {
			if (!axes.includes(axis))
				group += (Math.floor(element / (strides[axis] ?? 1)) % extent) * (keptStrides[axis] ?? 0);
		});
		groups[group]?.push(element);
	}
	return groups;
}

export const evaluateCumulativeSum: EvaluateInFields<CumulativeSumNode> = (run, node, operands, output) => {
	const { trials } = run;
	const input = present(operands[0], "a running sum's operand");
	const buffer = allocateFor(run, output);
	const apply = fieldOperator(trials, "add");
	for (const line of reducedElements(input.shape, [node.axis])) {
		const ordered = node.reverse ? line.toReversed() : line;
		ordered.forEach((element, step) => {
			const result: FieldElement = { buffer, at: element * trials.lanes };
			const before = ordered[step - 1];
			const own = node.exclusive ? before : element;
			if (own === undefined) return;
			const addend: FieldElement = { buffer: input.buffer, at: own * trials.lanes };
			if (before === undefined) copyElement(trials.lanes, addend, result);
			else apply(trials, [{ buffer, at: before * trials.lanes }, addend], result);
		});
	}
	return buffer satisfies FieldBuffer;
};
