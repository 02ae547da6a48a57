// Are two models the same function? First on real numbers, where a difference is a counterexample; then over finite
// fields, where agreement is a proof up to a stated error.

import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { compareTensors, type TensorComparison } from "#shared/graph/compare.ts";
import type { Graph, Value, ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { elementCount, equalShapes } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import {
	compareGraphs,
	type EquivalenceCertificate,
	type FieldWitness,
} from "#shared/verify/compare-graphs.ts";

export interface Counterexample {
	/** Of the inputs, drawn uniformly from [-2, 2). */
	readonly seed: number;
	readonly output: string;
	readonly difference: TensorComparison["firstDifference"];
}

export interface ModelComparison {
	readonly verdict: "equal" | "different" | "inconclusive";
	readonly reason: string;
	/** Of a wrong `equal`; 1 where nothing was proven. */
	readonly errorProbabilityMax: number;
	readonly counterexample: Counterexample | null;
	/** Which operators the proof gave their meaning: rational, exponential, full; null without a proof. */
	readonly fragment: string | null;
	/** What the proof rests on; null without one. */
	readonly certificate: EquivalenceCertificate | null;
	/** Where a test over finite fields saw a difference; null when none did. */
	readonly witness: FieldWitness | null;
}

const realTrials = 4;
/**
 * float32 results of float64 arithmetic: a few roundings of the largest element. Casts to 16 bits round on the way, where
 * a difference this small is left to the fields.
 */
const roundingShares: Partial<Readonly<Record<DataType, number>>> = { float16: 1e-2, bfloat16: 6e-2 };
const roundingShareDefault = 1e-6;

function roundingShareOf(...graphs: readonly Graph[]): number {
	const types = new Set(graphs.flatMap(({ values }) => values.map(({ dataType }) => dataType)));
	return Math.max(roundingShareDefault, ...[...types].map((dataType) => roundingShares[dataType] ?? 0));
}

/** Inputs are matched by name where one side has all of the other's names, else by position; outputs by position. */
export function compareModels(left: Graph, right: Graph, seed: number): ModelComparison {
	if ([left, right].some(({ inputs }) => inputs.some(({ role }) => role === "foreign")))
		return judged("inconclusive", "operators were refused; `kiln analyze` names them");
	const inputs = matchInputs(left, right);
	if (inputs === null) return judged("different", `${left.inputs.length} and ${right.inputs.length} inputs`);
	const signature = compareSignatures(left, right, inputs);
	if (signature !== null) return judged("different", signature);
	for (let trial = 0; trial < realTrials; trial++) {
		const outcome = compareOnReals(left, right, inputs, seed + trial);
		if (outcome !== null) return outcome;
	}
	return proveEqual(left, right, inputs, seed);
}

/** Over the graphs as they are. */
function proveEqual(
	left: Graph,
	right: Graph,
	inputs: readonly SharedInput[],
	seed: number,
): ModelComparison {
	const tensorElements = inputs.map(({ value }) => elementCount(value.shape));
	const proof = compareGraphs(
		{ graph: left, inputs: inputs.map((input) => input.left) },
		{ graph: right, inputs: inputs.map((input) => input.right) },
		{ seed, tensorElements },
	);
	if (proof.kind === "equal") {
		const { certificate } = proof;
		const { fragment, errorProbabilityLog2 } = certificate;
		return {
			...judged("equal", "agrees over finite fields"),
			errorProbabilityMax: 2 ** errorProbabilityLog2,
			fragment,
			certificate,
		};
	}
	if (proof.kind === "different") {
		const { witness } = proof;
		const reason = `output ${witness.output} element ${witness.index} differs over finite fields; on ${realTrials} random inputs by no more than rounding`;
		return { ...judged("different", reason), witness };
	}
	const reason = `agrees on ${realTrials} random inputs; ${proof.reason}`;
	return { ...judged("inconclusive", reason), witness: proof.witness };
}

function judged(verdict: ModelComparison["verdict"], reason: string): ModelComparison {
	return {
		verdict,
		reason,
		errorProbabilityMax: 1,
		counterexample: null,
		fragment: null,
		certificate: null,
		witness: null,
	};
}

const graphValue = (graph: Graph, id: ValueId) => present(graph.values[id], "a value of the graph");

/** An input of either side or both; one that a side does not have, that side does not use. */
interface SharedInput {
	readonly value: Value;
	readonly left: ValueId | null;
	readonly right: ValueId | null;
}

/** Null when the inputs cannot be matched. */
function matchInputs(left: Graph, right: Graph): readonly SharedInput[] | null {
	const byName = (graph: Graph) =>
		new Map(graph.inputs.map(({ value }) => [graphValue(graph, value).name, value]));
	const [leftIds, rightIds] = [byName(left), byName(right)];
	const isWithin = (names: ReadonlyMap<string, ValueId>, others: ReadonlyMap<string, ValueId>): boolean =>
		[...names.keys()].every((name) => others.has(name));
	if (isWithin(leftIds, rightIds) || isWithin(rightIds, leftIds)) {
		const larger = leftIds.size >= rightIds.size ? left : right;
		return larger.inputs.map(({ value: id }) => {
			const value = graphValue(larger, id);
			return { value, left: leftIds.get(value.name) ?? null, right: rightIds.get(value.name) ?? null };
		});
	}
	if (left.inputs.length !== right.inputs.length) return null;
	return left.inputs.map(({ value: id }, at) => {
		const other = present(right.inputs[at], "as many inputs").value;
		return { value: graphValue(left, id), left: id, right: other };
	});
}

/** Null when both have inputs and outputs of the same types and shapes. */
function compareSignatures(left: Graph, right: Graph, inputs: readonly SharedInput[]): string | null {
	const differ = (one: Value, other: Value): boolean =>
		one.dataType !== other.dataType || !equalShapes(one.shape, other.shape);
	for (const input of inputs) {
		if (input.left === null || input.right === null) continue;
		if (differ(graphValue(left, input.left), graphValue(right, input.right)))
			return `input '${input.value.name}' has another type or shape`;
	}
	if (left.outputs.length !== right.outputs.length)
		return `${left.outputs.length} and ${right.outputs.length} outputs`;
	const output = left.outputs.findIndex(({ value }, at) => {
		const other = present(right.outputs[at], "as many outputs").value;
		return differ(graphValue(left, value), graphValue(right, other));
	});
	return output >= 0 ? `output ${output} has another type or shape` : null;
}

/** A difference on real inputs, or null. */
function compareOnReals(
	left: Graph,
	right: Graph,
	inputs: readonly SharedInput[],
	seed: number,
): ModelComparison | null {
	const random = createRandom(seed);
	const tensors = inputs.map(({ value }) => drawTensor(value, random));
	const run = (graph: Graph, side: "left" | "right"): ReadonlyMap<ValueId, TensorData> => {
		const bound = inputs.flatMap((input, at) => {
			const id = input[side];
			return id === null ? [] : [[id, present(tensors[at], "a drawn tensor")] as const];
		});
		return interpretGraph(graph, new Map(bound));
	};
	let outputs: readonly ReadonlyMap<ValueId, TensorData>[];
	try {
		outputs = [run(left, "left"), run(right, "right")];
	} catch (error) {
		// An operator that was refused, a graph beyond the limits, or an index that random values put out of range.
		if (error instanceof OptimizeError) return judged("inconclusive", error.message);
		throw error;
	}
	const roundingShare = roundingShareOf(left, right);
	for (const [at, { value, name }] of left.outputs.entries()) {
		const expected = present(outputs[0]?.get(value), "an output");
		const found = present(outputs[1]?.get(present(right.outputs[at], "an output").value), "an output");
		const absolute = roundingShare * largestMagnitude(expected);
		const { equal, firstDifference } = compareTensors(found, expected, { relative: roundingShare, absolute });
		if (equal) continue;
		const counterexample = { seed, output: name, difference: firstDifference };
		return { ...judged("different", `output '${name}' differs on random inputs`), counterexample };
	}
	return null;
}

function drawTensor({ dataType, shape }: Value, random: Random): TensorData {
	const draw = isFloat(dataType) ? () => random.nextUnit() * 4 - 2 : () => random.nextBelow(2);
	return writeElements(dataType, shape, Float64Array.from({ length: elementCount(shape) }, draw));
}

function largestMagnitude(tensor: TensorData): number {
	let largest = 0;
	for (const value of readElements(tensor))
		if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
	return largest;
}
