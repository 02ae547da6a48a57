// Which datasets a program is checked on: inputs of every kind that it can afford and whose results stay in range, with
// the float64 reference of each.

import type { FloatBuffer } from "#shared/numeric/float-contract.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import { readElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import {
	createDatasetInput,
	type DatasetKind,
	datasetInputName,
	datasetKinds,
	referenceOperations,
} from "./datasets.ts";

export interface DrawnDataset {
	readonly kind: DatasetKind;
	/** By input, names of its bytes: equal names mean equal bytes. */
	readonly names: readonly string[];
	/** Bytes of the names that no dataset before this one had. */
	readonly fresh: ReadonlyMap<string, Uint8Array>;
	/** By output, in row-major order. */
	readonly reference: readonly Float64Array[];
}

/** Float64 reference operations beyond which only the first datasets are computed: some seconds each in V8. */
const referenceOperationsMax = 400_000_000;
const datasetsMin = 2;

/** Beyond these an output's type is near overflow, and a kernel may rightly differ from the reference. */
const float16MagnitudeMax = 3e4;
const float32MagnitudeMax = 1e30;

/**
 * What activations are multiplied by: the first with which the reference of ordinary inputs stays in range. A sum of
 * 4,096 products of two activations has a deviation of 64, and its exponential no place in float32; an eighth of each
 * operand makes that 1.
 */
const activationScales = [1, 1 / 8, 1 / 64] as const;

/**
 * `ordinary` first and in any case; of the others those whose reference stays in range. Equal seeds draw equal datasets.
 * Memory: weights are held as float32 until the last dataset is drawn.
 */
export function* drawDatasets(program: Program, seed: number): Generator<DrawnDataset> {
	const weights = new Map<string, FloatBuffer>();
	const draw = (kind: DatasetKind, scale: number): DrawnDataset =>
		drawDataset(program, { kind, seed, scale }, weights);
	let scale: number = activationScales[0];
	let ordinary = draw("ordinary", scale);
	const { fresh } = ordinary;
	for (const smaller of activationScales.slice(1)) {
		if (isInRange(program, ordinary.reference)) break;
		scale = smaller;
		ordinary = draw("ordinary", scale);
	}
	yield { ...ordinary, fresh: new Map([...fresh, ...ordinary.fresh]) };
	for (const kind of datasetKinds.slice(1, affordableDatasets(program))) {
		const dataset = draw(kind, scale);
		if (isInRange(program, dataset.reference)) yield dataset;
	}
}

/** How many datasets a program of this cost is checked on. */
function affordableDatasets(program: Program): number {
	const each = Math.max(1, referenceOperations(program));
	return Math.max(datasetsMin, Math.min(datasetKinds.length, Math.floor(referenceOperationsMax / each)));
}

interface Drawing {
	readonly kind: DatasetKind;
	readonly seed: number;
	/** Of activations. */
	readonly scale: number;
}

function drawDataset(program: Program, drawing: Drawing, weights: Map<string, FloatBuffer>): DrawnDataset {
	const fresh = new Map<string, Uint8Array>();
	const names: string[] = [];
	const values = program.inputs.map((input, index) => {
		const name = datasetInputName(program, index, drawing.kind);
		names.push(name);
		const known = weights.get(name);
		if (known !== undefined) return known;
		const tensor = createDatasetInput(program, index, drawing.kind, drawing);
		fresh.set(name, tensor.bytes);
		const floats = toFloats(tensor);
		if (input.role === "weight") weights.set(name, floats);
		return floats;
	});
	return { kind: drawing.kind, names, fresh, reference: interpretProgramFloat64(program, values) };
}

/** Float32 values as they lie: a float64 copy of large weights costs more than computing with it. */
function toFloats(tensor: TensorData): FloatBuffer {
	const { dataType, bytes } = tensor;
	if (dataType !== "float32") return readElements(tensor);
	return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);
}

function isInRange(program: Program, reference: readonly Float64Array[]): boolean {
	return reference.every((output, index) => {
		const isHalf = program.outputs[index]?.dataType === "float16";
		const magnitudeMax = isHalf ? float16MagnitudeMax : float32MagnitudeMax;
		return output.every((value) => !(Math.abs(value) > magnitudeMax));
	});
}
