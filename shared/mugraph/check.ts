// Well-formedness of a µGraph: every law stated in mugraph.ts. A µGraph that passes can be interpreted, printed and
// lowered without further checks; whether it computes the right thing is for shared/verify.

import { type AxisId, mapOperatorArity } from "#shared/program/program.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { accessFits, coversOnce, type PlacedAccess } from "./check-access.ts";
import {
	type AccumulateDeviationsNode,
	type AccumulateNode,
	type BlockNode,
	blockNodeOperands,
	type Kernel,
	type LoadNode,
	type MuGraph,
	type StoreNode,
} from "./mugraph.ts";

/** What is wrong with a µGraph, one sentence a broken law; empty when it is well formed. Never throws for plain data. */
export function checkMuGraph(muGraph: MuGraph): readonly string[] {
	const faults: string[] = [];
	muGraph.axes.forEach((axis, id) => {
		if (!Number.isInteger(axis.extent) || axis.extent < 2)
			faults.push(`axis ${id}: extent ${axis.extent}, expected 2 or more`);
	});
	muGraph.intermediates.forEach((intermediate, id) => {
		if (!isAxisList(intermediate.axes, muGraph))
			faults.push(`intermediate ${id}: axes are not distinct axes`);
	});
	muGraph.kernels.forEach((kernel, id) => {
		for (const fault of checkKernel(kernel, muGraph)) faults.push(`kernel ${id}: ${fault}`);
	});
	if (faults.length === 0) faults.push(...checkIntermediates(muGraph), ...checkOutputs(muGraph));
	return faults;
}

function isAxisList(axes: readonly AxisId[], muGraph: MuGraph): boolean {
	return new Set(axes).size === axes.length && axes.every((axis) => muGraph.axes[axis] !== undefined);
}

function isAscending(axes: readonly AxisId[]): boolean {
	return axes.every((axis, i) => i === 0 || (axes[i - 1] ?? axis) < axis);
}

function checkKernel(kernel: Kernel, muGraph: MuGraph): string[] {
	const faults: string[] = [];
	if (!isAxisList(kernel.grid, muGraph)) faults.push("grid axes are not distinct axes");
	if (kernel.loop !== null && (muGraph.axes[kernel.loop] === undefined || kernel.grid.includes(kernel.loop)))
		faults.push(`loop axis ${kernel.loop} is no axis, or on the grid`);
	if (!kernel.nodes.some((node) => node.kind === "store")) faults.push("stores nothing");
	kernel.nodes.forEach((node, id) => {
		for (const fault of checkNode(node, id, kernel, muGraph)) faults.push(`node ${id}: ${fault}`);
	});
	return faults;
}

function checkNode(node: BlockNode, id: number, kernel: Kernel, muGraph: MuGraph): string[] {
	if (!isAxisList(node.axes, muGraph) || !isAscending(node.axes)) return ["axes are not ascending axes"];
	const operands = blockNodeOperands(node).map((operand) =>
		operand < id ? kernel.nodes[operand] : undefined,
	);
	if (operands.some((operand) => operand === undefined)) return ["reads a node that does not come before it"];
	const known = operands.filter((operand) => operand !== undefined);
	return [
		...checkStage(node, id, known, kernel),
		...checkAxes(node, known, kernel),
		...checkKind(node, known, kernel, muGraph),
	];
}

function checkStage(node: BlockNode, id: number, operands: readonly BlockNode[], kernel: Kernel): string[] {
	const faults: string[] = [];
	const before = id === 0 ? 0 : (kernel.nodes[id - 1]?.stage ?? 0);
	if (!Number.isInteger(node.stage) || node.stage < before) faults.push("stages decrease");
	const inLoop = node.stage % 2 === 1;
	if (inLoop && kernel.loop === null) faults.push("a loop stage in a kernel without a loop");
	if (kernel.loop !== null && !inLoop && node.kind !== "constant" && node.axes.includes(kernel.loop))
		faults.push("has the loop axis outside the loop");
	for (const operand of operands) {
		if (operand.kind === "store") faults.push("reads a store");
		if (operand.stage > node.stage) faults.push("reads a later stage");
		if (operand.kind === "accumulate") {
			if (operand.stage === node.stage && operand.combine !== "max")
				faults.push("reads an unfinished accumulator that is no maximum");
		} else if (operand.kind === "accumulateDeviations") {
			if (operand.stage === node.stage) faults.push("reads deviations before their last step");
		} else if (operand.stage % 2 === 1 && operand.stage !== node.stage) {
			faults.push("reads a value of an earlier pass");
		}
	}
	return faults;
}

function union(operands: readonly BlockNode[]): Set<AxisId> {
	return new Set(operands.flatMap((operand) => operand.axes));
}

/** Result axes follow from the operands'; nothing reduces a grid axis. */
function checkAxes(node: BlockNode, operands: readonly BlockNode[], kernel: Kernel): string[] {
	const expected = union(operands);
	switch (node.kind) {
		case "load":
			return [];
		case "constant":
			return node.axes.length === 0 ? [] : ["a constant has axes"];
		case "reduce":
		case "accumulateDeviations":
		case "contract": {
			const faults: string[] = [];
			if (node.over.length === 0 || !isAscending(node.over)) faults.push("reduces no axis, or not ascending");
			for (const axis of node.over) {
				if (!expected.delete(axis)) faults.push(`reduces axis ${axis}, which no operand has`);
				if (kernel.grid.includes(axis)) faults.push(`reduces grid axis ${axis}`);
			}
			return [...faults, ...sameAxes(node, expected)];
		}
		case "accumulate":
			return sameAxes(node, union(operands.slice(0, 1)));
		case "map":
		case "store":
			return sameAxes(node, expected);
	}
}

