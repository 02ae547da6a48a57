// What a search found, in a few words.

import { bytesText } from "#shared/mugraph/draw/text-size.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import type { IslandSearch, RankedMuGraph } from "./search-island.ts";

/** `2 kernels, moves 38 kB (4.2x fewer), predicted 1.2 µs` */
export function describePrediction(found: RankedMuGraph, search: IslandSearch): string {
	const kernels = kernelsOfCall(found);
	const count = `${kernels} ${kernels === 1 ? "kernel" : "kernels"}`;
	return `${count}, moves ${describeBytes(found, search)}, predicted ${describeTime(found.predictedNanoseconds)}`;
}

/** Without those of the prepare step. */
function kernelsOfCall({ muGraph }: RankedMuGraph): number {
	return muGraph.kernels.length - findPreparePart(muGraph).kernels.size;
}

/** `38 kB (4.2x fewer)`: than with a kernel for each node of the program. */
function describeBytes({ bytesMoved }: RankedMuGraph, { unfusedBytes }: IslandSearch): string {
	const ratio = unfusedBytes / bytesMoved;
	const compared = ratio >= 1.05 ? ` (${ratio.toFixed(1)}x fewer)` : "";
	return `${bytesText(bytesMoved)}${compared}`;
}

export function describeTime(nanoseconds: number): string {
	if (nanoseconds >= 1e6) return `${(nanoseconds / 1e6).toFixed(1)} ms`;
	return nanoseconds >= 1e3 ? `${(nanoseconds / 1e3).toFixed(1)} µs` : `${nanoseconds.toFixed(0)} ns`;
}

/** Traits of the best µGraph that are named in the table; `--explain` names them all. */
const traitsShownMax = 3;

const columns = ["island", "µGraphs", "states", "ms", "best", "moves", "predicted", "what it does"] as const;

/** One row an island: what was found, and the µGraph that is predicted to be the fastest. */
export function searchTable(searches: readonly IslandSearch[]): readonly string[] {
	return alignColumns([columns, ...searches.map(tableRow)]);
}

function tableRow(search: IslandSearch): readonly string[] {
	const { island, muGraphs, report, elapsedMs } = search;
	const states = `${report.statesVisited}${report.stop === "saturated" ? "" : "+"}`;
	const counts = [`${island.index}`, `${muGraphs.length}`, states, `${Math.round(elapsedMs)}`];
	const [best] = muGraphs;
	if (best === undefined) return [...counts, "–", "–", "–", "nothing proven: the baseline runs"];
	const kernels = kernelsOfCall(best);
	const shown = best.traits.filter(({ id }) => id !== "singleKernel").map(({ id }) => id);
	const more = shown.length > traitsShownMax ? ` +${shown.length - traitsShownMax}` : "";
	return [
		...counts,
		`${kernels} ${kernels === 1 ? "kernel" : "kernels"}`,
		describeBytes(best, search),
		describeTime(best.predictedNanoseconds),
		`${shown.slice(0, traitsShownMax).join(", ")}${more}` || "–",
	];
}

/** Columns of numbers to the right, of words to the left. */
function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
	const [head = []] = rows;
	const widths = head.map((_, at) => Math.max(...rows.map((row) => [...(row[at] ?? "")].length)));
	const isNumeric = (at: number): boolean => rows.slice(1).every((row) => /^[\d+]+$/.test(row[at] ?? ""));
	return rows.map((row) =>
		row
			.map((cell, at) => {
				const padding = " ".repeat(Math.max(0, (widths[at] ?? 0) - [...cell].length));
				return isNumeric(at) ? padding + cell : cell + padding;
			})
			.join("  ")
			.trimEnd(),
	);
}
