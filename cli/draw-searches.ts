// `--draw`: µGraphs as SVG files.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { drawMuGraph } from "#shared/mugraph/draw/draw-mugraph.ts";
import { describePrediction } from "./describe-search.ts";
import type { IslandSearch } from "./search-island.ts";

/**
 * Draws the `nth` µGraph (1: the best) of each island and gives the files' paths. `path`: a file that ends in .svg for one
 * island (with several, each file's name ends with its island), else a folder. Islands with fewer µGraphs have no file;
 * throws `request.invalid` when that is all of them.
 */
export async function drawSearches(
	searches: readonly IslandSearch[],
	path: string,
	nth: number,
): Promise<readonly string[]> {
	const files: string[] = [];
	for (const search of searches) {
		const found = search.muGraphs[nth - 1];
		if (found === undefined) continue;
		const { muGraph, schedule, digest, traits, certificate } = found;
		const proven = `proven to 2^${certificate.errorProbabilityLog2.toFixed(0)}`;
		const svg = drawMuGraph(muGraph, {
			title: `µGraph ${digest.slice(0, 12)} of island ${search.island.index}`,
			notes: [`${describePrediction(found, search)}, ${proven}`, ...traits.map(({ title }) => `· ${title}`)],
			tiles: schedule.kernels,
		});
		const file = fileOf(path, search.island.index, searches.length);
		await mkdir(dirname(file), { recursive: true });
		await writeFile(file, svg);
		files.push(file);
	}
	if (files.length > 0) return files;
	const most = Math.max(0, ...searches.map(({ muGraphs }) => muGraphs.length));
	throw new OptimizeError("request.invalid", `--nth ${nth}: no island has more than ${most} µGraphs`, {
		found: most,
		expected: nth,
	});
}

function fileOf(path: string, island: number, islands: number): string {
	if (!path.endsWith(".svg")) return join(path, `island-${island}.svg`);
	return islands === 1 ? path : `${path.slice(0, -".svg".length)}-island-${island}.svg`;
}
