import { unreachable } from "#shared/fault/assert.ts";
import type { AxisId, StridedAccess } from "#shared/program/program.ts";
import { inputMap, loopMap, type MappedAxis, outputMap } from "./maps.ts";
import type { BlockNode, Kernel, LoadSource, MuGraph, StoreTarget } from "./mugraph.ts";

/**
 * Stable text of a µGraph: one line a node, grouped by kernel and stage, with Mirage's maps beside loads and stores.
 * Axes print as a0, a1 …; `a0:8` is an axis with its extent.
 */
export function printMuGraph(muGraph: MuGraph): string {
	const lines: string[] = [];
	lines.push(`axes ${muGraph.axes.map((axis, id) => `a${id}:${axis.extent}`).join(" ")}`);
	muGraph.splits.forEach(({ axis, innerExtent }, id) => {
		const inner = muGraph.axes.length - muGraph.splits.length + id;
		lines.push(`split a${axis} into a${axis} · a${inner}:${innerExtent}`);
	});
	muGraph.intermediates.forEach((intermediate, id) => {
		lines.push(`intermediate t${id} ${axisList(intermediate.axes)}`);
	});
	muGraph.kernels.forEach((kernel, id) => {
		lines.push(...printKernel(kernel, id, muGraph));
	});
	return `${lines.join("\n")}\n`;
}

function printKernel(kernel: Kernel, id: number, muGraph: MuGraph): string[] {
	const loop = kernel.loop === null ? "none" : `a${kernel.loop}`;
	const lines = [`kernel ${id} grid ${axisList(kernel.grid)} loop ${loop}`];
	let stage = -1;
	kernel.nodes.forEach((node, nodeId) => {
		if (node.stage !== stage) {
			stage = node.stage;
			lines.push(`  stage ${stage}${stage % 2 === 1 ? ` for each step of ${loop}` : ""}`);
		}
		lines.push(`    ${printNode(node, nodeId, kernel, muGraph)}`);
	});
	return lines;
}

function printNode(node: BlockNode, id: number, kernel: Kernel, muGraph: MuGraph): string {
	const head = `%${id} ${axisList(node.axes)} =`;
	switch (node.kind) {
		case "load": {
			const walk = loopMap(node, kernel, muGraph);
			const loop = walk === null ? "" : ` loopMap ${printMapped(walk)}`;
			return `${head} load ${printPlace(node.source)} inputMap ${printMap(inputMap(node, kernel, muGraph))}${loop}`;
		}
		case "constant":
			return `${head} constant ${node.value}`;
		case "map":
			return `${head} ${node.operator} ${node.operands.map((operand) => `%${operand}`).join(" ")}`;
		case "reduce":
			return `${head} reduce ${node.operator} %${node.operand} over ${axisList(node.over)}`;
		case "contract":
			return `${head} contract %${node.left} %${node.right} over ${axisList(node.over)}`;
		case "accumulate": {
			const rescale = node.rescale === null ? "" : ` rescale %${node.rescale}`;
			return `${head} accumulate ${node.combine} %${node.operand}${rescale}`;
		}
		case "accumulateDeviations":
			return `${head} accumulate deviations %${node.operand} over ${axisList(node.over)}`;
		case "store":
			return `store %${node.operand} to ${printPlace(node.target)} outputMap ${printMap(outputMap(node, kernel, muGraph))}`;
		default:
			return unreachable(node);
	}
}

function printPlace(place: LoadSource | StoreTarget): string {
	switch (place.kind) {
		case "intermediate":
			return `t${place.intermediate}`;
		case "input":
			return `input${place.input}${printAccess(place.access)}`;
		case "output":
			return `output${place.output}${printAccess(place.access)}`;
	}
}

function printAccess(access: StridedAccess): string {
	const terms = access.axes.map((axis, i) => `a${axis}*${access.strides[i]}`);
	if (access.offset !== 0) terms.unshift(`${access.offset}`);
	return `[${terms.join(" + ")}]`;
}

function axisList(axes: readonly AxisId[]): string {
	return `{${axes.map((axis) => `a${axis}`).join(",")}}`;
}

function printMap(axes: readonly MappedAxis[]): string {
	return `(${axes.map(printMapped).join(",")})`;
}

function printMapped(axis: MappedAxis): string {
	return axis === "replica" ? "-" : `${axis}`;
}
