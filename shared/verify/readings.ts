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
import { countedAxes, linkedInstances, type SmallInstance, smallInstances } from "./small-extents.ts";

/** What constants mean over small extents (null: what they say), and which extents are tested. */
export interface ConstantReading {
	readonly links: ConstantLinks | null;
	readonly instances: readonly SmallInstance[];
}

/** Constants as they stand. */
export function literalReading(muGraph: MuGraph, program: Program): ConstantReading {
	return { links: null, instances: smallInstances(program, countedAxes(muGraph, program)) };
}

/** Constants linked to the extents they equal; null when there are none. */
export function linkedReading(muGraph: MuGraph, program: Program): ConstantReading | null {
	const links = linkConstants(muGraph, program);
	if (links === null) return null;
	const sets = links.constants.map(({ axes }) => axes);
	const instances = linkedInstances(program, sets, countedAxes(muGraph, program));
	return instances === null ? null : { links, instances };
}

/** Both over the extents of each of the reading's instances. */
export function shrinkPair(
	muGraph: MuGraph,
	program: Program,
	reading: ConstantReading,
): readonly SmallPair[] {
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
