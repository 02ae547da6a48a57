// Runs a graph with tuned kernels for the islands that have one and the reference for everything else.

import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type Graph, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import { evaluateNode } from "#shared/graph/interpret.ts";
import type { Island } from "#shared/partition/partition.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { kernelFolders } from "./kernel-folders.ts";
import { type Kernel, loadKernel } from "./load-kernel.ts";

export interface KernelRun {
	/** Values of the graph's outputs. */
	readonly outputs: ReadonlyMap<ValueId, TensorData>;
	/** Islands that a kernel computed. */
	readonly kernelsRun: number;
}

/**
 * `directory`: kernel folders, as `kiln optimize` writes them. An island runs as the kernel whose manifest names its
 * program; an island without one, and every node outside, is evaluated node by node.
 */
export async function runWithKernels(
	graph: Graph,
	islands: readonly Island[],
	directory: string,
	inputs: ReadonlyMap<ValueId, TensorData>,
): Promise<KernelRun> {
	const folders = await kernelFolders(directory);
	const kernels = new Map<string, Kernel>();
	try {
		for (const { digest } of islands) {
			const found = folders.get(digest);
			if (found !== undefined && !kernels.has(digest)) kernels.set(digest, await loadKernel(found.folder));
		}
		return new KernelInterpreter(graph, islands, kernels, inputs).run();
	} finally {
		for (const kernel of kernels.values()) kernel.close();
	}
}

/** Computes values on demand, so that an island runs when its last input is there, wherever its nodes stand in the list. */
class KernelInterpreter {
	readonly #graph: Graph;
	readonly #kernels: ReadonlyMap<string, Kernel>;
	readonly #values: Map<ValueId, TensorData>;
	readonly #producers = new Map<ValueId, number | Island>();
	#kernelsRun = 0;

	constructor(
		graph: Graph,
		islands: readonly Island[],
		kernels: ReadonlyMap<string, Kernel>,
		inputs: ReadonlyMap<ValueId, TensorData>,
	) {
		this.#graph = graph;
		this.#kernels = kernels;
		this.#values = new Map([...graph.constants, ...inputs]);
		for (const [index, node] of graph.nodes.entries()) this.#producers.set(node.output, index);
		for (const island of islands) {
			if (!kernels.has(island.digest)) continue;
			for (const value of island.programOutputs) this.#producers.set(value, island);
		}
	}

	run(): KernelRun {
		const outputs = new Map(this.#graph.outputs.map(({ value }) => [value, this.#demand(value)]));
		return { outputs, kernelsRun: this.#kernelsRun };
	}

	/** Depth first with a stack of its own: graphs are deeper than the call stack allows. */
	#demand(wanted: ValueId): TensorData {
		const stack = [wanted];
		for (let value = stack.at(-1); value !== undefined; value = stack.at(-1)) {
			const producer = this.#values.has(value) ? undefined : this.#producerOf(value);
			const missing =
				producer === undefined ? [] : this.#operands(producer).filter((id) => !this.#values.has(id));
			if (missing.length > 0) {
				stack.push(...missing);
				continue;
			}
			if (producer !== undefined) this.#compute(producer);
			stack.pop();
		}
		return this.#read(wanted);
	}

	#producerOf(value: ValueId): number | Island {
		const producer = this.#producers.get(value);
		if (producer !== undefined) return producer;
		const name = this.#graph.values[value]?.name ?? "";
		throw new OptimizeError("request.invalid", `no value for graph input '${name}'`, { input: name });
	}

	#operands(producer: number | Island): readonly ValueId[] {
		return typeof producer === "number" ? nodeOperands(this.#node(producer)) : producer.programInputs;
	}

	#compute(producer: number | Island): void {
		if (typeof producer === "number") {
			const node = this.#node(producer);
			const operands = nodeOperands(node).map((id) => this.#read(id));
			const output = present(this.#graph.values[node.output], "a node's output is a value");
			this.#values.set(node.output, evaluateNode(node, operands, output));
			return;
		}
		const kernel = present(this.#kernels.get(producer.digest), "an island that runs as a kernel has one");
		const results = kernel.run(producer.programInputs.map((id) => this.#read(id)));
		for (const [index, value] of producer.programOutputs.entries()) {
			const { dataType, shape } = present(this.#graph.values[value], "an island's output is a value");
			const { bytes } = present(results[index], "a kernel gives every output");
			this.#values.set(value, { dataType, shape, bytes });
		}
		this.#kernelsRun++;
	}

	#node(index: number) {
		return present(this.#graph.nodes[index], "a producer is a node of the graph");
	}

	#read(value: ValueId): TensorData {
		return present(this.#values.get(value), "a demanded value was computed");
	}
}
