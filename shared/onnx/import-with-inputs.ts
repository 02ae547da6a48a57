// Importing a model together with tensors to run it on.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ValueId } from "#shared/graph/graph.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { importModel } from "./import-model.ts";
import type { ImportedModel, ImportOptions } from "./import-options.ts";

export interface ModelWithInputs {
	readonly model: ImportedModel;
	/** What `interpretGraph` takes: the tensors that are still inputs of the graph. */
	readonly inputs: ReadonlyMap<ValueId, TensorData>;
}

/**
 * Imports a model with one tensor for each of its inputs, in the file's order (ONNX's `input_N.pb`). Where a
 * node is refused because its shape depends on an operand (the axes of a reduction, the target of a Reshape), integers,
 * bools and scalars are bound as constants. Throws what `importModel` throws, and `request.invalid` when the number of tensors differs.
 */
export function importWithInputs(
	bytes: Uint8Array,
	tensors: readonly TensorData[],
	options: ImportOptions = {},
): ModelWithInputs {
	const model = importModel(bytes, options);
	const names = inputNames(model);
	if (names.length !== tensors.length) {
		throw new OptimizeError(
			"request.invalid",
			`found ${tensors.length} input tensors, the model has ${names.length} inputs: ${names.join(", ")}`,
			{ found: tensors.length, expected: names.length },
		);
	}
	const byName = new Map(tensors.map((tensor, index) => [names[index] ?? "", tensor]));
	if (!model.refusals.some(({ code }) => code === "model.shape_unbound")) {
		return { model, inputs: graphInputs(model, byName) };
	}
	const deciding = new Map(
		[...byName].filter(([, { dataType, shape }]) => !isFloat(dataType) || shape.length === 0),
	);
	const bound = importModel(bytes, { ...options, inputValues: deciding });
	return { model: bound, inputs: graphInputs(bound, byName) };
}

/** The file's inputs by name, in order. */
function inputNames({ graph }: ImportedModel): string[] {
	return graph.inputs
		.filter(({ role }) => role !== "foreign")
		.map(({ value }) => graph.values[value]?.name ?? "");
}

function graphInputs(
	{ graph }: ImportedModel,
	byName: ReadonlyMap<string, TensorData>,
): Map<ValueId, TensorData> {
	const found = new Map<ValueId, TensorData>();
	for (const { value } of graph.inputs) {
		const tensor = byName.get(graph.values[value]?.name ?? "");
		if (tensor !== undefined) found.set(value, tensor);
	}
	return found;
}
