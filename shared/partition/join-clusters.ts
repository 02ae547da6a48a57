// Applies the joining rules (join-rules.ts) to the clusters of a graph until none applies. Deterministic: clusters are
// visited in the order of their first ONNX node.

import { present } from "#shared/fault/assert.ts";
import type { Graph, GraphNode, ValueId } from "#shared/graph/graph.ts";
import { type BuildOutcome, buildProgram } from "#shared/program/build-program.ts";
import { isArithmetic } from "#shared/program/computable.ts";
import type { Cluster, ClusterGraph } from "./cluster.ts";
import { type IslandShape, judgeProgram } from "./island-policy.ts";
import {
	drainingViewRule,
	feedingViewRule,
	type JoinCandidate,
	type JoinRule,
	joinRules,
	siblingRule,
	type Traits,
} from "./join-rules.ts";

export interface JoinLimits {
	/** Arithmetic primitives of one island. */
	readonly operatorsMax: number;
}

/** Joins clusters in place. Cost: a program built for each pair tried, pairs being edges between clusters. */
export function joinClusters(graph: Graph, clusters: ClusterGraph, limits: JoinLimits): void {
	const joiner = new Joiner(graph, clusters, limits);
	for (const rule of joinRules) joiner.joinAlongEdges(rule);
	joiner.joinSiblings(siblingRule);
	joiner.joinAlongEdges(feedingViewRule);
	joiner.joinAlongEdges(drainingViewRule);
}

/** What a cluster would compute as an island. */
export function buildCluster(graph: Graph, clusters: ClusterGraph, cluster: Cluster): BuildOutcome {
	if (cluster.refusal !== null) return { kind: "border", reason: cluster.refusal };
	return buildProgram(graph, cluster.nodes, clusters.outputs(cluster));
}

class Joiner {
	readonly #graph: Graph;
	readonly #clusters: ClusterGraph;
	readonly #limits: JoinLimits;
	readonly #candidates = new Map<string, JoinCandidate>();
	/** Pairs that cannot be one island. Clusters only grow, so such a pair stays impossible. */
	readonly #impossible = new Set<string>();
	readonly #unions = new Map<string, IslandShape>();

	constructor(graph: Graph, clusters: ClusterGraph, limits: JoinLimits) {
		this.#graph = graph;
		this.#clusters = clusters;
		this.#limits = limits;
	}

	joinAlongEdges(rule: JoinRule): void {
		this.#joinUntilNone((cluster) => this.#clusters.consumersOf(cluster), rule);
	}

	/** Pairs that contract, or reduce, the same activation. */
	joinSiblings(rule: JoinRule): void {
		this.#joinUntilNone((cluster) => {
			const own = this.#summed(cluster);
			const others = this.#clusters.clusters().filter((other) => other.id > cluster.id);
			return others
				.filter((other) => [...this.#summed(other)].some((value) => own.has(value)))
				.map((other) => other.id);
		}, rule);
	}

