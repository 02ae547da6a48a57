// However a search is divided, by shards at once or by calls one after the other, it finds the same µGraphs.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import {
	mergeParts,
	type SearchPart,
	type SearchPartRequest,
	searchPart,
} from "#shared/pipeline/search-part.ts";
import type { Program } from "#shared/program/program.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import {
	crossEntropy,
	gatedMlpDownResidual,
	layerNorm,
	loraLinear,
	maskedAttention,
	rootMeanSquareNormLinear,
} from "#test/support/programs.ts";

const programs: Readonly<Record<string, Program>> = {
	rootMeanSquareNormLinear: rootMeanSquareNormLinear(8, 1024, 1024),
	gatedMlpDownResidual: gatedMlpDownResidual(8, 1024, 4096),
	loraLinear: loraLinear(16, 256, 1024, 16),
	maskedAttention: maskedAttention(8, 64, 128, 64),
	layerNorm: layerNorm(64, 768),
	crossEntropy: crossEntropy(32, 1000),
};

const shardsOf = (request: SearchPartRequest, count: number): SearchPart[] =>
	Array.from({ length: count }, (_, index) => searchPart({ ...request, shard: { index, count } }));

/** What must not depend on how the search was divided, the wording of each µGraph included. */
const outcomeOf = ({ found, statesVisited, statesPruned, stop, cursor }: SearchPart): string =>
	JSON.stringify({
		found: found.map(({ muGraph, position }) => [muGraphDigest(muGraph), position, muGraph]),
		statesVisited,
		statesPruned: Object.entries(statesPruned).sort(),
		stop,
		cursor,
	});

describe.each(Object.entries(programs))("%s", (_, program) => {
	const request = { program, cursor: null, statesMax: 2_000, muGraphsMax: 16 } as const;
	const whole = outcomeOf(searchPart(request));

	test.each([1, 2, 8, 64])("%i shards find what one search finds", (count) => {
		expect(outcomeOf(mergeParts(shardsOf(request, count), request.muGraphsMax))).toBe(whole);
	});

	test("with any budget, any number of shards, and parts in any order", () => {
		const property = fc.property(
			fc.integer({ min: 0, max: 120 }),
			fc.integer({ min: 1, max: 20 }),
			fc.integer({ min: 1, max: 16 }),
			fc.infiniteStream(fc.nat()),
			(statesMax, muGraphsMax, count, order) => {
				const limited = { ...request, statesMax, muGraphsMax };
				const parts = shardsOf(limited, count)
					.map((part) => ({ part, key: order.next().value ?? 0 }))
					.sort((a, b) => a.key - b.key)
					.map(({ part }) => part);
				expect(outcomeOf(mergeParts(parts, muGraphsMax))).toBe(outcomeOf(searchPart(limited)));
			},
		);
		fc.assert(property, { seed: testSeed, numRuns: 4 });
	});

	test("a shard that is killed after any number of states and resumed loses nothing", () => {
		const property = fc.property(
			fc.integer({ min: 1, max: 8 }),
			fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 3 }),
			(count, stretches) => {
				let merged: SearchPart | null = null;
				let cursor: string | null = null;
				// The last stretch has no limit that matters.
				for (const statesMax of [...stretches, request.statesMax]) {
					const parts = shardsOf({ ...request, cursor, statesMax }, count);
					const stretch = mergeParts(parts, request.muGraphsMax);
					merged =
						merged === null
							? stretch
							: {
									...mergeParts([merged, stretch], request.muGraphsMax),
									stop: stretch.stop,
									cursor: stretch.cursor,
								};
					cursor = stretch.cursor;
					if (cursor === null) break;
				}
				expect(merged === null ? null : outcomeOf(merged)).toBe(whole);
			},
		);
		fc.assert(property, { seed: testSeed, numRuns: 4 });
	});
});

test("all shards of a search stop at the same place", () => {
	const request = { program: maskedAttention(2, 5, 17, 3), cursor: null, statesMax: 10, muGraphsMax: 4 };
	const cursors = new Set(shardsOf(request, 5).map(({ cursor }) => cursor));
	expect([...cursors]).toEqual([searchPart(request).cursor]);
	expect(cursors.has(null)).toBe(false);
});
