// Kernels in Node: a folder that `kiln optimize` wrote, checked and loaded through koffi.

import { join } from "node:path";
import koffi from "koffi";
import type { KernelManifest } from "#shared/artefact/manifest.ts";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { dataTypes, elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { checkKernelFolder } from "./check-kernel-folder.ts";
import { addressOf, addressTable, allocate, release, whileHeld } from "./native-memory.ts";

/** A typed array, or a tensor: dense, row-major, of the type and shape that the manifest says. */
export type KernelInput = ArrayBufferView | Pick<TensorData, "bytes">;

export interface Kernel {
	readonly manifest: KernelManifest;
	/** Packs the weights among the inputs. `run` does it by itself whenever it is given other weight arrays than before. */
	prepare(inputs: readonly KernelInput[]): void;
	/**
	 * Runs once and gives the outputs in fresh memory, `bytes.buffer` wholly theirs. Weights are read when they are packed,
	 * not here: after changing a weight array in place, call `prepare`. Throws RangeError for inputs of a wrong length.
	 */
	run(inputs: readonly KernelInput[]): TensorData[];
	/** Frees the packed weights. The library stays loaded. */
	close(): void;
}

export interface LoadKernelOptions {
	/** Key id to raw Ed25519 public key, base64: the signature must be by one of them. Absent: digests are checked, not who signed. */
	readonly trustedKeys?: Readonly<Record<string, string>>;
	/** Default: the number the kernel was tuned for. */
	readonly threads?: number;
}

/** Versions that have the functions below, as `kiln_kernel_abi_version` gives it. */
const abiVersionsKnown: readonly number[] = [1, 2];

/**
 * Loads a kernel folder. Before anything of it runs, the manifest's form, its signature, the digest of every file and
 * whether this processor can run its target are checked. Throws `OptimizeError` cache.signature_invalid, cache.miss
 * (the folder holds no kernel: the baseline is the answer) or target.unknown.
 */
export async function loadKernel(folder: string, options: LoadKernelOptions = {}): Promise<Kernel> {
	const manifest = await checkKernelFolder(folder, options.trustedKeys);
	return new LoadedKernel(
		join(folder, "kernel.so"),
		manifest,
		options.threads ?? manifest.components.threads,
	);
}

interface Functions {
	readonly prepare: (inputs: bigint, prepared: bigint) => number;
	readonly run: (
		inputs: bigint,
		outputs: bigint,
		prepared: bigint,
		workspace: bigint,
		threads: number,
	) => number;
}

class LoadedKernel implements Kernel {
	readonly manifest: KernelManifest;
	readonly #functions: Functions;
	readonly #threads: number;
	readonly #prepared: bigint;
	readonly #workspace: bigint;
	#weights: readonly ArrayBufferView[] | null = null;
	#isClosed = false;

	constructor(path: string, manifest: KernelManifest, threads: number) {
		const library = koffi.load(path);
		const abiVersion: number = library.func("int kiln_kernel_abi_version()")();
		if (!abiVersionsKnown.includes(abiVersion))
			throw new OptimizeError(
				"cache.miss",
				`${path} has ABI version ${abiVersion}, this loader knows ${abiVersionsKnown.join(" and ")}`,
			);
		this.manifest = manifest;
		this.#threads = threads;
		this.#functions = {
			prepare: library.func("int kiln_kernel_prepare(uintptr_t inputs, uintptr_t prepared)"),
			run: library.func(
				"int kiln_kernel_run(uintptr_t inputs, uintptr_t outputs, uintptr_t prepared, uintptr_t workspace, int threads)",
			),
		};
		const bytesOf = (count: bigint | number): number => Number(count);
		this.#prepared = allocate(bytesOf(library.func("size_t kiln_kernel_prepared_bytes()")()));
		this.#workspace = allocate(
			bytesOf(library.func("size_t kiln_kernel_workspace_bytes(int threads)")(threads)),
		);
	}

	prepare(inputs: readonly KernelInput[]): void {
		const views = this.#views(inputs);
		const table = addressTable(views);
		const result = whileHeld([views, table], () => this.#functions.prepare(addressOf(table), this.#prepared));
		this.#check("prepare", result);
		this.#weights = this.#weightsOf(views);
	}

	run(inputs: readonly KernelInput[]): TensorData[] {
		const views = this.#views(inputs);
		const weights = this.#weightsOf(views);
		if (this.#weights === null || weights.some((view, index) => !isSame(view, this.#weights?.[index])))
			this.prepare(views);
		const outputs = this.manifest.outputs.map(({ shape, dataType }) => {
			const type = dataTypeNamed(dataType);
			return { shape, dataType: type, bytes: new Uint8Array(elementCount(shape) * elementBytes(type)) };
		});
		const from = addressTable(views);
		const to = addressTable(outputs.map(({ bytes }) => bytes));
		const { run } = this.#functions;
		const result = whileHeld([views, outputs, from, to], () =>
			run(addressOf(from), addressOf(to), this.#prepared, this.#workspace, this.#threads),
		);
		this.#check("run", result);
		return outputs;
	}

	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		for (const block of [this.#prepared, this.#workspace]) release(block);
	}

	/** The inputs as views whose lengths are those of the manifest. */
	#views(inputs: readonly KernelInput[]): readonly ArrayBufferView[] {
		if (this.#isClosed) throw new TypeError("the kernel is closed");
		const expected = this.manifest.inputs;
		if (inputs.length !== expected.length)
			throw new RangeError(`${inputs.length} inputs, expected ${expected.length}`);
		return inputs.map((input, index) => {
			const view = ArrayBuffer.isView(input) ? input : input.bytes;
			const { shape, dataType } = present(expected[index], "an input of the manifest");
			const bytes = elementCount(shape) * elementBytes(dataTypeNamed(dataType));
			if (view.byteLength !== bytes)
				throw new RangeError(
					`input ${index} has ${view.byteLength} bytes, ${dataType}[${shape}] needs ${bytes}`,
				);
			return view;
		});
	}

	#weightsOf(views: readonly ArrayBufferView[]): readonly ArrayBufferView[] {
		return views.filter((_, index) => this.manifest.inputs[index]?.role === "weight");
	}

	#check(step: string, result: number): void {
		if (result !== 0)
			throw new OptimizeError("internal.bug", `the kernel's ${step} returned ${result}`, { result });
	}
}

const isSame = (a: ArrayBufferView, b: ArrayBufferView | undefined): boolean =>
	b !== undefined && a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;

function dataTypeNamed(name: string): DataType {
	return present(
		dataTypes.find((type) => type === name),
		`a data type named ${name}`,
	);
}
