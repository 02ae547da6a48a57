// Are two models the same function? First on real numbers, where a difference is a counterexample; then over finite
// fields, where agreement is a proof up to a stated error.

import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { compareTensors, type TensorComparison } from "#shared/graph/compare.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import { buildProgram } from "#shared/program/build-program.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { elementCount, equalShapes } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { type BoundProgram, comparePrograms, type ProgramBinding } from "#shared/verify/compare-programs.ts";

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
}

const realTrials = 4;
/** float32 results of float64 arithmetic: a few roundings of the largest element. */
const roundingShare = 1e-6;

/** Inputs and outputs are matched by name where both have the same names, else by position. */
export function compareModels(left: Graph, right: Graph, seed: number): ModelComparison {
	const signature = compareSignatures(left, right);
	if (signature !== null) return { ...unproven("different", signature), counterexample: null };
	const matched = matchInputs(left, right);
	for (let trial = 0; trial < realTrials; trial++) {
		const outcome = compareOnReals(left, right, matched, seed + trial);
		if (outcome !== null) return outcome;
	}
	const leftProgram = bindProgram(
		left,
		left.inputs.map(({ value }) => value),
	);
	const rightProgram = bindProgram(right, matched);
	for (const built of [leftProgram, rightProgram]) {
		if (typeof built === "string")
			return unproven("inconclusive", `agrees on ${realTrials} random inputs; ${built}`);
	}
	if (typeof leftProgram === "string" || typeof rightProgram === "string")
		return unproven("inconclusive", "");
	const tensorElements = left.inputs.map(({ value }) => elementCount(graphValue(left, value).shape));
	const proof = comparePrograms(leftProgram, rightProgram, { seed, tensorElements });
	if (proof.kind === "inconclusive") {
		return unproven("inconclusive", `agrees on ${realTrials} random inputs; ${proof.reason}`);
	}
	return {
		verdict: "equal",
		reason: "agrees over finite fields",
		errorProbabilityMax: 2 ** proof.errorProbabilityLog2,
		counterexample: null,
		fragment: proof.fragment,
	};
}

function unproven(verdict: "different" | "inconclusive", reason: string): ModelComparison {
	return { verdict, reason, errorProbabilityMax: 1, counterexample: null, fragment: null };
}

const graphValue = (graph: Graph, id: ValueId) => present(graph.values[id], "a value of the graph");

/** Null when both have inputs and outputs of the same types and shapes. */
function compareSignatures(left: Graph, right: Graph): string | null {
	if (left.inputs.length !== right.inputs.length) {
		return `${left.inputs.length} and ${right.inputs.length} inputs`;
	}
	if (left.outputs.length !== right.outputs.length) {
		return `${left.outputs.length} and ${right.outputs.length} outputs`;
	}
	const differ = (a: ValueId, b: ValueId): boolean => {
		const [one, other] = [graphValue(left, a), graphValue(right, b)];
		return one.dataType !== other.dataType || !equalShapes(one.shape, other.shape);
	};
	const matched = matchInputs(left, right);
	const input = left.inputs.findIndex(({ value }, at) =>
		differ(value, present(matched[at], "a matched input")),
	);
	if (input >= 0) return `input ${input} has another type or shape`;
	const output = left.outputs.findIndex(({ value }, at) =>
		differ(value, present(right.outputs[at], "an output").value),
	);
	return output >= 0 ? `output ${output} has another type or shape` : null;
}

/** Inputs of `right` in the order of `left`'s. */
function matchInputs(left: Graph, right: Graph): readonly ValueId[] {
	const byName = new Map(right.inputs.map(({ value }) => [graphValue(right, value).name, value]));
	const named = left.inputs.map(({ value }) => byName.get(graphValue(left, value).name));
	return right.inputs.map(({ value }, at) => (named.includes(undefined) ? value : (named[at] ?? value)));
}

/** A difference on real inputs, or null. */
function compareOnReals(
	left: Graph,
	right: Graph,
	matched: readonly ValueId[],
	seed: number,
): ModelComparison | null {
	const random = createRandom(seed);
	const tensors = left.inputs.map(({ value }) => drawTensor(left, value, random));
	const run = (graph: Graph, inputs: readonly ValueId[]): ReadonlyMap<ValueId, TensorData> => {
		const bound = inputs.map((value, at) => [value, present(tensors[at], "a drawn tensor")] as const);
		return interpretGraph(graph, new Map(bound));
	};
	let outputs: readonly ReadonlyMap<ValueId, TensorData>[];
	try {
		const own = left.inputs.map(({ value }) => value);
		outputs = [run(left, own), run(right, matched)];
	} catch (error) {
		// An operator that was refused, a graph beyond the limits, or an index that random values put out of range.
		if (error instanceof OptimizeError) return unproven("inconclusive", error.message);
		throw error;
	}
	for (const [at, { value, name }] of left.outputs.entries()) {
		const expected = present(outputs[0]?.get(value), "an output");
		const found = present(outputs[1]?.get(present(right.outputs[at], "an output").value), "an output");
		const absolute = roundingShare * largestMagnitude(expected);
		const { equal, firstDifference } = compareTensors(found, expected, { relative: roundingShare, absolute });
		if (equal) continue;
		const counterexample = { seed, output: name, difference: firstDifference };
		return { ...unproven("different", `output '${name}' differs on random inputs`), counterexample };
	}
	return null;
}

function drawTensor(graph: Graph, value: ValueId, random: Random): TensorData {
	const { dataType, shape } = graphValue(graph, value);
	const draw = isFloat(dataType) ? () => random.nextUnit() * 4 - 2 : () => random.nextBelow(2);
	return writeElements(dataType, shape, Float64Array.from({ length: elementCount(shape) }, draw));
}

function largestMagnitude(tensor: TensorData): number {
	let largest = 0;
	for (const value of readElements(tensor))
		if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
	return largest;
}

/** The whole graph as one program over its inputs, or why it is none. */
function bindProgram(graph: Graph, inputs: readonly ValueId[]): BoundProgram | string {
	const made = new Set(graph.nodes.map(({ output }) => output));
	const outputs = graph.outputs.map(({ value }) => value);
	if (outputs.some((value) => !made.has(value))) return "an output is an input or a constant as it stands";
	const built = buildProgram(
		graph,
		graph.nodes.map((_, index) => index),
		outputs,
	);
	if (built.kind === "border") return `not one program: ${built.reason}`;
	const bindings: ProgramBinding[] = [];
	for (const value of built.inputs) {
		const index = inputs.indexOf(value);
		const constant = graph.constants.get(value);
		if (index >= 0) bindings.push({ kind: "tensor", index });
		else if (constant !== undefined) bindings.push({ kind: "values", values: readElements(constant) });
		else return `input '${graphValue(graph, value).name}' comes from an operator that was refused`;
	}
	return { program: built.program, bindings };
}
