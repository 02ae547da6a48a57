// Small tensor programs for tests, written by hand.

import type { Graph, GraphNode, Value } from "#shared/graph/graph.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

type Unplaced<N> = N extends GraphNode ? Omit<N, "source"> : never;

export interface GraphSketch {
	/** One entry a value, in order. */
	readonly values: readonly (readonly [name: string, shape: Shape, dataType?: DataType])[];
	/** Ids of the inputs. Default: all values that nothing else defines. */
	readonly inputs?: readonly number[];
	readonly constants?: Readonly<Record<number, TensorData>>;
	readonly nodes: readonly Unplaced<GraphNode>[];
	readonly outputs: readonly number[];
}

/** A graph whose nodes all come from one ONNX node named "node" (operator Test). Nothing is checked. */
export function sketchGraph(sketch: GraphSketch): Graph {
	const values: Value[] = sketch.values.map(([name, shape, dataType = "float32"]) => ({
		name,
		shape,
		dataType,
	}));
	const constants = new Map(Object.entries(sketch.constants ?? {}).map(([id, data]) => [Number(id), data]));
	const made = new Set([...constants.keys(), ...sketch.nodes.map(({ output }) => output)]);
	const inputs = sketch.inputs ?? values.map((_, id) => id).filter((id) => !made.has(id));
	return {
		name: "sketch",
		values,
		inputs: inputs.map((value) => ({ value, role: "activation" })),
		constants,
		nodes: sketch.nodes.map((node) => ({ ...node, source: 0 })),
		outputs: sketch.outputs.map((value) => ({ value, name: `out_${value}` })),
		sources: [{ index: 0, name: "node", operator: "Test", domain: "" }],
	};
}
