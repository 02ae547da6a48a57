// Bounds of one measuring process, from what it is going to hold and how long it may take.

import type { HarnessRequest } from "./harness-request.ts";
import type { Workload } from "./workload.ts";

/** ONNX Runtime, the C library's arenas and the reference read: address space, most of it never touched. */
const baseBytes = 3 * 2 ** 30;
/** A candidate's packed weights may be padded; its workspace is bounded by its tensors. */
const weightCopiesEach = 1.5;
/** What a candidate computes from weights once is kept, packed, and computed in scratch of a part of its size. */
const hoistedCopiesEach = 2.5;
const slackEachBytes = 64 * 2 ** 20;
const largePageBytes = 4 * 2 ** 20;

/** Bytes a millisecond at which a busy machine still loads, packs and runs through weights. */
const passBytesPerMillisecond = 50_000;

/** What every step over all tensors may take longer than a small one would, in milliseconds. */
export function passMilliseconds(workload: Workload): number {
	return Math.floor(workload.tensorBytes / passBytesPerMillisecond);
}

export function measuringLimits(
	workload: Workload,
	participants: number,
	threads: number,
	limitMilliseconds: number,
): HarnessRequest["limits"] {
	const each =
		workload.weightBytes * weightCopiesEach +
		workload.hoistedBytes * hoistedCopiesEach +
		workload.tensorBytes +
		slackEachBytes;
	const tensors = workload.inputs.length + workload.outputs.length;
	return {
		cpuSeconds: Math.ceil((limitMilliseconds / 1000) * (threads + 1)) + 5,
		addressSpaceBytes: Math.ceil(
			baseBytes +
				2 * (1 + workload.datasets.length) * workload.tensorBytes +
				tensors * (1 + workload.datasets.length) * largePageBytes +
				participants * each,
		),
		fileBytes: workload.tensorBytes + slackEachBytes,
	};
}
