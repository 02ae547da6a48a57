// Groups of whole ONNX nodes on their way to islands, and the graph between them.

import { present } from "#shared/fault/assert.ts";
import { type Graph, type GraphNode, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import { classifyPrimitive } from "#shared/program/computable.ts";

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
		}
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
		const found = new Set<ClusterId>();
		for (const id of cluster.nodes)
			for (const consumer of this.#consumers.get(this.#node(id).output) ?? [])
				found.add(this.#clusterOf(consumer));
		found.delete(cluster.id);
		return [...found].sort((a, b) => a - b);
	}

	/** Clusters whose results this one reads, ascending. */
	producersOf(cluster: Cluster): ClusterId[] {
		const found = new Set<ClusterId>();
		for (const value of this.inputs(cluster)) {
			const producer = this.#producer.get(value);
			if (producer !== undefined) found.add(this.#clusterOf(producer));
		}
		found.delete(cluster.id);
		return [...found].sort((a, b) => a - b);
	}

	/**
	 * Clusters that may wait for this one by way of refused ONNX nodes, whose operands the graph does not show: they read
	 * what the graph returns, and values are numbered in the order of the model, so a foreign value may depend on every
	 * returned value before it.
	 */
	#waitingOutside(cluster: Cluster): Set<ClusterId> {
		const own = cluster.nodes.map((id) => this.#node(id).output).filter((value) => this.#returned.has(value));
		const first = Math.min(...own);
		const waiting = this.#foreign.filter(({ value }) => value > first).flatMap(({ readers }) => readers);
		return new Set(waiting.map((reader) => this.#clusterOf(reader)));
	}

	/** Whether no path leaves the two and comes back. Cost: the clusters below them. */
	staysConvex(first: Cluster, second: Cluster): boolean {
		const pair = new Set([first.id, second.id]);
		const outside = [first, second].flatMap((cluster) => [...this.#waitingOutside(cluster)]);
		if (outside.some((id) => pair.has(id))) return false;
		const inside = [first, second]
			.flatMap((cluster) => this.consumersOf(cluster))
			.filter((id) => !pair.has(id));
		const seen = new Set([...inside, ...outside]);
		const stack = [...seen];
		for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
			const cluster = this.get(id);
			for (const next of [...this.consumersOf(cluster), ...this.#waitingOutside(cluster)]) {
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
		this.#clusters.delete(first.id);
		this.#clusters.delete(second.id);
		this.#clusters.set(union.id, union);
		for (const source of union.sources) this.#clusterOfSource.set(source, union.id);
		return union;
	}
}
