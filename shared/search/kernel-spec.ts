import { present } from "#shared/fault/assert.ts";
import type { StoreTarget } from "#shared/mugraph/mugraph.ts";
import {
	type AxisId,
	type Program,
	type ProgramNodeId,
	programNodeOperands,
} from "#shared/program/program.ts";

export interface KernelStore {
	readonly node: ProgramNodeId;
	/** An intermediate is named by the DAG node it holds until assembly numbers it. */
	readonly target: StoreTarget;
}

/** One kernel before it is placed: what it computes, what it loads from earlier kernels, what it stores. */
export interface KernelSpec {
	readonly dag: Program;
	/** Nodes that the kernel has, loads included, ascending. */
	readonly nodes: readonly ProgramNodeId[];
	/** Values of other kernels, loaded from device memory. */
	readonly boundary: ReadonlySet<ProgramNodeId>;
	readonly stores: readonly KernelStore[];
	/** Equal for equal kernels of the same DAG. */
	readonly key: string;
}

/** The kernel that computes `units`, stores `stored` for later kernels and every program output among its nodes' units. */
export function describeKernel(
	dag: Program,
	units: ReadonlySet<ProgramNodeId>,
	stored: ReadonlySet<ProgramNodeId>,
	boundary: ReadonlySet<ProgramNodeId>,
): KernelSpec {
	const stores: KernelStore[] = [...stored]
		.sort((a, b) => a - b)
		.map((node) => ({ node, target: { kind: "intermediate", intermediate: node } }));
	dag.outputs.forEach((output, id) => {
		for (const { node, access } of output.pieces)
			if (units.has(node)) stores.push({ node, target: { kind: "output", output: id, access } });
	});
	const nodes = new Set<ProgramNodeId>();
	const visit = (id: ProgramNodeId): void => {
		if (nodes.has(id)) return;
		nodes.add(id);
		if (boundary.has(id)) return;
		for (const operand of programNodeOperands(present(dag.nodes[id], "node"))) visit(operand);
	};
	for (const store of stores) visit(store.node);
	const key = `${stores.map(keyOfStore).join(" ")} < ${[...boundary].sort((a, b) => a - b).join()}`;
	return { dag, nodes: [...nodes].sort((a, b) => a - b), boundary, stores, key };
}

function keyOfStore({ node, target }: KernelStore): string {
	if (target.kind === "intermediate") return `${node}`;
	const { offset, axes, strides } = target.access;
	return `${node}>${target.output}@${offset}:${axes.join()}:${strides.join()}`;
}

/** Axes that the kernel's own reductions and contractions sum. */
export function reducedAxes(spec: KernelSpec): ReadonlySet<AxisId> {
	const reduced = new Set<AxisId>();
	for (const id of spec.nodes) {
		const node = present(spec.dag.nodes[id], "node");
		if (spec.boundary.has(id)) continue;
		if (node.kind === "reduce" || node.kind === "contract") for (const axis of node.over) reduced.add(axis);
	}
	return reduced;
}
