// ONNX's own test cases: a model, its stored inputs and outputs, and what the reference interpreter makes of them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AssertionError } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { checkGraph } from "#shared/graph/check.ts";
import { compareTensors, type Tolerance } from "#shared/graph/compare.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { importWithInputs } from "#shared/onnx/import-with-inputs.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { storedTensors } from "#test/support/outside-suites.ts";

export type CaseOutcome =
	| { readonly kind: "right"; readonly outputs: readonly TensorData[] }
	/** A node, an attribute, a type or the whole model is named and declined. */
	| { readonly kind: "refused"; readonly reason: string }
	/** An output differs from the stored one. */
	| { readonly kind: "wrong"; readonly reason: string }
	/** An error that does not say what the model's author could mend. */
	| { readonly kind: "crashed"; readonly reason: string };

/** Imports a case, runs it on its stored inputs and compares with its stored outputs. */
export function runOnnxCase(directory: string, tolerance: Tolerance): CaseOutcome {
	try {
		const bytes = readFileSync(join(directory, "model.onnx"));
		const { model, inputs } = importWithInputs(bytes, storedTensors(directory, "input"));
		checkGraph(model.graph);
		const [refusal] = model.refusals;
		if (refusal !== undefined) {
			return { kind: "refused", reason: `${refusal.code}: ${refusal.operator}: ${refusal.reason}` };
		}
		const results = interpretGraph(model.graph, inputs);
		const outputs = model.graph.outputs.flatMap(({ value }) => results.get(value) ?? []);
		return judge(outputs, storedTensors(directory, "output"), tolerance);
	} catch (error) {
		if (error instanceof OptimizeError) return { kind: "refused", reason: `${error.code}: ${error.message}` };
		if (error instanceof AssertionError) return { kind: "crashed", reason: error.message };
		throw error;
	}
}

function judge(
	outputs: readonly TensorData[],
	expected: readonly TensorData[],
	tolerance: Tolerance,
): CaseOutcome {
	if (outputs.length < expected.length) {
		return { kind: "wrong", reason: `${outputs.length} outputs, expected ${expected.length}` };
	}
	for (const [index, tensor] of expected.entries()) {
		const output = outputs[index];
		if (output === undefined) continue;
		const { firstDifference } = compareTensors(output, tensor, tolerance);
		if (firstDifference !== null) {
			return { kind: "wrong", reason: `output ${index}: ${JSON.stringify(firstDifference)}` };
		}
	}
	return { kind: "right", outputs };
}
