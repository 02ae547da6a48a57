// What `kiln optimize` says at the end: one entry an island, from the job's result.

import type { SpeedVerdict } from "#shared/artefact/manifest.ts";
import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import type { ModelRecord } from "#shared/protocol/model.ts";
import type { OptimizationResult } from "#shared/protocol/optimization.ts";
import type { ModelView } from "./whole-model/model-view.ts";

type ResultKernel = OptimizationResult["kernels"][number];
type Manifest = NonNullable<ResultKernel["manifest"]>["manifest"];

export interface IslandView {
	readonly index: number;
	/** ONNX operators in it, in the file's order. Untrusted text. */
	readonly operators: readonly string[];
	readonly program: string;
	/** Cache key. */
	readonly kernel: string;
	readonly disposition: string;
	/** `failed`: see `error`. */
	readonly verdict: SpeedVerdict | "failed";
	/** baseline / kernel, 95 % interval. */
	readonly speedup: Manifest["speedup"] | null;
	readonly latencyNs: Manifest["latencyNanoseconds"] | null;
	readonly errorMax: number | null;
	readonly certificate: Manifest["certificate"];
	/** Where the files are; null when there is no kernel. */
	readonly folder: string | null;
	readonly error: ResultKernel["error"];
}

/** What the job's result does not say. */
export interface OptimizationFacts extends Pick<OptimizationView, "tolerance" | "elapsedMs" | "wholeModel"> {
	/** Of the kernels' files, by kernel key. */
	readonly folders: ReadonlyMap<string, string>;
}

export interface OptimizationView {
	readonly job: string;
	readonly model: string;
	readonly state: string;
	readonly outcome: string | null;
	/** What the kernels may be off by. */
	readonly tolerance: ToleranceId;
	readonly disposition: string;
	readonly islands: readonly IslandView[];
	readonly refusals: OptimizationResult["refusals"];
	readonly coverage: OptimizationResult["coverage"];
	/** From the first request to the checked result. */
	readonly elapsedMs: number;
	/** The model that uses the kernels; null when none was wanted. */
	readonly wholeModel: ModelView | null;
}

export function viewOptimization(
	record: ModelRecord,
	result: OptimizationResult,
	{ folders, ...rest }: OptimizationFacts,
): OptimizationView {
	const islands = result.kernels.flatMap((kernel) =>
		kernel.islands.map((index) => viewIsland(record, kernel, index, folders.get(kernel.key) ?? null)),
	);
	const { job, model, state, outcome, disposition, refusals, coverage } = result;
	islands.sort((a, b) => a.index - b.index);
	return { job, model, state, outcome, disposition, islands, refusals, coverage, ...rest };
}

function viewIsland(
	record: ModelRecord,
	kernel: ResultKernel,
	index: number,
	folder: string | null,
): IslandView {
	const manifest = kernel.manifest?.manifest ?? null;
	return {
		index,
		operators:
			record.islands.find((island) => island.index === index)?.nodes.map(({ operator }) => operator) ?? [],
		program: kernel.program,
		kernel: kernel.key,
		disposition: kernel.disposition,
		verdict: manifest?.verdict ?? "failed",
		speedup: manifest?.speedup ?? null,
		latencyNs: manifest?.latencyNanoseconds ?? null,
		errorMax: manifest?.errorMax ?? null,
		certificate: manifest?.certificate ?? null,
		folder,
		error: kernel.error,
	};
}

/** Geometric mean of baseline / kernel over all islands; 1 for those whose answer is the baseline. */
export function meanSpeedup(islands: readonly IslandView[]): number {
	const logarithms = islands.map(({ verdict, speedup }) =>
		speedup !== null && (verdict === "faster" || verdict === "tie") ? Math.log(speedup.median) : 0,
	);
	return Math.exp(logarithms.reduce((sum, logarithm) => sum + logarithm, 0) / Math.max(logarithms.length, 1));
}

/** Lines for people. */
export function describeIsland(island: IslandView): readonly string[] {
	const name = `island ${String(island.index).padStart(2)}  ${island.operators.join(" ")}`;
	const { speedup, latencyNs, errorMax, certificate } = island;
	if (speedup === null || latencyNs === null) {
		return [name, `           failed: ${island.error?.code ?? ""} ${island.error?.message ?? ""}`];
	}
	const proof = certificate === null ? "" : `, proven to 2^${Math.round(certificate.errorProbabilityLog2)}`;
	const interval = `${speedup.median.toFixed(2)}x [${speedup.low.toFixed(2)}, ${speedup.high.toFixed(2)}]`;
	const times = `${formatNanoseconds(latencyNs.baseline)} -> ${formatNanoseconds(latencyNs.kernel)}`;
	return [
		name,
		`           ${island.verdict}  ${interval}  ${times}, error ${errorMax?.toExponential(1)}${proof}`,
	];
}

export function formatNanoseconds(nanoseconds: number): string {
	if (nanoseconds < 1e3) return `${nanoseconds.toFixed(0)} ns`;
	if (nanoseconds < 1e6) return `${(nanoseconds / 1e3).toFixed(1)} µs`;
	return `${(nanoseconds / 1e6).toFixed(2)} ms`;
}
