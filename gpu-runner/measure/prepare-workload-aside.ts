import { Worker } from "node:worker_threads";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Workload, WorkloadRequest } from "./workload.ts";

/** `prepareWorkload` without blocking this thread. Throws limit.deadline when cancelled. */
export function prepareWorkloadAside(request: WorkloadRequest, signal?: AbortSignal): Promise<Workload> {
	return new Promise((resolve, reject) => {
		const cancelled = (): OptimizeError => new OptimizeError("limit.deadline", "measuring was cancelled");
		if (signal?.aborted) return reject(cancelled());
		const worker = new Worker(new URL("./workload-worker.ts", import.meta.url), { workerData: request });
		const abort = (): void => {
			reject(cancelled());
			void worker.terminate();
		};
		signal?.addEventListener("abort", abort);
		worker.on("message", (workload: Workload) => resolve(workload));
		worker.on("error", reject);
		worker.on("exit", () => {
			signal?.removeEventListener("abort", abort);
			reject(new OptimizeError("internal.bug", "the thread that prepares inputs ended without a word"));
		});
	});
}
