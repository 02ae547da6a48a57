// What `kiln bench` says on standard output: a head, a row as soon as its island is measured, and a sum. Columns have fixed
// widths, because rows that are still to come are not known.

import type { BenchCase } from "../bench-island.ts";
import { formatNanoseconds } from "../optimization-view.ts";
import type { SummedCases } from "./sum-cases.ts";

/** Head and width; a wider cell moves those after it. Verdicts stand to the left, everything else to the right. */
const columns = [
	["island", 7],
	["verdict", 12],
	["speed-up", 21],
	["ONNX Runtime wall", 17],
	["in engine", 9],
	["kernel", 9],
	["of the roofline", 15],
] as const;
const verdictColumn = 1;

export const benchHead: string = line(columns.map(([head]) => head));

export function benchRow(each: BenchCase): string {
	return line([
		each.occurrences === 1 ? `${each.island}` : `${each.island} ×${each.occurrences}`,
		each.verdict,
		speedup(each.ratio),
		formatNanoseconds(each.baselineNs),
		each.engine === null ? "–" : formatNanoseconds(each.engine.nodesNs),
		formatNanoseconds(each.kernelNs),
		`${Math.round(each.rooflineShare * 100)} %`,
	]);
}

export function benchSum({ ratio, baselineNs, kernelNs }: SummedCases): string {
	return line([
		...["all", "", speedup(ratio), formatNanoseconds(baselineNs)],
		...["", formatNanoseconds(kernelNs), ""],
	]);
}

const speedup = ({ median, low, high }: SummedCases["ratio"]): string =>
	`${median.toFixed(2)}x [${low.toFixed(2)}, ${high.toFixed(2)}]`;

function line(cells: readonly string[]): string {
	return cells
		.map((cell, at) => {
			const width = columns[at]?.[1] ?? 0;
			return at === verdictColumn ? cell.padEnd(width) : cell.padStart(width);
		})
		.join("  ")
		.trimEnd();
}
