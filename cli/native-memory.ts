// Memory that native code is given: tables of addresses, and blocks at large pages' boundaries.

import koffi from "koffi";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** Memory with which kernels are measured: large pages, because packed weights are read end to end. */
const largePageBytes = 2 ** 21;
const adviseHugePages = 14;

/** C's array of pointers. Asking a short typed array for its buffer moves it out of V8's heap, where it would not stay put. */
export function addressTable(views: readonly ArrayBufferView[]): BigUint64Array {
	const table = new BigUint64Array(new ArrayBuffer(Math.max(1, views.length) * 8));
	for (const [index, view] of views.entries()) table[index] = addressOf(view);
	return table;
}

/** Where a view's first byte lies; it stays there while the view is (`whileHeld`). */
export function addressOf(view: ArrayBufferView): bigint {
	return BigInt(koffi.address(view.buffer)) + BigInt(view.byteOffset);
}

const held = new Set<unknown>();

/**
 * Keeps values from being collected while native code uses addresses of theirs: to the engine an array whose address was
 * taken is an array that nobody needs. Addresses are to be taken within `run`.
 */
export function whileHeld<T>(values: object, run: () => T): T {
	held.add(values);
	try {
		return run();
	} finally {
		held.delete(values);
	}
}

interface CLibrary {
	readonly alignedAllocate: (alignment: number, bytes: number) => bigint;
	readonly advise: (address: bigint, bytes: number, advice: number) => number;
	readonly free: (address: bigint) => void;
}

let loadedLibc: CLibrary | null = null;

function libc(): CLibrary {
	if (loadedLibc === null) {
		const library = koffi.load(null);
		loadedLibc = {
			alignedAllocate: library.func("uintptr_t aligned_alloc(size_t alignment, size_t bytes)"),
			advise: library.func("int madvise(uintptr_t address, size_t bytes, int advice)"),
			free: library.func("void free(uintptr_t address)"),
		};
	}
	return loadedLibc;
}

/** Memory as in measuring: at a large page's boundary, on large pages where the system gives them. */
export function allocate(bytes: number): bigint {
	const rounded = Math.ceil(Math.max(1, bytes) / largePageBytes) * largePageBytes;
	const address = BigInt(libc().alignedAllocate(largePageBytes, rounded));
	if (address === 0n) throw new OptimizeError("infra.capacity", `no memory for ${bytes} bytes of a kernel`);
	if (bytes >= largePageBytes) libc().advise(address, rounded, adviseHugePages);
	return address;
}

/** Gives a block of `allocate` back. */
export function release(address: bigint): void {
	libc().free(address);
}
