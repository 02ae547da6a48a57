// A program as one kernel, computed as it is written: the plainest legal µGraph, for tests of what comes after the search.

import type { BlockNode, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId, Program, ProgramNode } from "#shared/program/program.ts";
import type { KernelSchedule, Schedule } from "#shared/schedule/schedule.ts";

/** Grid: the axes that every output has and no node reduces. No loop. */
export function wholeProgramMuGraph(program: Program, grid = parallelAxes(program)): MuGraph {
	const nodes: BlockNode[] = program.nodes.map((node) => blockNode(node));
	program.outputs.forEach((output, at) => {
		for (const piece of output.pieces) {
			const axes = program.nodes[piece.node]?.axes ?? [];
			const target = { kind: "output", output: at, access: piece.access } as const;
			nodes.push({ kind: "store", operand: piece.node, target, axes, stage: 0 });
		}
	});
	return {
		axes: program.axes,
		inputs: program.inputs,
		outputs: program.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
		splits: [],
		intermediates: [],
		kernels: [{ grid, loop: null, nodes }],
	};
}

export function parallelAxes(program: Program): AxisId[] {
	const reduced = new Set(
		program.nodes.flatMap((node) => (node.kind === "reduce" || node.kind === "contract" ? node.over : [])),
	);
	const stored = program.outputs.flatMap(({ pieces }) =>
		pieces.map(({ node }) => program.nodes[node]?.axes ?? []),
	);
	return program.axes
		.map((_, axis) => axis)
		.filter((axis) => !reduced.has(axis) && stored.every((axes) => axes.includes(axis)));
}

function blockNode(node: ProgramNode): BlockNode {
	switch (node.kind) {
		case "input":
			return {
				kind: "load",
				source: { kind: "input", input: node.input, access: node.access },
				axes: node.axes,
				stage: 0,
			};
		case "constant":
		case "map":
		case "reduce":
		case "contract":
			return { ...node, stage: 0 };
	}
}

export const plainSchedule: KernelSchedule = {
	gridTiles: [],
	loopTile: 0,
	vectorLanes: 8,
	registerRows: 4,
	registerVectors: 2,
	weightLayout: "panels",
	prefetchBytes: 0,
	productType: "float32",
	prefetchLevel: 2,
	unroll: 2,
	vectorAxis: null,
	nonTemporalStores: false,
};

/** The same knobs for every kernel, with tiles of at most `tile` elements along each grid axis. */
export function uniformSchedule(
	muGraph: MuGraph,
	tile: number,
	knobs: Partial<KernelSchedule> = {},
): Schedule {
	return {
		kernels: muGraph.kernels.map((kernel) => ({
			...plainSchedule,
			...knobs,
			gridTiles: kernel.grid.map((axis) => Math.min(tile, muGraph.axes[axis]?.extent ?? 1)),
			loopTile:
				kernel.loop === null ? 0 : Math.min(knobs.loopTile ?? tile, muGraph.axes[kernel.loop]?.extent ?? 1),
		})),
	};
}
