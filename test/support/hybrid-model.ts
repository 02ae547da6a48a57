// A whole model as a host would run it: islands as tuned kernels, nodes that Kiln refused in ONNX Runtime, everything
// else by the interpreter.

import { runWithKernels } from "#cli/run-with-kernels.ts";
import { present } from "#shared/fault/assert.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { extractSource } from "#shared/onnx/extract-source.ts";
import { defaultImportLimits } from "#shared/onnx/import-limits.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { Refusal } from "#shared/onnx/import-options.ts";
import type { OnnxNode } from "#shared/onnx/model.ts";
import { readModel } from "#shared/onnx/read-model.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { runOnnxRuntime } from "./run-onnxruntime.ts";

export interface HybridRun {
	readonly outputs: ReadonlyMap<string, TensorData>;
	/** Runs of kernels: an island that several refused nodes wait for may run for each. */
	readonly kernelsRun: number;
}

export type HybridModel = (inputs: Readonly<Record<string, TensorData>>) => Promise<HybridRun>;

/** `kernels`: the folder that `kiln optimize` wrote. */
export function openHybridModel(
	bytes: Uint8Array,
	shapes: Readonly<Record<string, number>>,
	kernels: string,
): HybridModel {
	const { graph, refusals } = importModel(bytes, { shapes });
	const { islands } = partitionGraph(graph);
	const ids = new Map([
		...graph.inputs.map(({ value }) => named(graph, value)),
		...graph.outputs.map(asNamed),
	]);
	const idOf = (name: string): ValueId => present(ids.get(name), `an input or output named ${name}`);
	const hosts = hostNodes(bytes, graph, refusals, ids);
	return async (inputs) => {
		const known = new Map(Object.entries(inputs).map(([name, tensor]) => [idOf(name), tensor]));
		let kernelsRun = 0;
		const evaluate = async (outputs: Graph["outputs"]): Promise<void> => {
			const run = await runWithKernels({ ...graph, outputs }, islands, kernels, known);
			for (const [id, tensor] of run.outputs) known.set(id, tensor);
			kernelsRun += run.kernelsRun;
		};
		const read = (name: string) =>
			[name, present(known.get(idOf(name)), "a value that was computed")] as const;
		for (const host of hosts) {
			await evaluate(host.inputs.map((name) => ({ name, value: idOf(name) })));
			const results = await runOnnxRuntime(host.model, Object.fromEntries(host.inputs.map(read)));
			for (const [name, tensor] of Object.entries(results)) known.set(idOf(name), tensor);
		}
		await evaluate(graph.outputs);
		return { outputs: new Map(graph.outputs.map(({ name }) => read(name))), kernelsRun };
	};
}

const asNamed = ({ name, value }: Graph["outputs"][number]) => [name, value] as const;

const named = (graph: Graph, id: ValueId) => [present(graph.values[id], "a value").name, id] as const;

/** A refused node as a model of its own, with whatever it needs that the graph does not give. */
interface HostNode {
	readonly model: Uint8Array;
	/** Names of the values that must be computed before it runs; its weights are in the model. */
	readonly inputs: readonly string[];
}

/** Those that the graph reads a result of, in the order of the file. */
function hostNodes(
	bytes: Uint8Array,
	graph: Graph,
	refusals: readonly Refusal[],
	ids: ReadonlyMap<string, ValueId>,
): readonly HostNode[] {
	const { nodes } = readModel(bytes, defaultImportLimits).graph;
	const valueShapes = new Map([...ids].map(([name, id]) => [name, present(graph.values[id], "a value")]));
	return refusals.flatMap(({ index }) => {
		const node = present(nodes[index], "a refused node of the file");
		const outputs = node.outputs.filter((name) => ids.has(name));
		if (outputs.length === 0) return [];
		const inputs = namesBefore(nodes, node, ids);
		const extracted = extractSource(bytes, { sourceIndices: [index], inputs, outputs, valueShapes });
		if (extracted.kind === "incomplete")
			throw new Error(`node ${index} ${node.operator}: nothing gives '${extracted.missing}'`);
		return { model: extracted.bytes, inputs };
	});
}

/** The graph's values that a node reads, directly or through nodes whose results the graph does not name. */
function namesBefore(
	nodes: readonly OnnxNode[],
	node: OnnxNode,
	ids: ReadonlyMap<string, ValueId>,
): readonly string[] {
	const found = new Set<string>();
	const pending = [...node.inputs];
	for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
		const wanted = name;
		if (ids.has(wanted)) found.add(wanted);
		else pending.push(...(nodes.find(({ outputs }) => outputs.includes(wanted))?.inputs ?? []));
	}
	return [...found];
}
