// Which part of a µGraph depends on weights alone. Weights are constant between calls, so that part is computed once, by a
// kernel library's prepare step, and costs nothing in a call.

import { present } from "#shared/fault/assert.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import type { Kernel, MuGraph } from "./mugraph.ts";

export interface PreparePart {
	/** Prepare kernels: they load weights and what other prepare kernels store, and store no output. */
	readonly kernels: ReadonlySet<number>;
	/** What they store: float32, constant between calls. */
	readonly intermediates: ReadonlySet<number>;
}

/** Told apart by weights alone, so that the µGraph needs no mark of its own; computed once for each µGraph. */
export function findPreparePart(muGraph: MuGraph): PreparePart {
	const known = parts.get(muGraph) ?? preparePart(muGraph);
	parts.set(muGraph, known);
	return known;
}

/** Device memory that prepare kernels store to, in bytes. */
export function hoistedBytes(muGraph: MuGraph): number {
	return [...findPreparePart(muGraph).intermediates].reduce((sum, id) => {
		const { axes } = present(muGraph.intermediates[id], "intermediate");
		const elements = axes.reduce((count, axis) => count * present(muGraph.axes[axis], "axis").extent, 1);
		return sum + elements * elementBytes("float32");
	}, 0);
}

const parts = new WeakMap<MuGraph, PreparePart>();

function preparePart(muGraph: MuGraph): PreparePart {
	const kernels = new Set<number>();
	const intermediates = new Set<number>();
	muGraph.kernels.forEach((kernel, id) => {
		if (!isPrepareKernel(kernel, muGraph, intermediates)) return;
		kernels.add(id);
		for (const node of kernel.nodes)
			if (node.kind === "store" && node.target.kind === "intermediate")
				intermediates.add(node.target.intermediate);
	});
	return { kernels, intermediates };
}

/** `prepared`: intermediates that earlier prepare kernels store. */
function isPrepareKernel(
	kernel: Kernel,
	{ inputs }: Pick<MuGraph, "inputs">,
	prepared: ReadonlySet<number>,
): boolean {
	return kernel.nodes.every((node) => {
		if (node.kind === "store") return node.target.kind === "intermediate";
		if (node.kind !== "load") return true;
		return node.source.kind === "intermediate"
			? prepared.has(node.source.intermediate)
			: inputs[node.source.input]?.role === "weight";
	});
}
