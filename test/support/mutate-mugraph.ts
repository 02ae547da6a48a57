// Wrong µGraphs from right ones: each rule changes one thing that a search or a serialisation could get wrong. Some
// mutants are right after all (a grid axis fewer), and some are not well formed.

import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { propagateAxes, replaceNode, sortByStage, withKernel } from "./mutation/edit-kernel.ts";
import { nodeRules } from "./mutation/node-rules.ts";
import { kernelRules, muGraphRules } from "./mutation/structure-rules.ts";

export interface Mutant {
	readonly rule: string;
	readonly muGraph: MuGraph;
}

/**
 * Every mutant of every rule that is not the µGraph itself, each once, in a fixed order. Axes are adjusted after each
 * change, so that many are well formed.
 */
export function mutateMuGraph(muGraph: MuGraph): Mutant[] {
	const mutants: Mutant[] = [];
	muGraph.kernels.forEach((kernel, k) => {
		kernel.nodes.forEach((node, id) => {
			for (const [rule, apply] of Object.entries(nodeRules))
				for (const changed of apply(node, kernel, id, muGraph)) {
					const mutant = propagateAxes(sortByStage(replaceNode(kernel, id, changed)));
					mutants.push({ rule, muGraph: withKernel(muGraph, k, mutant) });
				}
		});
		for (const [rule, apply] of Object.entries(kernelRules))
			for (const changed of apply(kernel, muGraph))
				mutants.push({ rule, muGraph: withKernel(muGraph, k, propagateAxes(sortByStage(changed))) });
	});
	for (const [rule, apply] of Object.entries(muGraphRules))
		for (const changed of apply(muGraph)) mutants.push({ rule, muGraph: changed });
	const seen = new Set([JSON.stringify(muGraph)]);
	return mutants.filter((mutant) => {
		const text = JSON.stringify(mutant.muGraph);
		return !seen.has(text) && seen.add(text);
	});
}
