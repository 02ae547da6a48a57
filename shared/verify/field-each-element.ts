// A function of elements, applied to every element of broadcast operands.

import { present } from "#shared/fault/assert.ts";
import {
	broadcastStrides,
	createStridedWalk,
	forEachRow,
	rowExtent,
	rowStride,
} from "#shared/graph/strided-walk.ts";
import type { FieldElement } from "#shared/numeric/field-operators.ts";
import { applyUninterpreted } from "#shared/numeric/field-uninterpreted.ts";
import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { allocateFor, type FieldOutput, type FieldRun, type FieldTensor } from "./field-tensor.ts";

interface MutableElement extends FieldElement {
	at: number;
}
export type ElementFunction = (operands: readonly FieldElement[], result: FieldElement) => void;

/** Applies `apply` to every element of the broadcast operands. */
export function forEachElement(
	run: FieldRun,
	operands: readonly FieldTensor[],
	output: FieldOutput,
	apply: ElementFunction,
): FieldTensor["buffer"] {
	const { lanes } = run.trials;
	const buffer = allocateFor(run, output);
	const elements = operands.map((operand): MutableElement => ({ buffer: operand.buffer, at: 0 }));
	const result: MutableElement = { buffer, at: 0 };
	const walk = createStridedWalk(
		output.shape,
		operands.map(({ shape }) => broadcastStrides(shape, output.shape)),
	);
	const extent = rowExtent(walk);
	const strides = operands.map((_, operand) => rowStride(walk, operand));
	forEachRow(walk, (base, offsets) => {
		for (let step = 0; step < extent; step++) {
			result.at = (base + step) * lanes;
			elements.forEach((element, operand) => {
				element.at = ((offsets[operand] ?? 0) + step * (strides[operand] ?? 0)) * lanes;
			});
			apply(elements, result);
		}
	});
	return buffer;
}

/** A function that nothing is known of but its name: over integers it differs by type. */
export function uninterpreted(run: FieldRun, name: string, dataType: DataType): ElementFunction {
	const named = isFloat(dataType) ? name : `${name} of ${dataType}`;
	return (operands, result) =>
		applyUninterpreted(
			run.trials,
			named,
			operands.map(({ buffer }) => buffer),
			operands.map(({ at }) => at),
			result.buffer,
			result.at,
		);
}

export function first(operands: readonly FieldElement[]): FieldElement {
	return present(operands[0], "a first operand");
}
