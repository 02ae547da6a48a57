// The verifier on µGraphs that were found elsewhere, and on mutants of them and of searched ones. Every published µGraph
// is imported and accepted; no mutant is accepted that computes something else.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { present } from "#shared/fault/assert.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { createRandom } from "#shared/numeric/random.ts";
import type { Program } from "#shared/program/program.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { type ImportedMuGraph, importMirage } from "#test/support/mirage/import-mirage.ts";
import { readMirageFile } from "#test/support/mirage/mirage-json.ts";
import type { MirageCase } from "#test/support/mirage/reference-programs.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { mutateMuGraph } from "#test/support/mutate-mugraph.ts";
import { FloatOracle } from "#test/support/mutation/float-oracle.ts";
import { createJudgement, formatCounts, judgeMutants } from "#test/support/mutation/judge-mutants.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";
import { samplePrograms } from "#test/support/programs.ts";

const suite = outsideSuite("mirage-mugraphs");

interface MirageFile {
	readonly file: string;
	readonly kind: MirageCase;
	/** µGraphs in the file; different by axes, splits and operators; and by tile sizes besides. */
	readonly published: number;
	readonly distinct: number;
	readonly distinctWithTiles: number;
}

const files: readonly MirageFile[] = [
	// Half are the other half with the operands of a product exchanged.
	{ file: "gated_mlp", kind: "gatedMlp", published: 32, distinct: 2, distinctWithTiles: 16 },
	{ file: "gqa_bs1", kind: "attention", published: 28, distinct: 10, distinctWithTiles: 28 },
	{ file: "lora", kind: "lora", published: 4, distinct: 1, distinctWithTiles: 4 },
	{ file: "mha_bs1", kind: "attention", published: 21, distinct: 10, distinctWithTiles: 21 },
	{ file: "mqa_bs1", kind: "attention", published: 12, distinct: 6, distinctWithTiles: 12 },
	// One has an accumulator more, over a loop of one step.
	{ file: "rmsnorm_bs1", kind: "rmsnorm", published: 18, distinct: 2, distinctWithTiles: 17 },
	{ file: "single_gated_mlp", kind: "gatedMlp", published: 1, distinct: 1, distinctWithTiles: 1 },
	{ file: "single_lora", kind: "lora", published: 1, distinct: 1, distinctWithTiles: 1 },
	{ file: "single_mqa_bs1", kind: "attention", published: 1, distinct: 1, distinctWithTiles: 1 },
];

function importFile({ file, kind }: MirageFile): ImportedMuGraph[] {
	const path = join(present(suite, "the suite"), `${file}.json`);
	return readMirageFile(path).map((source) => importMirage(source, kind));
}

describe.skipIf(suite === null)("published µGraphs", () => {
	test.each(files)("all of $file are imported and accepted", (file) => {
		const imported = importFile(file);
		expect(imported.length).toBe(file.published);
		for (const { muGraph, program } of imported) {
			const verdict = verifyMuGraph(muGraph, program, { seed: testSeed });
			expect(verdict.kind, `${JSON.stringify(verdict)}\n${printMuGraph(muGraph)}`).toBe("equal");
		}
		const digests = imported.map(({ muGraph }) => muGraphDigest(muGraph));
		expect(new Set(digests).size).toBe(file.distinct);
		const withTiles = imported.map(({ tiles }, at) => `${digests[at]} ${JSON.stringify(tiles)}`);
		expect(new Set(withTiles).size).toBe(file.distinctWithTiles);
	});

	test("no mutant is accepted that computes something else", () => {
		const distinct = new Map<string, Original>();
		for (const file of files)
			for (const { muGraph, program } of importFile(file))
				distinct.set(muGraphDigest(muGraph), { name: file.file, muGraph, program });
		judgeAll([...distinct.values()]);
	});
});

describe("searched µGraphs", () => {
	test("no mutant is accepted that computes something else", () => {
		const limits = { statesMax: 3000, foundMax: 24 };
		judgeAll(
			Object.entries(samplePrograms).flatMap(([name, program]) => {
				const { found } = searchMuGraphs(program, limits);
				// Of the cheapest to the last: one kernel and several, with and without loops.
				return found.filter((_, at) => at % 8 === 0).map((muGraph) => ({ name, program, muGraph }));
			}),
		);
	});
});

interface Original {
	readonly name: string;
	readonly program: Program;
	readonly muGraph: MuGraph;
}

/** Mutants of each original that are judged, drawn at random. */
const mutantsOfEach = 100;
/** One that always runs, and the run's own. */
const seeds = [1, testSeed];

function judgeAll(originals: readonly Original[]): void {
	const judgement = createJudgement();
	for (const seed of new Set(seeds)) {
		for (const [at, { name, program, muGraph }] of originals.entries()) {
			expect(new FloatOracle(program, muGraph.splits, seed).judge(muGraph), name).toBe("equal");
			const random = createRandom(seed, at);
			const all = mutateMuGraph(muGraph);
			const mutants = all.filter(() => random.nextBelow(all.length) < mutantsOfEach / seeds.length);
			judgeMutants({ name, program, muGraph, seed }, mutants, judgement);
		}
	}
	console.log(`seeds ${seeds.join(", ")}\n${formatCounts(judgement)}`);
	expect(judgement.counts.size).toBeGreaterThan(20);
	expect(judgement.wronglyAccepted.join("\n")).toBe("");
}
