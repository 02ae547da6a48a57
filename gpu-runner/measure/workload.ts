// The files of one measurement: inputs, expected outputs and the baselines' models, for each dataset.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { present } from "#shared/fault/assert.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { readElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { bindWeights } from "./bind-weights.ts";
import { createDataset, type DatasetKind, datasetKinds, referenceOperations } from "./datasets.ts";
import type { HarnessBaseline, HarnessDataset, HarnessTensor } from "./harness-request.ts";

/** An ONNX form of the program, without weight bytes. Names in program order, as in PlannedBaseline. */
export interface BaselineForm {
	readonly form: string;
	readonly model: Uint8Array;
	readonly inputNames: readonly string[];
	readonly outputNames: readonly string[];
}

export interface Workload {
	readonly directory: string;
	readonly inputs: readonly HarnessTensor[];
	readonly outputs: readonly HarnessTensor[];
	readonly kinds: readonly DatasetKind[];
	readonly datasets: readonly HarnessDataset[];
	readonly baselines: readonly HarnessBaseline[];
	readonly weightBytes: number;
	readonly tensorBytes: number;
}

/** Float64 reference operations beyond which only the first datasets are computed: some seconds each in V8. */
const referenceOperationsMax = 400_000_000;
const datasetsMin = 2;

/** Beyond this float32 arithmetic is near overflow, and a kernel may rightly differ from the reference. */
const magnitudeMax = 1e30;

/** How many datasets a program of this cost is checked on. */
function affordableDatasets(program: Program): number {
	const each = Math.max(1, referenceOperations(program));
	return Math.max(datasetsMin, Math.min(datasetKinds.length, Math.floor(referenceOperationsMax / each)));
}

/** Plain data: it crosses between threads. */
export interface WorkloadRequest {
	readonly program: Program;
	readonly forms: readonly BaselineForm[];
	/** Where the files go. */
	readonly directory: string;
	readonly seed: number;
}

/** Writes everything into the folder. A dataset whose reference overflows is left out; `ordinary` stays in any case. */
export async function prepareWorkload(request: WorkloadRequest): Promise<Workload> {
	const { program, forms, directory, seed } = request;
	const kinds: DatasetKind[] = [];
	const datasets: HarnessDataset[] = [];
	const models: (string | null)[][] = forms.map(() => []);
	for (const kind of datasetKinds.slice(0, affordableDatasets(program))) {
		const tensors = createDataset(program, kind, seed);
		const reference = interpretProgramFloat64(program, tensors.map(readElements));
		if (kind !== "ordinary" && !isTame(reference)) continue;
		const files = await writeDataset(directory, kind, tensors, reference);
		kinds.push(kind);
		datasets.push(files);
		for (const [index, form] of forms.entries())
			models[index]?.push(await writeBaseline(directory, `${kind}-${index}.onnx`, program, form, files));
	}
	const sized = (
		tensor: (typeof program.outputs)[number] | (typeof program.inputs)[number],
	): HarnessTensor => ({
		bytesCount: elementCount(tensor.shape) * elementBytes(tensor.dataType),
		dataType: tensor.dataType,
	});
	const inputs = program.inputs.map(sized);
	const outputs = program.outputs.map(sized);
	const total = (tensors: readonly HarnessTensor[]): number =>
		tensors.reduce((sum, tensor) => sum + tensor.bytesCount, 0);
	return {
		directory,
		inputs,
		outputs,
		kinds,
		datasets,
		baselines: forms.map((form, index) => bindForm(program, form, index, models[index] ?? [])),
		weightBytes: total(inputs.filter((_, index) => program.inputs[index]?.role === "weight")),
		tensorBytes: total(inputs) + total(outputs),
	};
}

function isTame(reference: readonly Float64Array[]): boolean {
	for (const output of reference)
		for (const value of output) if (Math.abs(value) > magnitudeMax) return false;
	return true;
}

async function writeDataset(
	directory: string,
	kind: DatasetKind,
	tensors: readonly TensorData[],
	reference: readonly Float64Array[],
): Promise<HarnessDataset> {
	const inputs = tensors.map((_, index) => `${kind}-input-${index}.bin`);
	const expected = reference.map((_, index) => `${kind}-expected-${index}.bin`);
	for (const [index, tensor] of tensors.entries())
		await writeFile(join(directory, present(inputs[index], "input file")), tensor.bytes);
	for (const [index, values] of reference.entries())
		await writeFile(
			join(directory, present(expected[index], "expected file")),
			new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
		);
	return { inputs, expected };
}

async function writeBaseline(
	directory: string,
	file: string,
	program: Program,
	form: BaselineForm,
	dataset: HarnessDataset,
): Promise<string> {
	const weights = new Map<string, string>();
	program.inputs.forEach((input, index) => {
		const name = form.inputNames[index];
		const path = dataset.inputs[index];
		if (input.role === "weight" && name !== undefined && path !== undefined) weights.set(name, path);
	});
	await writeFile(join(directory, file), boundModel(form.model, weights));
	return file;
}

/** Bytes that are no model go to ONNX Runtime as they are: it says what is wrong with them. */
function boundModel(model: Uint8Array, weights: ReadonlyMap<string, string>): Uint8Array {
	try {
		return bindWeights(model, weights);
	} catch (fault) {
		if (fault instanceof RangeError) return model;
		throw fault;
	}
}

function bindForm(
	program: Program,
	form: BaselineForm,
	index: number,
	models: readonly (string | null)[],
): HarnessBaseline {
	return {
		id: `baseline-${index}`,
		models,
		inputs: program.inputs.flatMap((input, position) => {
			const name = form.inputNames[position];
			return input.role === "activation" && name !== undefined ? [{ name, input: position }] : [];
		}),
		outputs: form.outputNames.map((name, output) => ({ name, output })),
	};
}
