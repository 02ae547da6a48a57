// A candidate to explicit loops. In: a proven µGraph and a schedule. Out: `LoopProgram`, one loop kernel for each kernel of
// the µGraph, the packing of weights, and the memory they need. The µGraph is walked literally: grid tiles, stages, steps of
// the loop, and in each of those fused loop nests and contractions (roots.ts). Idea of the split into plan and emission:
// jax-js' tile plans; of packed panels and register tiles: Goto and van de Geijn 2008.

import { present } from "#shared/fault/assert.ts";
import type { LoopKernel, LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Candidate } from "#shared/schedule/candidate.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { coalesceAxes } from "./coalesce-axes.ts";
import { emitKernel } from "./emit-kernel.ts";
import { bufferAlignmentBytes, type ProgramBuilder, roundUp, type TileContext } from "./tile-context.ts";
import { tileKernel } from "./tile-kernel.ts";

/** Lowers a proven candidate for a target; `threads` decides which kernels are worth sharing out. Never fails on a legal schedule. */
export function lowerCandidate(candidate: Candidate, target: CpuTarget, threads: number): LoopProgram {
	return lowerMuGraph(candidate.muGraph.muGraph, candidate.schedule, target, threads);
}

/** The same for a µGraph without proof: for tests of lowering itself. */
export function lowerMuGraph(
	muGraph: MuGraph,
	schedule: Schedule,
	target: CpuTarget,
	threads: number,
): LoopProgram {
	const { muGraph: graph, schedule: bound } = coalesceAxes({ muGraph, schedule });
	const { offsets, sharedBytes } = placeIntermediates(graph);
	const program: ProgramBuilder = {
		microkernels: new Map(),
		prepareBuffers: new Map(),
		prepareBody: [],
		preparedBytes: 0,
		threadBytes: 0,
		nextName: 0,
	};
	const kernels = graph.kernels.map((kernel, at): LoopKernel => {
		const kernelSchedule = present(bound.kernels[at], "a schedule binds every kernel");
		const ctx: TileContext = {
			target,
			graph,
			intermediateOffsets: offsets,
			kernel: tileKernel(kernel, kernelSchedule, graph.axes),
			schedule: kernelSchedule,
			lanes: kernelSchedule.vectorLanes,
			program,
			buffers: new Map(),
			usedThreadBytes: 0,
			usedLocalBytes: 0,
			starts: new Map(),
			extents: new Map(),
			loop: null,
			layouts: new Map(),
			packs: new Map(),
		};
		return emitKernel(ctx, threads > 1 ? estimateNanoseconds(graph, at, target) : 0);
	});
	return {
		inputs: graph.inputs.map(({ shape, dataType, role }) => ({ shape, dataType, role })),
		outputs: graph.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
		microkernels: [...program.microkernels.values()],
		prepare: { buffers: [...program.prepareBuffers.values()], body: program.prepareBody },
		kernels,
		preparedBytes: program.preparedBytes,
		sharedBytes,
		threadBytes: roundUp(program.threadBytes, bufferAlignmentBytes),
	};
}

function placeIntermediates(graph: MuGraph): {
	readonly offsets: readonly number[];
	readonly sharedBytes: number;
} {
	let sharedBytes = 0;
	const offsets = graph.intermediates.map(({ axes }) => {
		const offset = sharedBytes;
		const elements = axes.reduce((product, axis) => product * present(graph.axes[axis], "axis").extent, 1);
		sharedBytes += roundUp(elements * elementBytes("float32"), bufferAlignmentBytes);
		return offset;
	});
	return { offsets, sharedBytes };
}

/** Arithmetic and traffic of a kernel at the target's peaks: only its order of magnitude matters. */
function estimateNanoseconds(graph: MuGraph, kernel: number, target: CpuTarget): number {
	const extents = (axes: readonly number[]): number =>
		axes.reduce((product, axis) => product * present(graph.axes[axis], "axis").extent, 1);
	let flops = 0;
	let bytes = 0;
	for (const node of present(graph.kernels[kernel], "kernel").nodes) {
		if (node.kind === "contract") flops += 2 * extents([...node.axes, ...node.over]);
		else if (node.kind === "load" || node.kind === "store") bytes += 4 * extents(node.axes);
		else if (node.kind === "map") flops += 4 * extents(node.axes);
	}
	return Math.max(flops / target.fusedMultiplyAddGflops, bytes / target.readGigabytesPerSecond);
}
