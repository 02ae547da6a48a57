// Inputs to check kernels on: ordinary values and hostile ranges, by seed. Weights repeat a random block whose length is
// prime, so that filling a gigabyte costs a copy while no two plausible addresses hold the same value.

import { present } from "#shared/fault/assert.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import type { Program, ProgramInput } from "#shared/program/program.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

/** Ranges of activations. Timing uses `ordinary`. */
export const datasetKinds = ["ordinary", "large", "hugeRow", "positive", "tiny", "zeros"] as const;
export type DatasetKind = (typeof datasetKinds)[number];

type Draw = (random: Random) => number;

/** Sum of four uniforms: near enough to normal, mean 0, variance 1, without a tail that overflows float16. */
const normal: Draw = (random) =>
	(random.nextUnit() + random.nextUnit() + random.nextUnit() + random.nextUnit() - 2) * Math.sqrt(3);

const activationDraws: Readonly<Record<DatasetKind, Draw>> = {
	ordinary: normal,
	/** Logits at which exp(x) of a float32 is near its limits. */
	large: (random) => (random.nextUnit() * 2 - 1) * 80,
	hugeRow: normal,
	/** Keeps logarithms, roots and powers in their domain. */
	positive: (random) => 0.1 + random.nextUnit() * 2,
	tiny: (random) => normal(random) * 1e-4,
	zeros: () => 0,
};

/** Small enough that a contraction over thousands of terms stays in float16's range. */
const weightDraw: Draw = (random) => normal(random) * 0.05;
/** A prime near 2^20. */
const blockElements = 1_048_583;
/** The run of elements that `hugeRow` makes a thousand times larger: the last extent, in the middle of the tensor. */
const hugeFactor = 1000;

const integerDraw: Draw = (random) => random.nextBelow(9);
const flagDraw: Draw = (random) => random.nextBelow(2);

/**
 * Names the bytes of an input in a dataset: equal names mean equal bytes. Weights do not depend on the kind, except where
 * a weight must be positive to mean anything (a variance).
 */
export function datasetInputName(program: Program, index: number, kind: DatasetKind): string {
	const isShared = program.inputs[index]?.role === "weight" && kind !== "positive";
	return isShared ? `weight-${index}` : `${kind}-${index}`;
}

/** One input of a dataset, activations times `scale`; the same seed gives the same bytes. */
export function createDatasetInput(
	program: Program,
	index: number,
	kind: DatasetKind,
	{ seed, scale }: { readonly seed: number; readonly scale: number },
): TensorData {
	const input = present(program.inputs[index], "an input of the program");
	const isShared = input.role === "weight" && kind !== "positive";
	const stream = index + (isShared ? 0 : 1000 * (1 + datasetKinds.indexOf(kind)));
	return createInput(input, { kind, scale }, createRandom(seed, stream));
}

function createInput(
	input: ProgramInput,
	{ kind, scale }: { readonly kind: DatasetKind; readonly scale: number },
	random: Random,
): TensorData {
	const count = elementCount(input.shape);
	const values = new Float32Array(count);
	const isScaled = input.role === "activation" && input.dataType.includes("float");
	const draw = isScaled ? scaled(drawFor(input, kind), scale) : drawFor(input, kind);
	const block = Math.min(count, blockElements);
	for (let i = 0; i < block; i++) values[i] = draw(random);
	for (let at = block; at < count; at += block)
		values.set(values.subarray(0, Math.min(block, count - at)), at);
	if (kind === "hugeRow" && input.role === "activation" && input.dataType.startsWith("float"))
		enlargeRow(values, input.shape.at(-1) ?? 1, random);
	if (input.dataType !== "float32") return writeElements(input.dataType, input.shape, values);
	return { dataType: "float32", shape: input.shape, bytes: new Uint8Array(values.buffer) };
}

const scaled =
	(draw: Draw, factor: number): Draw =>
	(random) =>
		draw(random) * factor;

function drawFor(input: ProgramInput, kind: DatasetKind): Draw {
	if (input.dataType === "bool") return flagDraw;
	if (!input.dataType.includes("float")) return integerDraw;
	if (input.role === "weight" && kind !== "positive") return weightDraw;
	return activationDraws[kind];
}

function enlargeRow(values: Float32Array, rowElements: number, random: Random): void {
	const start = random.nextBelow(Math.max(1, Math.floor(values.length / rowElements))) * rowElements;
	for (let i = start; i < start + rowElements; i++) values[i] = (values[i] ?? 0) * hugeFactor;
}

/** Multiplications and additions of a program's contractions and reductions: what the float64 reference will cost. */
export function referenceOperations(program: Program): number {
	let operations = 0;
	for (const node of program.nodes) {
		const over = node.kind === "contract" || node.kind === "reduce" ? node.over : [];
		let elements = 1;
		for (const axis of [...node.axes, ...over]) elements *= program.axes[axis]?.extent ?? 1;
		operations += elements;
	}
	return operations;
}
