// A model loaded in ONNX Runtime: what it takes and gives, and runs on tensors where they lie.

import koffi from "koffi";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { addressOf } from "../native-memory.ts";
import { BoundRun, describeTensor, type Port } from "./bound-run.ts";
import { createSession, nameTable, type Pointer, type Runtime, type SessionOptions } from "./onnx-runtime.ts";

export class RuntimeSession {
	readonly inputs: readonly Port[];
	readonly outputs: readonly Port[];
	readonly #runtime: Runtime;
	readonly #session: Pointer;
	readonly #inputNames: ReturnType<typeof nameTable>;
	readonly #outputNames: ReturnType<typeof nameTable>;
	#isClosed = false;

	/** Throws `measure.baseline_failed` with the runtime's words when it cannot load the model or the library. */
	constructor(runtime: Runtime, options: SessionOptions) {
		this.#runtime = runtime;
		this.#session = createSession(runtime, options);
		this.inputs = this.#ports("inputCount", "inputName", "inputType");
		this.outputs = this.#ports("outputCount", "outputName", "outputType");
		this.#inputNames = nameTable(this.inputs.map(({ name }) => name));
		this.#outputNames = nameTable(this.outputs.map(({ name }) => name));
	}

	/** Tensors to run on, one for each input, in order; they are used where they lie. The caller releases it. */
	bind(inputs: readonly TensorData[]): BoundRun {
		if (this.#isClosed) throw new TypeError("the model is closed");
		return new BoundRun(this.#runtime, this.outputs, inputs, (from, to) => this.#run(from, to));
	}

	/** The same once. */
	run(inputs: readonly TensorData[]): TensorData[] {
		const bound = this.bind(inputs);
		try {
			bound.execute();
			return bound.outputs();
		} finally {
			bound.release();
		}
	}

	/** Ends the runtime's trace of a session that was made with `tracePrefix`; its file, complete. */
	endTrace(): string {
		return this.#takeText(this.#runtime.get("endProfiling", this.#session, this.#runtime.allocator));
	}

	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#runtime.call("releaseSession", this.#session);
	}

	#run(from: BigUint64Array, to: BigUint64Array): void {
		this.#runtime.call(
			"run",
			this.#session,
			null,
			addressOf(this.#inputNames.table),
			addressOf(from),
			this.inputs.length,
			addressOf(this.#outputNames.table),
			this.outputs.length,
			addressOf(to),
		);
	}

	#ports(
		count: "inputCount" | "outputCount",
		name: "inputName" | "outputName",
		type: "inputType" | "outputType",
	): readonly Port[] {
		const { allocator } = this.#runtime;
		return Array.from({ length: Number(this.#runtime.get(count, this.#session)) }, (_, index) => {
			const named = this.#takeText(this.#runtime.get(name, this.#session, index, allocator));
			const described = this.#runtime.get(type, this.#session, index);
			try {
				const tensor = this.#runtime.get("typeAsTensor", described);
				if (tensor === null)
					throw new OptimizeError("model.type_unsupported", `'${named}' is no tensor`, { name: named });
				return { name: named, ...describeTensor(this.#runtime, tensor) };
			} finally {
				this.#runtime.call("releaseType", described);
			}
		});
	}

	/** Of a text that the runtime made for the caller; frees it. */
	#takeText(text: Pointer): string {
		try {
			return String(koffi.decode(text, "char", -1));
		} finally {
			this.#runtime.call("free", this.#runtime.allocator, text);
		}
	}
}
