// Whether a µGraph computes its program, as far as float64 tells: both run literally on random signed data, at several
// extents, the µGraph tile by tile. Shares nothing with the verifier but the interpreters.

import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import type { AxisSplit } from "#shared/program/split-axes.ts";
import { randomInputs, randomTiles } from "../mugraph-inputs.ts";
import { type Resizing, randomResizing } from "./resize.ts";

export type FloatVerdict = "equal" | "different" | "foreign";

/** Relative, against the largest element of an output. */
const tolerance = 1e-9;
const trialCount = 3;

/** Random tiles, but loops with a step for each position, then with several steps of several, then any. */
function tilesOfTrial(muGraph: MuGraph, trial: number, random: Random): KernelTiles[] {
	const tiles = randomTiles(muGraph, random);
	return tiles.map((own, k) => {
		const loop = muGraph.kernels[k]?.loop ?? null;
		if (loop === null || trial > 1) return own;
		return { ...own, loopTile: trial === 0 ? 1 : Math.ceil((muGraph.axes[loop]?.extent ?? 1) / 2) };
	});
}

interface Trial extends Resizing {
	readonly inputs: readonly Float64Array[];
	readonly expected: readonly Float64Array[];
}

/** Judges µGraphs of one program that have the same splits. `foreign`: it reads or writes where the program does not. */
export class FloatOracle {
	readonly #trials: readonly Trial[];
	readonly #seed: number;

	constructor(program: Program, splits: readonly AxisSplit[], seed: number) {
		this.#seed = seed;
		this.#trials = Array.from({ length: trialCount }, (_, trial) => {
			const random = createRandom(seed, trial);
			// Steps of several positions need three.
			const resizing = randomResizing(program, splits, random, trial === 1 ? 3 : 2);
			const inputs = randomInputs(resizing.program, random);
			return { ...resizing, inputs, expected: interpretProgramFloat64(resizing.program, inputs) };
		});
	}

	judge(muGraph: MuGraph): FloatVerdict {
		for (const [t, trial] of this.#trials.entries()) {
			const resized = trial.resize(muGraph);
			if (resized === null) return "foreign";
			const tiles = tilesOfTrial(resized, t, createRandom(this.#seed, trialCount + t));
			const found = interpretMuGraph(resized, trial.inputs, tiles, float64Arithmetic);
			if (!trial.expected.every((expected, output) => isClose(expected, found[output]))) return "different";
		}
		return "equal";
	}
}

function isClose(expected: Float64Array, found: Float64Array | undefined): boolean {
	if (found?.length !== expected.length) return false;
	const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
	return expected.every((value, at) => Math.abs(value - (found[at] ?? Number.NaN)) <= tolerance * scale);
}
