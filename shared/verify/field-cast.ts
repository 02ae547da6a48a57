// Conversions between types, in the fields.

import { present } from "#shared/fault/assert.ts";
import type { CastNode } from "#shared/graph/graph.ts";
import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { type ElementFunction, first, forEachElement, uninterpreted } from "./field-each-element.ts";
import { writeEquality, writeNot } from "./field-order.ts";
import { copyElement, type EvaluateInFields, type FieldRun, knownTensor } from "./field-tensor.ts";

/** Floats of all widths are the same numbers; bools are 0 and 1; other conversions are functions of their types. */
export const evaluateCast: EvaluateInFields<CastNode> = (run, _node, operands, output) => {
	const operand = present(operands[0], "a cast's operand");
	const [from, to] = [operand.dataType, output.dataType];
	if (keepsNumbers(from, to)) return operand.buffer;
	if (to !== "bool") {
		const named = uninterpreted(run, `cast to ${to}`, from);
		return forEachElement(
			run,
			operands,
			output,
			isBetweenIntegers(from, to) ? castChoice(run, to, named) : named,
		);
	}
	const zero = knownTensor(run, { dataType: "bool", shape: [], bytes: new Uint8Array(1) });
	return forEachElement(run, operands, output, (elements, result) => {
		writeEquality(run, [first(elements), { buffer: zero.buffer, at: 0 }], result);
		writeNot(run, result, result);
	});
};

const isBetweenIntegers = (from: DataType, to: DataType): boolean => !isFloat(from) && !isFloat(to);

/** A choice of numbers that the other type holds too is the same choice. */
function castChoice(run: FieldRun, to: DataType, otherwise: ElementFunction): ElementFunction {
	const { lanes } = run.trials;
	return (operands, result) => {
		const operand = first(operands);
		const fact = run.facts.hasChoice() ? run.facts.choices.find(run.facts.identityOf(operand)) : null;
		const isHeld = fact?.cases.every((element) => {
			const number = run.facts.find(run.facts.identityOf(element));
			return number?.kind === "constant" && holdsInteger(to, number.value);
		});
		if (isHeld === true) copyElement(lanes, operand, result);
		else otherwise(operands, result);
	};
}

/** Whether an integer type has the number. */
function holdsInteger(dataType: DataType, value: number): boolean {
	return readElements(writeElements(dataType, [], [value]))[0] === value;
}

/** Whether a cast is the identity on all numbers of the type, but for rounding. */
export function keepsNumbers(from: DataType, to: DataType): boolean {
	if (from === to || (isFloat(from) && isFloat(to))) return true;
	return from === "bool";
}
