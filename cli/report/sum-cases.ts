// All islands of a model together: each counted as often as it occurs, what lies outside islands left out.

import type { Interval } from "#shared/artefact/manifest.ts";
import type { BenchCase } from "../bench-island.ts";

export interface SummedCases {
	readonly baselineNs: number;
	/** With a kernel where it is certainly not slower, and the baseline elsewhere. */
	readonly kernelNs: number;
	/** `low` and `high`: when every island is at that end of its own interval at once, so that 95 % is a lower bound. */
	readonly ratio: Interval;
}

export function sumCases(cases: readonly BenchCase[]): SummedCases {
	const sum = (of: (each: BenchCase) => number): number =>
		cases.reduce((total, each) => total + each.occurrences * of(each), 0);
	const baselineNs = sum((each) => each.baselineNs);
	const kernelNs = (end: keyof Interval): number =>
		sum(({ verdict, baselineNs: before, ratio }) =>
			verdict === "faster" || verdict === "tie" ? before / ratio[end] : before,
		);
	const ratio = {
		median: baselineNs / kernelNs("median"),
		low: baselineNs / kernelNs("low"),
		high: baselineNs / kernelNs("high"),
	};
	return { baselineNs, kernelNs: kernelNs("median"), ratio };
}
