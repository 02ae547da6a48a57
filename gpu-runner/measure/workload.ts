// The files of one measurement: inputs, expected outputs and the baselines' models, for each dataset.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { present } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { bindWeights } from "./bind-weights.ts";
import type { DatasetKind } from "./datasets.ts";
import { drawDatasets } from "./draw-datasets.ts";
import type { HarnessBaseline, HarnessDataset, HarnessInput, HarnessTensor } from "./harness-request.ts";

/** An ONNX form of the program, without weight bytes. Names in program order, as in PlannedBaseline. */
export interface BaselineForm {
	readonly form: string;
	readonly model: Uint8Array;
	readonly inputNames: readonly string[];
	readonly outputNames: readonly string[];
}

export interface Workload {
	readonly directory: string;
	readonly inputs: readonly HarnessInput[];
	readonly outputs: readonly HarnessTensor[];
	readonly kinds: readonly DatasetKind[];
	readonly datasets: readonly HarnessDataset[];
	readonly baselines: readonly HarnessBaseline[];
	readonly weightBytes: number;
	/** What a candidate stores at most of what it computes from weights once. */
	readonly hoistedBytes: number;
	readonly tensorBytes: number;
}

/** A form over one dataset, as files; absolute where the workload's folder is. */
export interface FormFiles {
	/** Its weights lie beside it. */
	readonly model: string;
	/** Raw elements of each graph input. */
	readonly inputs: readonly { readonly name: string; readonly file: string }[];
}

/** Plain data: it crosses between threads. */
export interface WorkloadRequest {
	readonly program: Program;
	readonly forms: readonly BaselineForm[];
	/** Where the files go. */
	readonly directory: string;
	readonly seed: number;
	/** See Workload. */
	readonly hoistedBytes: number;
}

/** Writes everything into the folder. */
export async function prepareWorkload(request: WorkloadRequest): Promise<Workload> {
	const { program, forms, directory, seed } = request;
	const kinds: DatasetKind[] = [];
	const datasets: HarnessDataset[] = [];
	const models: (string | null)[][] = forms.map(() => []);
	/** Models by form and weight files. */
	const written = new Map<string, string>();
	for (const { kind, names, fresh, reference } of drawDatasets(program, seed)) {
		for (const [name, bytes] of fresh) await writeFile(join(directory, `${name}.bin`), bytes);
		const inputs = names.map((name) => `${name}.bin`);
		const files = { inputs, expected: await writeExpected(directory, kind, reference) };
		kinds.push(kind);
		datasets.push(files);
		for (const [index, form] of forms.entries())
			models[index]?.push(
				await writeBaseline(directory, `${index}-${kind}.onnx`, program, form, files, written),
			);
	}
	const sized = (
		tensor: (typeof program.outputs)[number] | (typeof program.inputs)[number],
	): HarnessTensor => ({
		bytesCount: elementCount(tensor.shape) * elementBytes(tensor.dataType),
		dataType: tensor.dataType,
	});
	const inputs = program.inputs.map((input) => ({ ...sized(input), role: input.role }));
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
		hoistedBytes: request.hoistedBytes,
		tensorBytes: total(inputs) + total(outputs),
	};
}

/** Of a form that can be timed: over the dataset with which it is. */
export function timedFiles({ directory, baselines, datasets }: Workload, index: number): FormFiles {
	const { models, inputs } = present(baselines[index], "a form of the workload");
	const files = present(datasets[0], "a dataset").inputs;
	return {
		model: join(directory, present(models[0], "a model over the dataset")),
		inputs: inputs.map(({ name, input }) => ({
			name,
			file: join(directory, present(files[input], "an input's file")),
		})),
	};
}

async function writeExpected(
	directory: string,
	kind: DatasetKind,
	reference: readonly Float64Array[],
): Promise<string[]> {
	const files: string[] = [];
	for (const [index, { buffer, byteOffset, byteLength }] of reference.entries()) {
		const file = `${kind}-expected-${index}.bin`;
		files.push(file);
		await writeFile(join(directory, file), new Uint8Array(buffer, byteOffset, byteLength));
	}
	return files;
}

/** The form's model over the dataset's weights, under the name it was `written` by for these weights before, or a new one. */
async function writeBaseline(
	directory: string,
	file: string,
	program: Program,
	form: BaselineForm,
	dataset: HarnessDataset,
	written: Map<string, string>,
): Promise<string> {
	const weights = new Map<string, string>();
	program.inputs.forEach((input, index) => {
		const name = form.inputNames[index];
		const path = dataset.inputs[index];
		if (input.role === "weight" && name !== undefined && path !== undefined) weights.set(name, path);
	});
	const key = [form.form, ...weights.values()].join(" ");
	const known = written.get(key);
	if (known !== undefined) return known;
	written.set(key, file);
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
