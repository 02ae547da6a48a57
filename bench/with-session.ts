// What benchmarks of kernels begin and end with: a measuring session on this machine in a scratch folder of its own.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchOptions, type BenchSession, openBench } from "#cli/bench-island.ts";
import { requireTarget } from "#cli/local-target.ts";
import { defaultTolerance } from "#shared/artefact/tolerance.ts";
import { type Effort, efforts } from "#shared/pipeline/plan.ts";

export interface SessionOptions extends Pick<BenchOptions, "effort"> {
	/** Default: 1. */
	readonly threads?: number;
	/** Default: the one that holds where nobody chose. */
	readonly tolerance?: BenchOptions["tolerance"];
}

/** Candidates are found here and now; the folder is gone afterwards. What is missing from a case goes to standard error. */
export async function withSession(
	{ effort, threads = 1, tolerance = defaultTolerance }: SessionOptions,
	work: (session: BenchSession) => Promise<void>,
): Promise<void> {
	const target = await requireTarget(undefined);
	const directory = await mkdtemp(join(tmpdir(), "kiln-bench-"));
	try {
		const { signal } = new AbortController();
		const note = (line: string): void => console.error(line);
		await work(
			await openBench({ target, threads, effort, tolerance, kernels: null, directory, signal, note }),
		);
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}

/** Throws unless there is such an effort. */
export function requireEffort(text: string): Effort {
	const effort = efforts.find((own) => own === text);
	if (effort === undefined) throw new Error(`effort '${text}': expected one of ${efforts.join(", ")}`);
	return effort;
}
