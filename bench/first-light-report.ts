// The table of a first-light run: one line an island, geometric means over islands and over whole models.

import type { Interval, KernelManifest } from "#shared/artefact/manifest.ts";
import type { Partition } from "#shared/partition/partition.ts";

export interface IslandResult {
	readonly index: number;
	readonly operators: readonly string[];
	readonly program: string;
	readonly kernel: string;
	readonly verdict: string;
	/** baseline / kernel; null when the island failed. */
	readonly speedup: Interval | null;
	readonly latencyNanoseconds: { readonly baseline: number; readonly kernel: number } | null;
	readonly baselineForm: string | null;
	readonly errorMax: number | null;
	/** Of the certificate; null without one (the baseline is the answer). */
	readonly errorProbabilityLog2: number | null;
	readonly candidatesTried: number;
	readonly candidatesRejected: number;
	readonly fault: { readonly code: string; readonly message: string } | null;
}

export interface ModelResult {
	readonly model: string;
	readonly islands: readonly IslandResult[];
	readonly coverage: Partition["coverage"] | null;
	readonly refusals: readonly { readonly node: string; readonly operator: string; readonly reason: string }[];
	/** From the first request to the checked result, cache empty. */
	readonly firstElapsedMilliseconds: number;
	/** The same when the cache has it, ascending. */
	readonly cachedElapsedMilliseconds: readonly number[];
	readonly cachedDispositions: readonly string[];
}

export interface FirstLight {
	readonly command: string;
	readonly createdAt: string;
	readonly effort: string;
	readonly threads: number;
	readonly machine: KernelManifest["machine"] | null;
	/** Expected false: what is cached is answered without a runner. */
	readonly wasRunnerStartedForCached: boolean;
	readonly models: readonly ModelResult[];
}

/** Markdown. */
export function formatFirstLight({ models, machine, effort, threads, ...rest }: FirstLight): string {
	const islands = models.flatMap((model) => model.islands);
	const ratios = islands.flatMap(({ speedup }) => speedup?.median ?? []);
	const modelRatios = models.flatMap((model) => modelSpeedup(model) ?? []);
	const slower = islands.filter(({ speedup }) => speedup !== null && speedup.high < 1).length;
	const failed = islands.filter(({ verdict }) => verdict === "failed").length;
	const unproven = islands.filter(
		({ verdict, errorProbabilityLog2 }) => verdict !== "baseline" && errorProbabilityLog2 === null,
	).length;
	const cached = models.flatMap(({ cachedElapsedMilliseconds }) => cachedElapsedMilliseconds);
	return [
		`${machine?.model ?? "unknown machine"}, ${machine?.target}, ${machine?.compiler}; ${machine?.baseline}; ${threads} thread(s), effort ${effort}`,
		"",
		"| model | island | verdict | baseline / kernel | baseline | kernel | form | error | proven | candidates |",
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
		...models.flatMap((model) => model.islands.map((island) => formatIsland(model, island))),
		"",
		"| model | islands | whole, by summed time | first | from the cache |",
		"| --- | --- | --- | --- | --- |",
		...models.map(formatModel),
		"",
		`geomean over ${ratios.length} islands ${geomean(ratios).toFixed(2)}x, over ${modelRatios.length} models by summed time ${geomean(modelRatios).toFixed(2)}x; ${slower} slower, ${failed} failed, ${unproven} without a proof; slowest cached answer ${Math.max(...cached)} ms; runner started for cached answers: ${rest.wasRunnerStartedForCached ? "yes" : "no"}`,
	].join("\n");
}

function formatIsland({ model }: ModelResult, island: IslandResult): string {
	const { speedup, latencyNanoseconds: latency, errorMax, errorProbabilityLog2: bound, fault } = island;
	const ratio =
		speedup === null
			? (fault?.code ?? "")
			: `${speedup.median.toFixed(2)}x [${speedup.low.toFixed(2)}, ${speedup.high.toFixed(2)}]`;
	const cells = [
		model,
		`${island.index}: ${briefOperators(island.operators)}`,
		island.verdict,
		ratio,
		latency === null ? "" : microseconds(latency.baseline),
		latency === null ? "" : microseconds(latency.kernel),
		island.baselineForm ?? "",
		errorMax?.toExponential(1) ?? "",
		bound === null ? "" : `2^${Math.round(bound)}`,
		`${island.candidatesTried} (${island.candidatesRejected} rejected)`,
	];
	return `| ${cells.join(" | ")} |`;
}

function formatModel(model: ModelResult): string {
	const { cachedElapsedMilliseconds: cached, cachedDispositions } = model;
	const middle = cached[Math.floor(cached.length / 2)] ?? Number.NaN;
	const cells = [
		model.model,
		String(model.islands.length),
		`${modelSpeedup(model)?.toFixed(2) ?? "?"}x`,
		`${(model.firstElapsedMilliseconds / 1000).toFixed(1)} s`,
		`${middle} ms (${cachedDispositions.join(", ")})`,
	];
	return `| ${cells.join(" | ")} |`;
}

/** Time of all islands under the baseline over their time under the kernels; null when an island failed. */
function modelSpeedup({ islands }: ModelResult): number | null {
	const latencies = islands.flatMap(({ latencyNanoseconds }) => latencyNanoseconds ?? []);
	if (latencies.length === 0 || latencies.length < islands.length) return null;
	const sum = (side: "baseline" | "kernel") => latencies.reduce((total, each) => total + each[side], 0);
	return sum("baseline") / sum("kernel");
}

function geomean(ratios: readonly number[]): number {
	return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}

const microseconds = (nanoseconds: number): string => `${(nanoseconds / 1000).toFixed(1)} µs`;

const operatorsShown = 6;

function briefOperators(operators: readonly string[]): string {
	const shown = operators.slice(0, operatorsShown).join(" ");
	const more = operators.length - operatorsShown;
	return more > 0 ? `${shown} +${more}` : shown;
}
