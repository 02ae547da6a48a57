// A candidate to explicit loops. In: a proven µGraph and a schedule. Out: `LoopProgram`, one loop kernel for each kernel of
// the µGraph, what is done once for a set of weights (packing them, and kernels that read nothing else), and the memory
// they need. The µGraph is walked literally: grid tiles, stages, steps of
// the loop, and in each of those fused loop nests and contractions (roots.ts). Idea of the split into plan and emission:
// jax-js' tile plans; of packed panels and register tiles: Goto and van de Geijn 2008.

import { present } from "#shared/fault/assert.ts";
import type { BufferPlace, LoopKernel, LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { findPreparePart, type PreparePart } from "#shared/mugraph/prepare-kernels.ts";
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
	const prepared = findPreparePart(graph);
	const { places, sharedBytes, preparedBytes } = placeIntermediates(graph, prepared);
	const program: ProgramBuilder = {
		microkernels: new Map(),
		prepareBuffers: new Map(),
		prepareBody: [],
		preparedBytes,
		nextName: 0,
	};
	const prepareKernels: LoopKernel[] = [];
	const kernels: LoopKernel[] = [];
	const threadBytes = { prepare: 0, call: 0 };
	graph.kernels.forEach((kernel, at) => {
		const when = prepared.kernels.has(at) ? "prepare" : "call";
		const kernelSchedule = present(bound.kernels[at], "a schedule binds every kernel");
		const ctx: TileContext = {
			target,
			graph,
			intermediatePlaces: places,
			preparedIntermediates: prepared.intermediates,
			isPrepare: when === "prepare",
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
			waitingInOutputs: new Map(),
			packs: new Map(),
		};
		const isShared = threads > 1 && when === "call";
		const loops = emitKernel(ctx, isShared ? estimateNanoseconds(graph, at, target) : 0);
		(when === "prepare" ? prepareKernels : kernels).push(loops);
		threadBytes[when] = Math.max(threadBytes[when], ctx.usedThreadBytes);
	});
	return {
		inputs: graph.inputs.map(({ shape, dataType, role }) => ({ shape, dataType, role })),
		outputs: graph.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
		microkernels: [...program.microkernels.values()],
		prepare: {
			kernels: prepareKernels,
			scratchOffsetBytes: program.preparedBytes,
			scratchBytes: roundUp(threadBytes.prepare, bufferAlignmentBytes),
			buffers: [...program.prepareBuffers.values()],
			body: program.prepareBody,
		},
		kernels,
		preparedBytes: program.preparedBytes + roundUp(threadBytes.prepare, bufferAlignmentBytes),
		sharedBytes,
		threadBytes: roundUp(threadBytes.call, bufferAlignmentBytes),
	};
}

/** Between kernels of a call: in the workspace. Of prepare kernels: at the front of the prepared area. */
function placeIntermediates(
	graph: MuGraph,
	{ intermediates: prepared }: PreparePart,
): {
	readonly places: readonly BufferPlace[];
	readonly sharedBytes: number;
	readonly preparedBytes: number;
} {
	const used = { prepared: 0, shared: 0 };
	const places = graph.intermediates.map(({ axes }, id): BufferPlace => {
		const kind = prepared.has(id) ? "prepared" : "shared";
		const offsetBytes = used[kind];
		const elements = axes.reduce((product, axis) => product * present(graph.axes[axis], "axis").extent, 1);
		used[kind] += roundUp(elements * elementBytes("float32"), bufferAlignmentBytes);
		return { kind, offsetBytes };
	});
	return { places, sharedBytes: used.shared, preparedBytes: used.prepared };
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
