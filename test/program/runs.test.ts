import fc from "fast-check";
import { expect, test } from "vitest";
import {
	commonRun,
	concatenateRuns,
	type Run,
	type Runs,
	refineRuns,
	reshapeRuns,
	sliceRuns,
	wholeRun,
} from "#shared/program/runs.ts";

const seed = Number(process.env.TEST_SEED);

const positions = ({ start, count, step }: Run): number[] =>
	Array.from({ length: count }, (_, i) => start + step * i);

/** Which run each position lies in; fails where none or two do. */
function runOfPosition(runs: Runs, extent: number): number[] {
	const owner: number[] = new Array(extent).fill(-1);
	for (const [id, run] of runs.entries()) {
		for (const position of positions(run)) {
			expect(owner[position], `position ${position} of ${extent}`).toBe(-1);
			owner[position] = id;
		}
	}
	expect(owner).not.toContain(-1);
	return owner;
}

/** The classes of a labelling, whatever they are called. */
const classes = (labels: readonly (number | string)[]): number[] =>
	labels.map((label) => labels.indexOf(label));

const anyRun = fc
	.record({ start: fc.nat(12), count: fc.integer({ min: 1, max: 9 }), step: fc.integer({ min: 1, max: 6 }) })
	.map((run) => ({ ...run, step: run.count === 1 ? 1 : run.step }));

/** A dimension cut at boundaries, interleaved, or both, and its extent. */
const anyRuns = fc
	.array(fc.record({ extent: fc.integer({ min: 1, max: 5 }), ways: fc.integer({ min: 1, max: 3 }) }), {
		minLength: 1,
		maxLength: 3,
	})
	.map((blocks) => {
		const parts = blocks.map(({ extent, ways }) => ({
			extent: extent * ways,
			runs: Array.from({ length: ways }, (_, start) => ({
				start,
				count: extent,
				step: extent === 1 ? 1 : ways,
			})),
		}));
		return { runs: concatenateRuns(parts), extent: parts.reduce((sum, part) => sum + part.extent, 0) };
	});

test("the positions that two runs share are a run", () => {
	fc.assert(
		fc.property(anyRun, anyRun, (a, b) => {
			const shared = positions(a).filter((position) => positions(b).includes(position));
			const found = commonRun(a, b);
			expect(found === null ? [] : positions(found)).toEqual(shared);
		}),
		{ seed, numRuns: 2000 },
	);
});

test("a slice's runs are what its elements' runs were", () => {
	fc.assert(
		fc.property(
			anyRuns,
			fc.nat(),
			fc.nat(),
			fc.integer({ min: 1, max: 3 }),
			fc.boolean(),
			(cut, a, b, step, isReversed) => {
				const start = a % cut.extent;
				const room = isReversed ? start : cut.extent - 1 - start;
				const count = 1 + (b % (Math.floor(room / step) + 1));
				const signed = isReversed ? -step : step;
				const owner = runOfPosition(cut.runs, cut.extent);
				const wanted = Array.from({ length: count }, (_, i) => owner[start + signed * i] ?? -1);
				const found = runOfPosition(sliceRuns(cut.runs, start, signed, count), count);
				expect(classes(found)).toEqual(classes(wanted));
			},
		),
		{ seed, numRuns: 2000 },
	);
});

test("refining separates exactly what either side separates", () => {
	fc.assert(
		fc.property(anyRuns, anyRuns, (left, right) => {
			const extent = Math.min(left.extent, right.extent);
			const [a, b] = [left, right].map((cut) => sliceRuns(cut.runs, 0, 1, extent));
			if (a === undefined || b === undefined) throw new Error("two sides");
			const [ofA, ofB] = [runOfPosition(a, extent), runOfPosition(b, extent)];
			const pairs = ofA.map((id, position) => `${id},${ofB[position]}`);
			expect(classes(runOfPosition(refineRuns(a, b), extent))).toEqual(classes(pairs));
		}),
		{ seed, numRuns: 1000 },
	);
});

const halves = (extent: number): Runs => [
	{ start: 0, count: extent / 2, step: 1 },
	{ start: extent / 2, count: extent / 2, step: 1 },
];
const parities = (extent: number): Runs => [
	{ start: 0, count: extent / 2, step: 2 },
	{ start: 1, count: extent / 2, step: 2 },
];
const ends: Runs = [
	{ start: 0, count: 1, step: 1 },
	{ start: 1, count: 1, step: 1 },
];

test.each([
	[
		"pairs become neighbours",
		[5, 3, 2],
		[wholeRun(5), wholeRun(3), ends],
		[5, 6],
		[wholeRun(5), parities(6)],
	],
	[
		"neighbours become pairs",
		[5, 6],
		[wholeRun(5), parities(6)],
		[5, 3, 2],
		[wholeRun(5), wholeRun(3), ends],
	],
	["halves become rows", [6, 5], [halves(6), wholeRun(5)], [2, 15], [ends, wholeRun(15)]],
	["halves of rows become halves", [4, 5], [halves(4), wholeRun(5)], [20], [halves(20)]],
	[
		"other dimensions stay as they are",
		[2, 3, 4],
		[wholeRun(2), wholeRun(3), halves(4)],
		[6, 1, 4],
		[wholeRun(6), wholeRun(1), halves(4)],
	],
	["halves of columns are no run", [3, 4], [wholeRun(3), halves(4)], [12], null],
	[
		"thirds are no part of halves",
		[6],
		[[...halves(6)].map((run, i) => ({ ...run, start: 4 * i, count: i === 0 ? 4 : 2 }))],
		[2, 3],
		null,
	],
] as const)("runs through a reshape: %s", (_, input, runs, output, expected) => {
	expect(reshapeRuns(input, output, runs)).toEqual(expected);
});
