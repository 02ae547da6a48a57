// A whole model in Node: the folder that `kiln optimize` wrote, checked, and run in ONNX Runtime through koffi.

import { join, resolve } from "node:path";
import { requireRuntimeLibrary } from "#runner/measure/runtime-library.ts";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ModelDocument } from "#shared/protocol/model-document.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { TrustedKeys } from "./check-manifest.ts";
import type { Port } from "./whole-model/bound-run.ts";
import { checkModelFolder } from "./whole-model/model-files.ts";
import { openRuntime } from "./whole-model/onnx-runtime.ts";
import { RuntimeSession } from "./whole-model/runtime-session.ts";
import { StandaloneSession } from "./whole-model/standalone-session.ts";

/** A typed array of the elements, or a tensor; only a tensor can say what extents the model leaves open. */
export type ModelInput = ArrayBufferView | TensorData;

export interface Model {
	readonly document: ModelDocument;
	readonly inputs: readonly Port[];
	readonly outputs: readonly Port[];
	/**
	 * Outputs by name, in memory of their own. Inputs are read where they lie, and outputs of known shape written where
	 * they are returned: nothing is copied. Throws RangeError for an input that is missing, unknown or of a wrong length.
	 */
	run(inputs: Readonly<Record<string, ModelInput>>): Readonly<Record<string, TensorData>>;
	/** Frees the session. */
	close(): void;
}

export interface LoadModelOptions {
	/** Key id to raw Ed25519 public key, base64: every kernel must be signed by one of them. Absent: digests are checked, not who signed. */
	readonly trustedKeys?: TrustedKeys;
	/** Default: what the kernels were tuned for. */
	readonly threads?: number;
	/**
	 * `runtime` (default): in ONNX Runtime. `standalone`: the model's own library, which there is where nothing but kernels
	 * is left; `document.standalone` says.
	 */
	readonly form?: "runtime" | "standalone";
	/** libonnxruntime 1.17 or later. Default: that of the onnxruntime-node package. */
	readonly runtime?: string;
}

/**
 * Loads a model folder. Its files' digests, its kernels' signatures and the processor are checked before anything runs.
 * Throws `OptimizeError` cache.miss (no whole model there: the original is the answer), cache.signature_invalid,
 * target.unknown, toolchain.missing (no runtime), or measure.baseline_failed when the runtime refuses the model.
 */
export async function loadModel(folder: string, options: LoadModelOptions = {}): Promise<Model> {
	const directory = resolve(folder);
	const document = await checkModelFolder(directory, options.trustedKeys);
	const session = openSession(directory, document, options);
	const { inputs, outputs } = session;
	return {
		document,
		inputs,
		outputs,
		run: (given) => {
			const unknown = Object.keys(given).find((name) => !inputs.some((port) => port.name === name));
			if (unknown !== undefined) throw new RangeError(`the model has no input '${unknown}'`);
			const results = session.run(inputs.map((port) => tensorFor(port, given)));
			return Object.fromEntries(
				outputs.map(({ name }, at) => [name, present(results[at], "an output of the model")]),
			);
		},
		close: () => session.close(),
	};
}

function openSession(
	directory: string,
	{ model, weights, library, standalone, threads }: ModelDocument,
	options: LoadModelOptions,
): RuntimeSession | StandaloneSession {
	const pathOf = ({ name }: { readonly name: string }): string => join(directory, name);
	const own = { threads: options.threads ?? threads };
	if (options.form !== "standalone") {
		const runtime = openRuntime(options.runtime ?? requireRuntimeLibrary());
		return new RuntimeSession(runtime, { model: pathOf(model), library: pathOf(library), ...own });
	}
	if (standalone === null)
		throw new OptimizeError("cache.miss", `${directory}: the model is no library of its own`, { directory });
	const { inputs, outputs } = standalone;
	return new StandaloneSession({
		library: pathOf(standalone.library),
		weights: pathOf(weights),
		inputs,
		outputs,
		...own,
	});
}

function tensorFor({ name, dataType, shape }: Port, given: Readonly<Record<string, ModelInput>>): TensorData {
	const input = Object.hasOwn(given, name) ? given[name] : undefined;
	if (input === undefined) throw new RangeError(`input '${name}' is missing`);
	const isView = ArrayBuffer.isView(input);
	const found = isView ? shape.map((extent) => extent ?? -1) : input.shape;
	if (found.includes(-1))
		throw new RangeError(`input '${name}' has open extents: give a tensor with its shape`);
	const fits =
		found.length === shape.length && found.every((extent, axis) => extent === (shape[axis] ?? extent));
	if (!fits || (!isView && input.dataType !== dataType))
		throw new RangeError(
			`input '${name}' is not ${dataType} [${shape.map((extent) => extent ?? "?").join(", ")}]`,
		);
	const bytes = isView ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : input.bytes;
	const expected = elementCount(found) * elementBytes(dataType);
	if (bytes.byteLength !== expected)
		throw new RangeError(
			`input '${name}' has ${bytes.byteLength} bytes, ${dataType}[${found}] needs ${expected}`,
		);
	return { dataType, shape: found, bytes };
}
