// One case of search.ts in an isolate of its own, with a Worker's memory: choices 1 to 3, then the proofs.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { bytesMoved } from "#shared/mugraph/bytes-moved.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import { muGraphTraits } from "#shared/mugraph/traits.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import type { Program } from "#shared/program/program.ts";
import { type SearchReport, searchMuGraphs } from "#shared/search/search.ts";
import { checkStability } from "#shared/verify/check-stability.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { type SearchCase, searchCases } from "./search-cases.ts";

export interface SearchRow {
	readonly name: string;
	readonly operators: number;
	readonly axes: number;
	readonly report: SearchReport;
	/** Milliseconds of this thread. */
	readonly searchMilliseconds: number;
	readonly verifyMilliseconds: number;
	/** µGraphs that were put to the proof; how many passed, and are as accurate as the program. */
	readonly tested: number;
	readonly verified: number;
	readonly stable: number;
	/** Whether a proven µGraph shows all expected traits. */
	readonly isWinnerFound: boolean;
	/** Of the winner (else of the first), and of the µGraph with most kernels. */
	readonly bytes: number;
	readonly bytesUnfused: number;
	readonly traits: readonly string[];
}

const statesMax = 1_000_000;
const foundMax = 100_000;
/** Of these, the cheapest, and of those that show what is expected, so many are proven. */
const provenMax = 64;
const winnersMax = 4;
const seed = 20_250_701;

const { name, suites }: { readonly name: string; readonly suites: string } = workerData;
const chosen = searchCases.find((own) => own.name === name);
if (chosen === undefined) throw new Error(`no case '${name}'`);
parentPort?.postMessage(measure(chosen, await programOf(chosen, suites)));

/** The largest island of a model is the program: the cases are models of one. */
async function programOf({ source }: SearchCase, folder: string): Promise<Program> {
	if ("build" in source) return source.build();
	const bytes = await readFile(join(folder, source.model, "model.onnx"));
	const { islands } = partitionGraph(importModel(bytes, { shapes: {}, weights: "auto" }).graph);
	const [largest] = [...islands].sort((a, b) => b.program.nodes.length - a.program.nodes.length);
	if (largest === undefined) throw new Error(`${source.model}: no island`);
	return largest.program;
}

function measure({ name, expected }: SearchCase, program: Program): SearchRow {
	const startedAt = process.threadCpuUsage();
	const outcome = searchMuGraphs(program, { statesMax, foundMax });
	const searched = process.threadCpuUsage(startedAt);
	const traitsOf = (muGraph: MuGraph): string[] => muGraphTraits(muGraph).map(({ id }) => id);
	const isExpected = (muGraph: MuGraph): boolean => {
		const traits = traitsOf(muGraph);
		return expected.every((id) => traits.includes(id));
	};
	const winners = outcome.found.filter(isExpected).slice(0, winnersMax);
	const chosenForProof = new Set([...outcome.found.slice(0, provenMax), ...winners]);
	const proofStartedAt = process.threadCpuUsage();
	const proven = [...chosenForProof].filter(
		(muGraph) => verifyMuGraph(muGraph, program, { seed }).kind === "equal",
	);
	const stable = proven.filter((muGraph) => checkStability(muGraph, program, seed).kind === "stable");
	const proved = process.threadCpuUsage(proofStartedAt);
	const winner = stable.find(isExpected);
	const shown = winner ?? stable[0];
	const [unfused] = [...outcome.found].sort((a, b) => b.kernels.length - a.kernels.length);
	return {
		name,
		operators: program.nodes.filter(({ kind }) => kind !== "input" && kind !== "constant").length,
		axes: program.axes.length,
		report: outcome.report,
		searchMilliseconds: (searched.user + searched.system) / 1000,
		verifyMilliseconds: (proved.user + proved.system) / 1000,
		tested: chosenForProof.size,
		verified: proven.length,
		stable: stable.length,
		isWinnerFound: winner !== undefined,
		bytes: shown === undefined ? 0 : deviceBytes(shown),
		bytesUnfused: unfused === undefined ? 0 : deviceBytes(unfused),
		traits: shown === undefined ? [] : traitsOf(shown),
	};
}

/** Device memory read and written where every operand is read once: grids of one block. */
function deviceBytes(muGraph: MuGraph): number {
	const extentOf = (axis: number): number => muGraph.axes[axis]?.extent ?? 1;
	const tiles = muGraph.kernels.map(
		({ grid, loop }): KernelTiles => ({
			gridTiles: grid.map(extentOf),
			loopTile: loop === null ? 1 : extentOf(loop),
		}),
	);
	const { readBytes, writtenBytes } = bytesMoved(muGraph, tiles);
	return readBytes + writtenBytes;
}
