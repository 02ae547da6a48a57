// How a µGraph and its program are read over small extents: constants as they stand, or linked to the extents.

import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import {
	type ConstantLinks,
	linkConstants,
	substituteInMuGraph,
	substituteInProgram,
} from "./link-constants.ts";
import type { SmallPair } from "./run-batch.ts";
import { catalogueAccesses, shrinkMuGraph, shrinkProgram } from "./shrink.ts";
import { linkedInstances, loopAxes, type SmallInstance, smallInstances } from "./small-extents.ts";

/** What constants mean over small extents (null: what they say), and which extents are tested. */
export interface Reading {
	readonly links: ConstantLinks | null;
	readonly instances: readonly SmallInstance[];
}

/** The literal reading, and the linked one where there is something to link. */
export function* readingsOf(muGraph: MuGraph, program: Program): Generator<Reading> {
	const loops = loopAxes(muGraph);
	yield { links: null, instances: smallInstances(program, loops) };
	const links = linkConstants(muGraph, program);
	if (links === null) return;
	const instances = linkedInstances(
		program,
		links.constants.map(({ axes }) => axes),
		loops,
	);
	if (instances !== null) yield { links, instances };
}

/** Both over the extents of each of the reading's instances. */
export function shrinkPair(muGraph: MuGraph, program: Program, reading: Reading): readonly SmallPair[] {
	const { links, instances } = reading;
	return instances.map((instance) => {
		const { extents } = instance;
		if (links === null) return shrinkBoth(muGraph, program, instance);
		const linkedGraph = substituteInMuGraph(muGraph, links, extents);
		return shrinkBoth(linkedGraph, substituteInProgram(program, links, extents), instance);
	});
}

function shrinkBoth(muGraph: MuGraph, program: Program, instance: SmallInstance): SmallPair {
	const catalogue = catalogueAccesses(program);
	return {
		program: shrinkProgram(program, catalogue, instance.extents),
		muGraph: shrinkMuGraph(muGraph, catalogue, instance.extents),
		tiles: muGraph.kernels.map((kernel) => instance.tilesOf(kernel)),
	};
}
