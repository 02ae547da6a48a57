// Which axes of a kernel go on its grid: all that legally can, or without some of them, where leaving an axis resident in
// the tile saves reading or computing again what lacks it.

import { present } from "#shared/fault/assert.ts";
import { intermediateBytes } from "#shared/mugraph/bytes-moved.ts";
import type { AxisId, ProgramNodeId, StridedAccess } from "#shared/program/program.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import {
	dagNodeNanoseconds,
	elementsOf,
	extentsOf,
	gridNanoseconds,
	type KernelWork,
	type NodeWork,
	repeatedNanoseconds,
	tiledAxes,
} from "./cost.ts";
import { type KernelSpec, reducedAxes } from "./kernel-spec.ts";

/** An axis is also left off the grid when the traffic and arithmetic done again along it are at least this share of the kernel's. */
const repeatedShareMin = 0.05;
/** Axes that may be left off: those that repeat most, in every combination. */
const offGridAxesMax = 4;

/** Axes that no node of the kernel sums and that every store has, ascending. */
export function legalGrid(spec: KernelSpec): readonly AxisId[] {
	const reduced = reducedAxes(spec);
	return spec.dag.axes
		.map((_, axis) => axis)
		.filter(
			(axis) =>
				!reduced.has(axis) && spec.stores.every((store) => spec.dag.nodes[store.node]?.axes.includes(axis)),
		);
}

/** All legal axes first, then without each combination of those that repeat work. Each ascending, each once. */
export function gridChoices(spec: KernelSpec): readonly (readonly AxisId[])[] {
	const legal = legalGrid(spec);
	const work = kernelWork(spec);
	const total = repeatedNanoseconds(work, legal);
	const repeating = legal
		.map((axis) => {
			const without = legal.filter((other) => other !== axis);
			return { axis, saved: total - repeatedNanoseconds(work, without) };
		})
		.filter(({ saved }) => saved >= repeatedShareMin * total && saved > 0)
		.sort((a, b) => b.saved - a.saved || a.axis - b.axis)
		.slice(0, offGridAxesMax)
		.map(({ axis }) => axis);
	return Array.from({ length: 2 ** repeating.length }, (_, left) =>
		legal.filter((axis) => {
			const at = repeating.indexOf(axis);
			return at < 0 || ((left >>> at) & 1) === 0;
		}),
	);
}

/** No placement of the kernel costs less (cost.ts): each load and each value once, on the best grid. Nanoseconds. */
export function kernelBound(spec: KernelSpec): number {
	const work = kernelWork(spec);
	return Math.min(...gridChoices(spec).map((grid) => gridNanoseconds(work, grid, 1)));
}

/** The kernel's loads, each place once, its values and stores. */
function kernelWork(spec: KernelSpec): KernelWork {
	const { dag } = spec;
	const extentOf = extentsOf(dag);
	const works: NodeWork[] = [];
	const transfer = (axes: readonly AxisId[], bytesEach: number): void => {
		works.push({ axes, bytes: bytesEach * elementsOf(axes, extentOf), arithmetic: 0 });
	};
	const seen = new Set<string>();
	const contractions: (readonly [readonly AxisId[], readonly AxisId[], readonly AxisId[]])[] = [];
	const axesOf = (id: ProgramNodeId): readonly AxisId[] => present(dag.nodes[id], "node").axes;
	for (const id of spec.nodes) {
		const node = present(dag.nodes[id], "node");
		if (spec.boundary.has(id)) transfer(node.axes, intermediateBytes);
		else if (node.kind === "input") {
			const place = placeOf(node.input, node.access);
			if (!seen.has(place))
				transfer(node.axes, elementBytes(present(dag.inputs[node.input], "input").dataType));
			seen.add(place);
		} else works.push({ axes: node.axes, bytes: 0, arithmetic: dagNodeNanoseconds(node, dag) });
		if (node.kind === "contract" && !spec.boundary.has(id))
			contractions.push([axesOf(node.left), axesOf(node.right), node.over]);
	}
	for (const { node, target } of spec.stores) {
		const isIntermediate = target.kind === "intermediate";
		const output = isIntermediate ? null : present(dag.outputs[target.output], "output");
		transfer(axesOf(node), output === null ? intermediateBytes : elementBytes(output.dataType));
	}
	return { works, tiled: tiledAxes(contractions, extentOf), extentOf };
}

function placeOf(input: number, { offset, axes, strides }: StridedAccess): string {
	return `${input} ${offset} ${axes.join()} ${strides.join()}`;
}
