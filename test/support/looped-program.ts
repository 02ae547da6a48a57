// A program as one kernel that walks an axis, its statistics carried along with the loop where they can be.

import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId, Program } from "#shared/program/program.ts";
import { assembleMuGraph } from "#shared/search/assemble.ts";
import { buildKernel } from "#shared/search/build-kernel.ts";
import { describeKernel } from "#shared/search/kernel-spec.ts";
import { analyseLoop } from "#shared/search/loop-analysis.ts";
import { parallelAxes } from "./whole-program.ts";

/** Grid: the axes that every output has and no node reduces. */
export function loopedMuGraph(program: Program, loop: AxisId): MuGraph {
	const all = new Set(program.nodes.map((_, id) => id));
	const spec = describeKernel(program, all, new Set(), new Set());
	const grid = parallelAxes(program).filter((axis) => axis !== loop);
	return assembleMuGraph(program, [], [buildKernel(spec, grid, loop, analyseLoop(spec, loop, true))]);
}

/** Passes over the loop axis of a µGraph's only kernel. */
export function passesOf(muGraph: MuGraph): number {
	const stages = muGraph.kernels.flatMap((kernel) => kernel.nodes.map(({ stage }) => stage));
	return new Set(stages.filter((stage) => stage % 2 === 1)).size;
}
