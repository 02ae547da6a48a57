// From atoms to the axes of a µGraph: neighbours of one program axis are one axis again where every kernel treats them as
// one, so that only the cuts that matter are left as splits.

import { assert, present } from "#shared/fault/assert.ts";
import type { AxisId, Program } from "#shared/program/program.ts";
import type { AtomId } from "#shared/program/refine-axes.ts";
import type { AxisSplit } from "#shared/program/split-axes.ts";
import type { MirageDraft } from "./mirage-draft.ts";

/** The atoms of each node of each kernel, resolved. */
export interface NodeAtoms {
	readonly axes: readonly AtomId[];
	readonly over: readonly AtomId[];
}

export interface PlacedKernelAtoms {
	readonly grid: readonly AtomId[];
	readonly loop: readonly AtomId[];
	readonly nodes: readonly NodeAtoms[];
}

export interface AxisPlacement {
	readonly splits: readonly AxisSplit[];
	/** The axis that an atom is part of. */
	readonly axisOf: ReadonlyMap<AtomId, AxisId>;
	/** The atoms of each axis, outermost first. */
	readonly atomsOf: readonly (readonly AtomId[])[];
}

/** Where a kernel has an atom. */
type Place = "grid" | "loop" | "tile";

function placeOf(atom: AtomId, kernel: PlacedKernelAtoms): Place {
	if (kernel.grid.includes(atom)) return "grid";
	return kernel.loop.includes(atom) ? "loop" : "tile";
}

/** All grid or all loop, then tile: what one axis with a tile size can be. */
function isOneAxis(run: readonly AtomId[], kernels: readonly PlacedKernelAtoms[]): boolean {
	return kernels.every((kernel) => {
		const places = run.map((atom) => placeOf(atom, kernel));
		const first = places[0];
		const outer = places.findIndex((place) => place !== first);
		if (outer >= 0 && !places.slice(outer).every((place) => place === "tile")) return false;
		return kernel.nodes.every(({ axes, over }) =>
			[axes, over].every((own) => new Set(run.map((atom) => own.includes(atom))).size === 1),
		);
	});
}

/** The atoms of every program axis, by the dimensions of the inputs that have it. */
function axisChains(draft: MirageDraft, program: Program): AtomId[][] {
	const chains: AtomId[][] = program.axes.map(() => []);
	for (const node of program.nodes) {
		if (node.kind !== "input") continue;
		const tensor = present(draft.tensors[present(draft.inputs[node.input], "input")], "tensor");
		const dims = tensor.dims.map((dim) => draft.atoms.resolve(dim)).filter((dim) => dim.length > 0);
		assert(dims.length === node.access.axes.length, "the input's dimensions are the program's");
		node.access.axes.forEach((axis, d) => {
			const found = present(dims[d], "dimension");
			const known = present(chains[axis], "chain");
			assert(known.length === 0 || known.join() === found.join(), `axis ${axis} has two meanings`);
			chains[axis] = found;
		});
	}
	return chains;
}

export function placeAtoms(
	draft: MirageDraft,
	program: Program,
	kernels: readonly PlacedKernelAtoms[],
): AxisPlacement {
	const splits: AxisSplit[] = [];
	const axisOf = new Map<AtomId, AxisId>();
	const atomsOf: AtomId[][] = program.axes.map(() => []);
	axisChains(draft, program).forEach((chain, axis) => {
		const runs: AtomId[][] = [];
		for (const atom of chain) {
			const run = runs.at(-1);
			if (run !== undefined && isOneAxis([...run, atom], kernels)) run.push(atom);
			else runs.push([atom]);
		}
		let current = axis;
		runs.forEach((run, r) => {
			atomsOf[current] = run;
			for (const atom of run) {
				assert(!axisOf.has(atom), "an atom is part of one program axis");
				axisOf.set(atom, current);
			}
			const inner = runs.slice(r + 1).flat();
			if (inner.length === 0) return;
			splits.push({ axis: current, innerExtent: draft.atoms.product(inner) });
			current = atomsOf.push([]) - 1;
		});
	});
	return { splits, axisOf, atomsOf };
}