	#joinUntilNone(neighboursOf: (cluster: Cluster) => number[], rule: JoinRule): void {
		for (let hasJoined = true; hasJoined; ) {
			hasJoined = false;
			for (const { id } of this.#clusters.clusters()) {
				let current = this.#clusters.find(id);
				while (current !== null) {
					current = this.#joinOne(current, neighboursOf(current), rule);
					hasJoined ||= current !== null;
				}
			}
		}
	}

	#joinOne(cluster: Cluster, neighbours: readonly number[], rule: JoinRule): Cluster | null {
		for (const id of neighbours) {
			const other = this.#clusters.get(id);
			const shape = this.#accepted(cluster, other, rule);
			if (shape === null) continue;
			const merged = this.#clusters.merge(cluster, other);
			this.#candidates.set(keyOf(merged), { traits: this.#traits(merged), shape });
			return merged;
		}
		return null;
	}

	/** What the union would be, when the rule joins the two. */
	#accepted(producer: Cluster, consumer: Cluster, rule: JoinRule): IslandShape | null {
		if (producer.refusal !== null || consumer.refusal !== null) return null;
		const from = this.#candidate(producer);
		const to = this.#candidate(consumer);
		if (!rule.takes(from, to)) return null;
		if (rule.isPrivate === true && !this.#isPrivate(producer, consumer)) return null;
		const mayStore = from.traits.hasArithmetic || rule.storesViews === true;
		if (!mayStore && !this.#feedsOnly(producer, consumer)) return null;
		const union = this.#unionShape(producer, consumer);
		return union !== null && (rule.allows?.(union, from, to) ?? true) ? union : null;
	}

	/** A view that others read too would have to be stored by the island: it then costs what it did before. */
	#feedsOnly(producer: Cluster, consumer: Cluster): boolean {
		const outputs = this.#clusters.outputs(this.#clusters.union(producer, consumer));
		const own = new Set(producer.nodes.map((id) => this.#node(id).output));
		return !outputs.some((value) => own.has(value));
	}

	#isPrivate(producer: Cluster, consumer: Cluster): boolean {
		const inputs = this.#clusters.inputs(producer);
		return (
			this.#feedsOnly(producer, consumer) &&
			inputs.every((value) => this.#clusters.readersOf(value).some((reader) => reader !== producer.id))
		);
	}

	#unionShape(first: Cluster, second: Cluster): IslandShape | null {
		const key = `${keyOf(first)}+${keyOf(second)}`;
		if (this.#impossible.has(key)) return null;
		const known = this.#unions.get(key);
		if (known !== undefined) return this.#clusters.staysConvex(first, second) ? known : null;
		const shape = this.#judgeUnion(first, second);
		if (shape === null) this.#impossible.add(key);
		else this.#unions.set(key, shape);
		return shape;
	}

	#judgeUnion(first: Cluster, second: Cluster): IslandShape | null {
		const union = this.#clusters.union(first, second);
		const operators = union.nodes.filter((id) => isArithmetic(this.#graph, this.#node(id))).length;
		if (operators > this.#limits.operatorsMax || !this.#clusters.staysConvex(first, second)) return null;
		const built = buildCluster(this.#graph, this.#clusters, union);
		if (built.kind === "border") return null;
		const shape = judgeProgram(built.program);
		return "refused" in shape ? null : shape;
	}

	#candidate(cluster: Cluster): JoinCandidate {
		const key = keyOf(cluster);
		const known = this.#candidates.get(key);
		if (known !== undefined) return known;
		const built = buildCluster(this.#graph, this.#clusters, cluster);
		const shape = built.kind === "built" ? judgeProgram(built.program) : null;
		const candidate = {
			traits: this.#traits(cluster),
			shape: shape === null || "refused" in shape ? null : shape,
		};
		this.#candidates.set(key, candidate);
		return candidate;
	}

	#traits(cluster: Cluster): Traits {
		const nodes = cluster.nodes.map((id) => this.#node(id));
		const has = (kind: GraphNode["kind"]): boolean => nodes.some((node) => node.kind === kind);
		return {
			hasContraction: has("matmul"),
			hasReduction: has("reduce"),
			hasArithmetic: nodes.some((node) => isArithmetic(this.#graph, node)),
			hasSlice: has("slice"),
			hasConcat: has("concat"),
		};
	}

	/** Activations from outside that a contraction has on its left, or that a cluster without contractions reduces. */
	#summed(cluster: Cluster): ReadonlySet<ValueId> {
		const nodes = cluster.nodes.map((id) => this.#node(id));
		const inputs = this.#clusters.inputs(cluster).filter((value) => !this.#graph.constants.has(value));
		const lefts = nodes.flatMap((node) => (node.kind === "matmul" ? [node.left] : []));
		if (lefts.length > 0) return new Set(inputs.filter((value) => lefts.includes(value)));
		return new Set(nodes.some((node) => node.kind === "reduce") ? inputs : []);
	}

	#node(id: number): GraphNode {
		return present(this.#graph.nodes[id], "node of the graph");
	}
}

/** Clusters only grow, so first source and number of primitives name one. */
function keyOf(cluster: Cluster): string {
	return `${cluster.id}:${cluster.nodes.length}`;
}
