// Groups of whole ONNX nodes on their way to islands, and the graph between them.

import { present } from "#shared/fault/assert.ts";
import { type Graph, type GraphNode, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import { classifyPrimitive } from "#shared/program/computable.ts";
import { TopologicalOrder } from "./topological-order.ts";

/** Index of a cluster: the smallest of its sources. */
export type ClusterId = number;

export interface Cluster {
	readonly id: ClusterId;
	/** ONNX nodes, ascending. */
	readonly sources: readonly number[];
	/** Indices into `graph.nodes`, ascending. */
	readonly nodes: readonly number[];
	/** Why it can be in no island; null when it can. */
	readonly refusal: string | null;
}

/** The quotient of the graph by its clusters; acyclic at all times, so that each cluster can run as one operator. */
export class ClusterGraph {
	readonly #graph: Graph;
	readonly #clusters = new Map<ClusterId, Cluster>();
	readonly #clusterOfSource = new Map<number, ClusterId>();
	readonly #producer = new Map<ValueId, GraphNode>();
	readonly #consumers = new Map<ValueId, GraphNode[]>();
	readonly #returned: ReadonlySet<ValueId>;
	/** ONNX nodes that read a cluster's results, by cluster. */
	readonly #consumerSources = new Map<ClusterId, readonly number[]>();
	readonly #order: TopologicalOrder;
	/** Results of refused ONNX nodes, ascending, and who reads them. */
	readonly #foreign: readonly { readonly value: ValueId; readonly readers: readonly GraphNode[] }[];

	/** One cluster for each ONNX node that has primitives. */
	constructor(graph: Graph) {
		this.#graph = graph;
		this.#returned = new Set(graph.outputs.map((output) => output.value));
		const nodesOfSource = new Map<number, number[]>();
		for (const [id, node] of graph.nodes.entries()) {
			const nodes = nodesOfSource.get(node.source) ?? [];
			nodesOfSource.set(node.source, [...nodes, id]);
			this.#producer.set(node.output, node);
			for (const operand of new Set(nodeOperands(node))) {
				const consumers = this.#consumers.get(operand) ?? [];
				this.#consumers.set(operand, [...consumers, node]);
			}
		}
		this.#foreign = graph.inputs
			.filter((input) => input.role === "foreign")
			.map(({ value }) => ({ value, readers: this.#consumers.get(value) ?? [] }));
		for (const [source, nodes] of [...nodesOfSource].sort(([a], [b]) => a - b)) {
			this.#clusters.set(source, { id: source, sources: [source], nodes, refusal: this.#refusalOf(nodes) });
			this.#clusterOfSource.set(source, source);
			const readers = nodes.flatMap((id) => this.#consumers.get(this.#node(id).output) ?? []);
			this.#consumerSources.set(source, [...new Set(readers.map((reader) => reader.source))]);
		}
		this.#order = new TopologicalOrder([...this.#clusters.keys()], (id) => this.#successorsOf(this.get(id)));
	}

	#refusalOf(nodes: readonly number[]): string | null {
		for (const id of nodes) {
			const primitive = classifyPrimitive(this.#graph, this.#node(id));
			if (primitive.kind === "refused") return primitive.reason;
		}
		return null;
	}

	#node(id: number): GraphNode {
		return present(this.#graph.nodes[id], "node of the graph");
	}

	/** All clusters, by id. */
	clusters(): Cluster[] {
		return [...this.#clusters.values()].sort((a, b) => a.id - b.id);
	}

	get(id: ClusterId): Cluster {
		return present(this.#clusters.get(id), "cluster");
	}

	/** null once it has been merged into another. */
	find(id: ClusterId): Cluster | null {
		return this.#clusters.get(id) ?? null;
	}

	#clusterOf(node: GraphNode): ClusterId {
		return present(this.#clusterOfSource.get(node.source), "cluster of a node");
	}

	/** Values read and not computed here, in order of first use. */
	inputs(cluster: Pick<Cluster, "nodes" | "sources">): ValueId[] {
		const own = new Set(cluster.nodes.map((id) => this.#node(id).output));
		const read = cluster.nodes.flatMap((id) => nodeOperands(this.#node(id)));
		return [...new Set(read)].filter((value) => !own.has(value));
	}

	/** Values computed here and wanted elsewhere, in node order. */
	outputs(cluster: Pick<Cluster, "nodes" | "sources">): ValueId[] {
		const sources = new Set(cluster.sources);
		return cluster.nodes
			.map((id) => this.#node(id).output)
			.filter(
				(value) =>
					this.#returned.has(value) ||
					(this.#consumers.get(value) ?? []).some((consumer) => !sources.has(consumer.source)),
			);
	}

	/** Clusters that read a computed value; for inputs and constants, those and the caller (`-1`) who holds them. */
	readersOf(value: ValueId): number[] {
		const readers = (this.#consumers.get(value) ?? []).map((consumer) => this.#clusterOf(consumer));
		const isStored = !this.#producer.has(value) || this.#returned.has(value);
		return isStored ? [...readers, -1] : readers;
	}

	/** Clusters that read what this one computes, ascending. */
	consumersOf(cluster: Cluster): ClusterId[] {
		const sources = this.#consumerSources.get(cluster.id) ?? [];
		const found = new Set(sources.map((source) => present(this.#clusterOfSource.get(source), "cluster")));
		found.delete(cluster.id);
		return [...found].sort((a, b) => a - b);
	}

	/**
	 * Clusters that may wait for this one by way of refused ONNX nodes, whose operands the graph does not show: they read
	 * what the graph returns, and values are numbered in the order of the model, so a foreign value may depend on every
	 * returned value before it.
	 */
	#waitingOutside(cluster: Cluster): Set<ClusterId> {
		if (this.#foreign.length === 0) return new Set();
		const own = cluster.nodes.map((id) => this.#node(id).output).filter((value) => this.#returned.has(value));
		const first = Math.min(...own);
		const waiting = this.#foreign.filter(({ value }) => value > first).flatMap(({ readers }) => readers);
		return new Set(waiting.map((reader) => this.#clusterOf(reader)));
	}

	#successorsOf(cluster: Cluster): ClusterId[] {
		return [...this.consumersOf(cluster), ...this.#waitingOutside(cluster)];
	}

	/** Whether no path leaves the two and comes back. Cost: the clusters between them. */
	staysConvex(first: Cluster, second: Cluster): boolean {
		const pair = new Set([first.id, second.id]);
		if ([first, second].some((part) => [...this.#waitingOutside(part)].some((id) => pair.has(id))))
			return false;
		const last = Math.max(this.#order.positionOf(first.id), this.#order.positionOf(second.id));
		const seen = new Set(
			[first, second].flatMap((part) => this.#successorsOf(part)).filter((id) => !pair.has(id)),
		);
		const stack = [...seen];
		for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
			if (this.#order.positionOf(id) > last) continue;
			for (const next of this.#successorsOf(this.get(id))) {
				if (pair.has(next)) return false;
				if (!seen.has(next)) stack.push(next);
				seen.add(next);
			}
		}
		return true;
	}

	/** What the two would be together. */
	union(first: Cluster, second: Cluster): Cluster {
		const ascending = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);
		return {
			id: Math.min(first.id, second.id),
			sources: ascending([...first.sources, ...second.sources]),
			nodes: ascending([...first.nodes, ...second.nodes]),
			refusal: first.refusal ?? second.refusal,
		};
	}

	/** Replaces two clusters by their union. */
	merge(first: Cluster, second: Cluster): Cluster {
		const union = this.union(first, second);
		this.#order.merge(first.id, second.id, union.id, (id) => this.#successorsOf(this.get(id)));
		this.#clusters.delete(first.id);
		this.#clusters.delete(second.id);
		this.#clusters.set(union.id, union);
		const consumers = [first, second].flatMap((part) => this.#consumerSources.get(part.id) ?? []);
		this.#consumerSources.set(union.id, [...new Set(consumers)]);
		for (const source of union.sources) this.#clusterOfSource.set(source, union.id);
		return union;
	}
}
