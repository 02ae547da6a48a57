// The parts of a kernel library that packing weights ahead of time needs. The library is the one its manifest names.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import koffi from "koffi";
import type { KernelManifest } from "#shared/artefact/manifest.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { checkKernelFolder } from "../check-kernel-folder.ts";
import type { TrustedKeys } from "../check-manifest.ts";
import { addressOf, addressTable, whileHeld } from "../native-memory.ts";

export interface PackedKernel {
	readonly manifest: KernelManifest;
	/** Text of `kernel.c`. */
	readonly source: string;
	readonly preparedBytes: number;
	/** Whether a run reads the input; what only packing reads need not be there. */
	reads(input: number): boolean;
	/** Null stands for an input that is no weight. Returns `preparedBytes` bytes, unused ones zero. */
	pack(inputs: readonly (Uint8Array | null)[]): Uint8Array;
}

/** The first version of the functions that runs on its host's threads and says what a run reads. */
const abiVersionMin = 2;
const alignmentBytes = 64;

/** Checks the folder as `checkKernelFolder` does; null for a kernel that cannot run on its host's threads. */
export async function openPackedKernel(
	folder: string,
	trustedKeys: TrustedKeys | undefined,
): Promise<PackedKernel | null> {
	const manifest = await checkKernelFolder(folder, trustedKeys);
	const source = await readFile(join(folder, "kernel.c"), "utf8");
	const library = koffi.load(join(folder, "kernel.so"));
	const number = (declaration: string, ...given: number[]): number =>
		Number(library.func(declaration)(...given));
	if (number("int kiln_kernel_abi_version()") < abiVersionMin) return null;
	const preparedBytes = number("size_t kiln_kernel_prepared_bytes()");
	const prepare = library.func("int kiln_kernel_prepare(uintptr_t inputs, uintptr_t prepared)");
	const reads = library.func("int kiln_kernel_reads(int input)");
	return {
		manifest,
		source,
		preparedBytes,
		reads: (input) => reads(input) !== 0,
		pack: (inputs) => {
			const prepared = alignedBytes(preparedBytes);
			const given = inputs.map((input) => input ?? new Uint8Array(0));
			const table = addressTable(given);
			for (const [at, input] of inputs.entries()) if (input === null) table[at] = 0n;
			const result: number = whileHeld([given, table, prepared], () =>
				prepare(addressOf(table), addressOf(prepared)),
			);
			if (result !== 0) throw new OptimizeError("internal.bug", `the kernel's prepare returned ${result}`);
			return prepared;
		},
	};
}

/** Zeros at an address that is a multiple of 64. */
function alignedBytes(count: number): Uint8Array {
	const block = new Uint8Array(count + alignmentBytes);
	const skip = Number(-addressOf(block) & BigInt(alignmentBytes - 1));
	return block.subarray(skip, skip + count);
}
