// Stored inputs through the whole model that `kiln optimize` wrote.

import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { loadModel } from "./load-model.ts";
import type { NamedTensor } from "./tensor-files.ts";
import { hasModel } from "./whole-model/model-files.ts";

export interface WholeModelRun {
	/** By name, in the model's order. */
	readonly outputs: ReadonlyMap<string, TensorData>;
	readonly islandsReplaced: number;
}

/** Null where the folder holds no whole model, or the stored inputs are of other shapes than it was made for. */
export async function runWholeModel(
	directory: string,
	inputs: readonly NamedTensor[],
): Promise<WholeModelRun | null> {
	if (!(await hasModel(directory))) return null;
	const model = await loadModel(directory);
	try {
		const named = new Map(inputs.map(({ name, tensor }) => [name, tensor]));
		const given = model.inputs.flatMap(({ name, dataType, shape }, position) => {
			const unnamed = inputs[position];
			const tensor = named.get(name) ?? (unnamed?.name === "" ? unnamed.tensor : undefined);
			const fits =
				tensor?.dataType === dataType &&
				tensor.shape.length === shape.length &&
				tensor.shape.every((extent, axis) => extent === (shape[axis] ?? extent));
			return fits ? [[name, tensor] as const] : [];
		});
		if (given.length < model.inputs.length) return null;
		const outputs = new Map(Object.entries(model.run(Object.fromEntries(given))));
		return { outputs, islandsReplaced: model.document.islands.length };
	} finally {
		model.close();
	}
}
