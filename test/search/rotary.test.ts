// Rotary embeddings and cached keys as they come from a model: one island, one kernel that rotates as it loads.

import { describe, expect, test } from "vitest";
import type { Graph } from "#shared/graph/graph.ts";
import { muGraphTraits } from "#shared/mugraph/traits.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import type { Program } from "#shared/program/program.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { expectSameAsReference } from "#test/support/check-candidates.ts";
import { compilerMissing, hostTarget } from "#test/support/compiled-kernel.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { decodingStep, rotarySelfAttention, rotationStyles } from "#test/support/rotary-graphs.ts";
import { tensorGraph } from "#test/support/tensor-graph.ts";

const missing = compilerMissing();
if (missing !== null) console.warn(`kernels are not compiled: ${missing}`);

function onlyIsland(graph: Graph): Program {
	const { islands, outside } = partitionGraph(graph);
	expect(islands).toHaveLength(1);
	expect(outside).toEqual([]);
	return (islands[0] as (typeof islands)[number]).program;
}

const limits = { statesMax: 300, foundMax: 3 };

const graphs = rotationStyles.flatMap(([style, rotate]) => [
	[`${style}, all tokens to all`, tensorGraph((b) => [rotarySelfAttention(b, rotate, 2, 5, 3)])] as const,
	[
		`${style}, one token to cached ones`,
		tensorGraph((b) => decodingStep(b, rotate, { heads: 2, past: 7, half: 3 })),
	] as const,
]);

describe.each(graphs)("rotary embedding by %s", (_, graph) => {
	const program = onlyIsland(graph);
	const { found } = searchMuGraphs(program, limits);

	test("the best µGraph rotates on the fly, and is proven", () => {
		const best = found[0];
		if (best === undefined) throw new Error("nothing found");
		expect(muGraphTraits(best).map(({ id }) => id)).toContain("rotaryOnTheFly");
		expect(verifyMuGraph(best, program, { seed: testSeed }).kind).toBe("equal");
	});

	test.skipIf(missing !== null)("kernels compute it", () => {
		const candidates = found.flatMap((muGraph) =>
			enumerateSchedules(muGraph, hostTarget, 2, 1).map((schedule) => ({ muGraph, schedule })),
		);
		expectSameAsReference(program, candidates);
	});
});
