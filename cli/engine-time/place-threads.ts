// Where threads may run, as the measuring process has it (gpu-runner/harness/processors.c): the caller on the first
// processor, the runtime's workers on the others. A scheduler may leave a worker on its caller's processor for whole bursts.

import koffi from "koffi";
import { addressOf, whileHeld } from "../native-memory.ts";

/** Linux: of `cpu_set_t`, one bit a processor. */
const maskBytes = 128;
const bits = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/**
 * What `make` gives, whose threads keep to the processors that the caller then does not use. Nobody is placed for one
 * thread, or where the system grants fewer processors than threads or does not tell.
 */
export function placeThreads<T>(threads: number, make: () => T): T {
	const granted = threads < 2 || process.platform !== "linux" ? [] : affinity();
	const [first, ...others] = granted;
	if (first === undefined || granted.length < threads) return make();
	setAffinity(others);
	try {
		return make();
	} finally {
		setAffinity([first]);
	}
}

const emptyMask = (): Uint8Array => new Uint8Array(new ArrayBuffer(maskBytes));

/** Processors of the calling thread; none where the system does not tell. */
function affinity(): number[] {
	const mask = emptyMask();
	const get = koffi.load(null).func("int sched_getaffinity(int thread, size_t bytes, uintptr_t mask)");
	if (whileHeld(mask, () => get(0, maskBytes, addressOf(mask))) !== 0) return [];
	return [...mask].flatMap((byte, at) =>
		bits.filter((bit) => ((byte >> bit) & 1) === 1).map((bit) => 8 * at + bit),
	);
}

/** Of the calling thread, and of threads that it makes from now on. Where it cannot be, threads stay where they were. */
function setAffinity(processors: readonly number[]): void {
	const mask = emptyMask();
	for (const processor of processors)
		mask[processor >> 3] = (mask[processor >> 3] ?? 0) | (1 << (processor & 7));
	const set = koffi.load(null).func("int sched_setaffinity(int thread, size_t bytes, uintptr_t mask)");
	whileHeld(mask, () => set(0, maskBytes, addressOf(mask)));
}
