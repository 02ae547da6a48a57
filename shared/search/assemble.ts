import { present } from "#shared/fault/assert.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program, ProgramNodeId } from "#shared/program/program.ts";
import type { AxisSplit } from "#shared/program/split-axes.ts";

/** A µGraph from placed kernels whose intermediates are still named by DAG nodes: numbers them in order of their stores. `dag` is over the split axes. */
export function assembleMuGraph(
	dag: Program,
	splits: readonly AxisSplit[],
	kernels: readonly Kernel[],
): MuGraph {
	const numbers = new Map<ProgramNodeId, number>();
	const stored: ProgramNodeId[] = [];
	for (const kernel of kernels) {
		for (const node of kernel.nodes) {
			if (node.kind !== "store" || node.target.kind !== "intermediate") continue;
			numbers.set(node.target.intermediate, stored.length);
			stored.push(node.target.intermediate);
		}
	}
	const numberOf = (node: ProgramNodeId): number => present(numbers.get(node), "intermediate stored earlier");
	return {
		axes: dag.axes,
		splits,
		inputs: dag.inputs,
		outputs: dag.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
		intermediates: stored.map((node) => ({ axes: present(dag.nodes[node], "node").axes })),
		kernels: kernels.map((kernel) => numberIntermediates(kernel, numberOf)),
	};
}

function numberIntermediates(kernel: Kernel, numberOf: (node: ProgramNodeId) => number): Kernel {
	return {
		...kernel,
		nodes: kernel.nodes.map((node) => {
			if (node.kind === "store" && node.target.kind === "intermediate")
				return { ...node, target: { ...node.target, intermediate: numberOf(node.target.intermediate) } };
			if (node.kind === "load" && node.source.kind === "intermediate")
				return { ...node, source: { ...node.source, intermediate: numberOf(node.source.intermediate) } };
			return node;
		}),
	};
}
