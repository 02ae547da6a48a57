// A value of a graph in the fields, and how known numbers become one.

import type { GraphNode } from "#shared/graph/graph.ts";
import { allocateField, type FieldBuffer, type FieldTrials } from "#shared/numeric/field-buffer.ts";
import type { FieldElement } from "#shared/numeric/field-operators.ts";
import { dyadicModulo } from "#shared/numeric/field-pair.ts";
import { writeSymbol } from "#shared/numeric/field-uninterpreted.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { readElements } from "#shared/tensor/elements.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { FieldFacts } from "./field-facts.ts";
import { idealConstant, idealModulo } from "./ideal-constant.ts";

/** One run of both sides on the same trials. */
export interface FieldRun {
	readonly trials: FieldTrials;
	readonly facts: FieldFacts;
	/** Whether a float constant stands for what it was rounded from (ideal-constant.ts). */
	readonly readsIdealConstants: boolean;
}

export interface FieldTensor {
	readonly dataType: DataType;
	readonly shape: Shape;
	/** Row-major, all lanes of an element together. Shared between values: never written to twice. */
	readonly buffer: FieldBuffer;
	/** The numbers, where they do not depend on any input. */
	readonly known: TensorData | null;
}

export interface FieldOutput {
	readonly dataType: DataType;
	readonly shape: Shape;
}

/** One family of nodes: operands in the node's order. */
export type EvaluateInFields<Node extends GraphNode> = (
	run: FieldRun,
	node: Node,
	operands: readonly FieldTensor[],
	output: FieldOutput,
) => FieldBuffer;

export function allocateFor({ trials }: FieldRun, { shape }: FieldOutput): FieldBuffer {
	return allocateField(elementCount(shape), trials.lanes);
}

/**
 * Modulo both primes. A root that does not exist modulo the first fails all lanes, so that this pair of fields says nothing;
 * one that does not exist modulo the second leaves a value that exists outside exponents only.
 */
function residuesOf(
	{ trials, readsIdealConstants }: FieldRun,
	value: number,
	dataType: DataType,
): readonly [number, number] {
	const { p, q } = trials.pair;
	const ideal = readsIdealConstants ? idealConstant(Math.abs(value), dataType) : null;
	if (ideal === null) return [dyadicModulo(value, p), dyadicModulo(value, q)];
	const [outside, inside] = [idealModulo(ideal, p), idealModulo(ideal, q)];
	if (outside === null) trials.failed.fill(1);
	const signed = (residue: number, prime: number): number =>
		value < 0 && residue !== 0 ? prime - residue : residue;
	return [signed(outside ?? 1, p), inside === null ? Number.NaN : signed(inside, q)];
}

/** Exact dyadic rationals, or what they stand for; infinities and not-a-numbers are symbols that no rational equals. */
export function knownTensor(run: FieldRun, known: TensorData): FieldTensor {
	const { lanes } = run.trials;
	const numbers = readElements(known);
	const buffer = allocateField(numbers.length, lanes);
	const residues = new Map<number, readonly [number, number]>();
	numbers.forEach((value, element) => {
		const at = element * lanes;
		if (Number.isFinite(value)) {
			const residue = residues.get(value) ?? residuesOf(run, value, known.dataType);
			buffer.outside.fill(residue[0], at, at + lanes);
			buffer.inside.fill(residue[1], at, at + lanes);
			if (residues.has(value)) return;
			residues.set(value, residue);
		} else {
			writeSymbol(run.trials, `${value}`, buffer, at);
		}
		if (value === Number.NEGATIVE_INFINITY) run.facts.noteInfinity();
		if (!Number.isNaN(value)) run.facts.learn({ buffer, at }, { kind: "constant", value });
	});
	if (numbers.every(Number.isFinite)) run.facts.noteFinite(buffer);
	return { dataType: known.dataType, shape: known.shape, buffer, known };
}

export function copyElement(lanes: number, from: FieldElement, to: FieldElement): void {
	for (let lane = 0; lane < lanes; lane++) {
		to.buffer.outside[to.at + lane] = from.buffer.outside[from.at + lane] as number;
		to.buffer.inside[to.at + lane] = from.buffer.inside[from.at + lane] as number;
	}
}

export function fillElement(lanes: number, value: 0 | 1, { buffer, at }: FieldElement): void {
	buffer.outside.fill(value, at, at + lanes);
	buffer.inside.fill(value, at, at + lanes);
}
