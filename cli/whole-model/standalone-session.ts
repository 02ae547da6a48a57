// A model that is a library of its own, in Node: no runtime, tensors where they lie.

import koffi from "koffi";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { addressOf, addressTable, allocate, release, whileHeld } from "../native-memory.ts";
import type { Port } from "./bound-run.ts";

export interface StandalonePorts {
	readonly inputs: readonly (Port & { readonly shape: readonly number[] })[];
	readonly outputs: readonly (Port & { readonly shape: readonly number[] })[];
}

export interface StandaloneOptions extends StandalonePorts {
	/** Absolute, as is `weights`. */
	readonly library: string;
	readonly weights: string;
	readonly threads: number;
}

interface Functions {
	readonly run: (
		model: bigint,
		inputs: bigint,
		outputs: bigint,
		workspace: bigint,
		threads: number,
	) => number;
	readonly close: (model: bigint) => void;
}

export class StandaloneSession {
	readonly inputs: StandalonePorts["inputs"];
	readonly outputs: StandalonePorts["outputs"];
	readonly #functions: Functions;
	readonly #threads: number;
	readonly #model: bigint;
	readonly #workspace: bigint;
	#isClosed = false;

	/** Throws `cache.signature_invalid` when the weights are not the library's, or the processor will not do. */
	constructor({ library: path, weights, threads, inputs, outputs }: StandaloneOptions) {
		const library = koffi.load(path);
		const model = new BigUint64Array(new ArrayBuffer(8));
		const open = library.func("int kiln_model_open(const char *path, uintptr_t model)");
		const fault: number = whileHeld(model, () => open(weights, addressOf(model)));
		if (fault !== 0)
			throw new OptimizeError("cache.signature_invalid", `${path} does not open ${weights}: errno ${fault}`);
		this.inputs = inputs;
		this.outputs = outputs;
		this.#threads = threads;
		this.#model = model[0] ?? 0n;
		this.#functions = {
			run: library.func(
				"int kiln_model_run(uintptr_t model, uintptr_t inputs, uintptr_t outputs, uintptr_t workspace, int threads)",
			),
			close: library.func("void kiln_model_close(uintptr_t model)"),
		};
		const bytes = library.func("size_t kiln_model_workspace_bytes(int threads)")(threads);
		this.#workspace = allocate(Number(bytes));
	}

	/** One tensor for each input, in order, used where it lies; outputs in fresh memory, written directly. */
	run(inputs: readonly TensorData[]): TensorData[] {
		if (this.#isClosed) throw new TypeError("the model is closed");
		const results = this.outputs.map(({ dataType, shape }) => ({
			dataType,
			shape,
			bytes: new Uint8Array(elementCount(shape) * elementBytes(dataType)),
		}));
		const from = addressTable(inputs.map(({ bytes }) => bytes));
		const to = addressTable(results.map(({ bytes }) => bytes));
		const { run } = this.#functions;
		const fault = whileHeld([inputs, results, from, to], () =>
			run(this.#model, addressOf(from), addressOf(to), this.#workspace, this.#threads),
		);
		if (fault !== 0) throw new OptimizeError("internal.bug", `the model's library returned ${fault}`);
		return results;
	}

	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#functions.close(this.#model);
		release(this.#workspace);
	}
}
