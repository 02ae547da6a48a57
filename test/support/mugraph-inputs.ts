import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import type { Random } from "#shared/numeric/random.ts";
import type { Program } from "#shared/program/program.ts";
import { elementCount } from "#shared/tensor/shape.ts";

/** The seed of the test run, printed by vitest when a message holds it. */
export const testSeed = Number(process.env.TEST_SEED ?? "1");

/** Uniform in (-1, 1). */
export function randomInputs(program: Program, random: Random): Float64Array[] {
	return program.inputs.map((input) =>
		new Float64Array(elementCount(input.shape)).map(() => random.nextUnit() * 2 - 1),
	);
}

/** Tiles of any size from 1 to the axis. */
export function randomTiles(muGraph: MuGraph, random: Random): KernelTiles[] {
	const tile = (axis: number): number => 1 + random.nextBelow(muGraph.axes[axis]?.extent ?? 1);
	return muGraph.kernels.map((kernel) => ({
		gridTiles: kernel.grid.map(tile),
		loopTile: kernel.loop === null ? 0 : tile(kernel.loop),
	}));
}

/** Largest absolute difference; NaN when any is. */
export function largestDifference(a: readonly Float64Array[], b: readonly Float64Array[]): number {
	let largest = 0;
	for (const [i, left] of a.entries()) {
		const right = b[i] ?? new Float64Array(0);
		for (let at = 0; at < left.length; at++) {
			const difference = Math.abs((left[at] ?? 0) - (right[at] ?? Number.NaN));
			if (!(difference <= largest)) largest = difference;
			if (Number.isNaN(largest)) return largest;
		}
	}
	return largest;
}
