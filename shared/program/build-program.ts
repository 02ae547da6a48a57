// From an island's primitives to a program: axis labels by unification (refine-axes.ts), views dissolved into accesses
// (label-values.ts), outputs and sums cut at concatenations (value-cuts.ts). What cannot be one program is an outcome with its
// reason, and partitioning ends the island there.

import { assert, present } from "#shared/fault/assert.ts";
import type { Graph, GraphNode, ValueId } from "#shared/graph/graph.ts";
import { Border } from "./border.ts";
import { coalesceAxes } from "./coalesce-axes.ts";
import { classifyPrimitive, isComputedType } from "./computable.ts";
import { hasDistinctAxes } from "./draft.ts";
import { type DraftOutput, finishDraft } from "./finish-draft.ts";
import { ValueLabeller } from "./label-values.ts";
import type { Program } from "./program.ts";
import { unifyUses } from "./unify-uses.ts";
import { ValueCuts } from "./value-cuts.ts";

export type BuildOutcome =
	| {
			readonly kind: "built";
			readonly program: Program;
			/** Program input i is this value's flat row-major buffer. Scalar constants are in the program itself. */
			readonly inputs: readonly ValueId[];
	  }
	| { readonly kind: "border"; readonly reason: string };

/**
 * The program that computes `outputs` by `nodes` (indices into `graph.nodes`); all values that other nodes define, graph
 * inputs and constants are its inputs. Program output i is `outputs[i]`. Float16 values are computed in float32, so casts
 * between floats dissolve. Cost: about the square of the number of nodes.
 */
export function buildProgram(
	graph: Graph,
	nodes: readonly number[],
	outputs: readonly ValueId[],
): BuildOutcome {
	const definitions = new Map<ValueId, GraphNode>();
	for (const id of nodes) {
		const node = present(graph.nodes[id], "node of the graph");
		const primitive = classifyPrimitive(graph, node);
		if (primitive.kind === "refused") return { kind: "border", reason: primitive.reason };
		definitions.set(node.output, node);
	}
	try {
		return build(graph, definitions, outputs);
	} catch (error) {
		if (error instanceof Border) return { kind: "border", reason: error.message };
		throw error;
	}
}

function build(
	graph: Graph,
	definitions: ReadonlyMap<ValueId, GraphNode>,
	outputs: readonly ValueId[],
): BuildOutcome {
	for (const value of outputs) assert(definitions.has(value), "an output is computed by the island");
	const cuts = new ValueCuts(graph, definitions);
	for (const labelsCheapApart of [false, true]) {
		const labeller = new ValueLabeller(graph, definitions, cuts, { labelsCheapApart });
		const draftOutputs = outputs.map((value) => labelOutput(graph, labeller, cuts, value));
		if (!hasDistinctAxes(labeller.draft)) continue;
		unifyUses(labeller.draft);
		const { program, inputs } = finishDraft(graph, labeller.draft, draftOutputs);
		return { kind: "built", program: coalesceAxes(program), inputs };
	}
	throw new Border("one axis would stand in two dimensions of a tensor");
}

function labelOutput(graph: Graph, labeller: ValueLabeller, cuts: ValueCuts, value: ValueId): DraftOutput {
	const { dataType } = present(graph.values[value], "output value");
	if (!isComputedType(dataType)) throw new Border(`a result of type ${dataType}`);
	const windows = cuts.outputPieces(value);
	return { value, pieces: windows.map((window) => ({ window, tensor: labeller.label(value, window) })) };
}
