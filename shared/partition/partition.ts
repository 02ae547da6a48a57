// From a graph to islands: groups of whole ONNX nodes that one kernel, or a few, can compute better than a general
// runtime does one by one. In: the primitives of a graph. Out: for each island its canonical program and the values that
// bind it; and every ONNX node that stays outside, with its reason. Islands are convex (no path leaves one and comes back), so that each
// can be replaced by one custom operator. The idea: grow groups of ONNX nodes along edges by an ordered list of rules
// (join-rules.ts), a join being possible when the union is still one program (program/build-program.ts) that is worth
// searching (island-policy.ts).

import { present } from "#shared/fault/assert.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { isArithmetic } from "#shared/program/computable.ts";
import { canonicalProgram, canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import type { Program } from "#shared/program/program.ts";
import { type Cluster, ClusterGraph } from "./cluster.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { buildCluster, joinClusters } from "./join-clusters.ts";
import { OPERATORS_MAX_DEFAULT } from "./limits.ts";

export interface PartitionOptions {
	/** Most arithmetic primitives in one island. Default: 32. */
	readonly operatorsMax?: number;
}

export interface Island {
	readonly index: number;
	/** Indices into `graph.sources`, ascending: whole ONNX nodes, all their primitives. */
	readonly sources: readonly number[];
	/** Indices into `graph.nodes`, ascending. */
	readonly nodes: readonly number[];
	/** Every value read from outside (scalar constants too), in order of first use. */
	readonly inputs: readonly ValueId[];
	/** Every value wanted outside, in node order. */
	readonly outputs: readonly ValueId[];
	/** Canonical. */
	readonly program: Program;
	/** Program input i is this value's flat row-major buffer. */
	readonly programInputs: readonly ValueId[];
	/** Program output i is this value's flat row-major buffer. */
	readonly programOutputs: readonly ValueId[];
	/** Of the program: islands of equal digest are the same kernel. */
	readonly digest: string;
}

export interface OutsideSource {
	/** Index into `graph.sources`. */
	readonly source: number;
	readonly reason: string;
}

export interface Partition {
	/** By first ONNX node. */
	readonly islands: readonly Island[];
	/** ONNX nodes that no island has, by index; those folded into constants are in neither list. */
	readonly outside: readonly OutsideSource[];
	readonly coverage: Coverage;
}

/** Cuts a graph into islands and the rest. Deterministic. Never fails: what cannot be an island is outside. */
export function partitionGraph(graph: Graph, options: PartitionOptions = {}): Partition {
	const clusters = new ClusterGraph(graph);
	joinClusters(graph, clusters, { operatorsMax: options.operatorsMax ?? OPERATORS_MAX_DEFAULT });
	const islands: Island[] = [];
	const outside: OutsideSource[] = [];
	for (const cluster of clusters.clusters()) {
		const outcome = toIsland(graph, clusters, cluster, islands.length);
		if (typeof outcome !== "string") islands.push(outcome);
		else for (const source of cluster.sources) outside.push({ source, reason: outcome });
	}
	outside.sort((a, b) => a.source - b.source);
	return { islands, outside, coverage: coverageOf(graph, islands) };
}

/** Element-wise work that takes less time than moving its operands: alone it has nothing to be fused with. */
function isCheap(graph: Graph, id: number | undefined): boolean {
	const node = present(id === undefined ? undefined : graph.nodes[id], "node");
	if (node.kind === "unary")
		return ["abs", "negate", "floor", "ceil", "roundHalfEven", "sign", "not"].includes(node.operator);
	return (
		node.kind === "select" || node.kind === "cast" || (node.kind === "binary" && node.operator !== "power")
	);
}

/** The island, or why the cluster is none. */
function toIsland(graph: Graph, clusters: ClusterGraph, cluster: Cluster, index: number): Island | string {
	if (cluster.refusal !== null) return cluster.refusal;
	const arithmetic = cluster.nodes.filter((id) => isArithmetic(graph, present(graph.nodes[id], "node")));
	if (arithmetic.length === 0) return "data movement alone";
	if (arithmetic.length === 1 && isCheap(graph, arithmetic[0])) return "a single element-wise operator";
	const outputs = clusters.outputs(cluster);
	if (outputs.length === 0) return "nothing reads its results";
	const built = buildCluster(graph, clusters, cluster);
	if (built.kind === "border") return built.reason;
	if (built.program.axes.length === 0) return "scalars alone";
	const { program, inputOrder, outputOrder } = canonicalProgram(built.program);
	return {
		index,
		sources: cluster.sources,
		nodes: cluster.nodes,
		inputs: clusters.inputs(cluster),
		outputs,
		program,
		programInputs: inputOrder.map((input) => present(built.inputs[input], "program input")),
		programOutputs: outputOrder.map((output) => present(outputs[output], "program output")),
		digest: canonicalProgramDigest(program),
	};
}