function sameAxes(node: BlockNode, expected: ReadonlySet<AxisId>): string[] {
	const same = node.axes.length === expected.size && node.axes.every((axis) => expected.has(axis));
	return same ? [] : [`axes ${node.axes.join(",")}, expected ${[...expected].join(",")}`];
}

function checkKind(
	node: BlockNode,
	operands: readonly BlockNode[],
	kernel: Kernel,
	muGraph: MuGraph,
): string[] {
	switch (node.kind) {
		case "load":
			return checkLoad(node, muGraph);
		case "map":
			return operands.length === mapOperatorArity[node.operator]
				? []
				: [`${node.operator} has a wrong arity`];
		case "accumulate":
			return checkAccumulate(node, operands, kernel);
		case "accumulateDeviations":
			return checkDeviations(node, operands, kernel);
		case "store":
			return checkStore(node, kernel, muGraph);
		default:
			return [];
	}
}

function checkLoad(node: LoadNode, muGraph: MuGraph): string[] {
	const source = node.source;
	if (source.kind === "intermediate") {
		const axes = muGraph.intermediates[source.intermediate]?.axes;
		if (axes === undefined) return [`no intermediate ${source.intermediate}`];
		return sameAxes(node, new Set(axes));
	}
	const input = muGraph.inputs[source.input];
	if (input === undefined) return [`no input ${source.input}`];
	if (!accessFits(source.access, muGraph.axes, elementCount(input.shape)))
		return [`reads outside input ${source.input}`];
	return sameAxes(node, new Set(source.access.axes));
}

function checkAccumulate(node: AccumulateNode, operands: readonly BlockNode[], kernel: Kernel): string[] {
	const faults: string[] = [];
	const [operand, rescale] = operands;
	if (node.stage % 2 === 0) faults.push("accumulates outside the loop");
	if (operand?.stage !== node.stage) faults.push("accumulates a value of another stage");
	if (kernel.loop !== null && operand?.axes.includes(kernel.loop))
		faults.push("accumulates a value that has the loop axis");
	if (rescale !== undefined) {
		const isMaximum = rescale.kind === "accumulate" && rescale.combine === "max";
		if (!isMaximum || rescale.stage !== node.stage || node.combine !== "sum")
			faults.push("rescales by something else than a maximum of its stage, or no sum");
		if (!rescale.axes.every((axis) => node.axes.includes(axis))) faults.push("rescales by a wider value");
	}
	return faults;
}

function checkDeviations(
	node: AccumulateDeviationsNode,
	operands: readonly BlockNode[],
	kernel: Kernel,
): string[] {
	const faults: string[] = [];
	if (node.stage % 2 === 0) faults.push("accumulates outside the loop");
	if (operands[0]?.stage !== node.stage) faults.push("accumulates a value of another stage");
	if (kernel.loop === null || !node.over.includes(kernel.loop))
		faults.push("accumulates deviations over other axes than the loop's");
	return faults;
}

function checkStore(node: StoreNode, kernel: Kernel, muGraph: MuGraph): string[] {
	const faults: string[] = [];
	const target = node.target;
	for (const axis of kernel.grid)
		if (!node.axes.includes(axis)) faults.push(`every tile along grid axis ${axis} writes the same place`);
	if (kernel.loop !== null && node.stage % 2 === 1 && !node.axes.includes(kernel.loop))
		faults.push("every step writes the same place");
	if (target.kind === "intermediate") {
		const axes = muGraph.intermediates[target.intermediate]?.axes;
		if (axes === undefined) return [`no intermediate ${target.intermediate}`];
		return [...faults, ...sameAxes(node, new Set(axes))];
	}
	const output = muGraph.outputs[target.output];
	if (output === undefined) return [`no output ${target.output}`];
	if (!accessFits(target.access, muGraph.axes, elementCount(output.shape)))
		faults.push(`writes outside output ${target.output}`);
	return [...faults, ...sameAxes(node, new Set(target.access.axes))];
}

/** Each intermediate is written once, before any kernel reads it, and read by some later kernel. */
function checkIntermediates(muGraph: MuGraph): string[] {
	const faults: string[] = [];
	muGraph.intermediates.forEach((_, id) => {
		const writers: number[] = [];
		const readers: number[] = [];
		muGraph.kernels.forEach((kernel, k) => {
			for (const node of kernel.nodes) {
				if (node.kind === "store" && node.target.kind === "intermediate" && node.target.intermediate === id)
					writers.push(k);
				if (node.kind === "load" && node.source.kind === "intermediate" && node.source.intermediate === id)
					readers.push(k);
			}
		});
		const [writer] = writers;
		if (writer === undefined || writers.length > 1)
			faults.push(`intermediate ${id}: written ${writers.length} times`);
		else if (readers.length === 0) faults.push(`intermediate ${id}: never read`);
		else if (readers.some((reader) => reader <= writer))
			faults.push(`intermediate ${id}: read before kernel ${writer} has written it`);
	});
	return faults;
}

/** The stores of an output are disjoint and cover it. */
function checkOutputs(muGraph: MuGraph): string[] {
	const faults: string[] = [];
	muGraph.outputs.forEach((output, id) => {
		const pieces: PlacedAccess[] = [];
		for (const kernel of muGraph.kernels)
			for (const node of kernel.nodes)
				if (node.kind === "store" && node.target.kind === "output" && node.target.output === id)
					pieces.push(node.target.access);
		if (!coversOnce(pieces, muGraph.axes, elementCount(output.shape)))
			faults.push(`output ${id}: stores do not cover it exactly once`);
	});
	return faults;
}
