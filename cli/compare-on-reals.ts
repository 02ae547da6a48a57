// Two models on one set of random real inputs, in float64: a difference beyond rounding is a counterexample.

import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { compareTensors, type TensorComparison } from "#shared/graph/compare.ts";
import type { Graph, Value, ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import type { ValueDomain } from "#shared/graph/value-domain.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { SharedInput } from "./match-inputs.ts";

export interface Counterexample {
	/** Of the inputs, drawn uniformly from [-2, 2). */
	readonly seed: number;
	readonly output: string;
	readonly difference: TensorComparison["firstDifference"];
}

export type RealDifference =
	| { readonly kind: "different"; readonly counterexample: Counterexample }
	/** A side cannot be run. */
	| { readonly kind: "stopped"; readonly reason: string };

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

/** A difference on real inputs of this seed, or null. */
export function compareOnReals(
	left: Graph,
	right: Graph,
	inputs: readonly SharedInput[],
	domains: readonly (ValueDomain | null)[],
	seed: number,
): RealDifference | null {
	const random = createRandom(seed);
	const tensors = inputs.map(({ value }, at) => drawTensor(value, domains[at] ?? null, random));
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
		if (error instanceof OptimizeError) return { kind: "stopped", reason: error.message };
		throw error;
	}
	const roundingShare = roundingShareOf(left, right);
	for (const [at, { value, name }] of left.outputs.entries()) {
		const expected = present(outputs[0]?.get(value), "an output");
		const found = present(outputs[1]?.get(present(right.outputs[at], "an output").value), "an output");
		const absolute = roundingShare * largestMagnitude(expected);
		const { equal, firstDifference } = compareTensors(found, expected, { relative: roundingShare, absolute });
		if (equal) continue;
		return { kind: "different", counterexample: { seed, output: name, difference: firstDifference } };
	}
	return null;
}

/** Floats of [-2, 2), bools and integers of 0 and 1, or one of the numbers of the domain. */
function drawTensor({ dataType, shape }: Value, values: ValueDomain | null, random: Random): TensorData {
	const drawNumber = isFloat(dataType) ? () => random.nextUnit() * 4 - 2 : () => random.nextBelow(2);
	const draw = values === null ? drawNumber : () => values[random.nextBelow(values.length)] ?? 0;
	return writeElements(dataType, shape, Float64Array.from({ length: elementCount(shape) }, draw));
}

function largestMagnitude(tensor: TensorData): number {
	let largest = 0;
	for (const value of readElements(tensor))
		if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
	return largest;
}
