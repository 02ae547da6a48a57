// A model whose weights are graph inputs made the model that a user would deploy: they become initializers, in a file beside
// it. Values are those stored with the model, or random ones of a layer's usual size where none are.

import { open } from "node:fs/promises";
import { join } from "node:path";
import { present } from "#shared/fault/assert.ts";
import type { Graph } from "#shared/graph/graph.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { addInitializers } from "#shared/onnx/add-initializers.ts";
import type { StoredTensor } from "#shared/onnx/stored-tensor.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

const weightsFile = "weights.bin";
/** Multiples of it can be mapped. */
const alignmentBytes = 4096;

/** Writes `weights.bin` into the folder; the model's bytes. Unchanged where no graph input is a weight. */
export async function bakeWeights(
	bytes: Uint8Array,
	graph: Graph,
	stored: ReadonlyMap<string, TensorData>,
	folder: string,
): Promise<Uint8Array> {
	const weights = graph.inputs.flatMap(({ value, role }) =>
		role === "weight" ? [present(graph.values[value], "a value")] : [],
	);
	if (weights.length === 0) return bytes;
	const file = await open(join(folder, weightsFile), "w");
	const tensors: StoredTensor[] = [];
	try {
		let offset = 0;
		for (const [at, { name, dataType, shape }] of weights.entries()) {
			const tensor = stored.get(name) ?? randomWeight(dataType, shape, at);
			await file.write(tensor.bytes, 0, tensor.bytes.length, offset);
			const lengthBytes = tensor.bytes.length;
			tensors.push({ name, type: [dataType, shape], offsetBytes: offset, lengthBytes });
			offset += Math.ceil(tensor.bytes.length / alignmentBytes) * alignmentBytes;
		}
		await file.truncate(offset);
	} finally {
		await file.close();
	}
	return addInitializers(bytes, tensors, weightsFile);
}

/** Even around 0, of standard deviation 1 / sqrt(depth): products keep the size of what they multiply. */
function randomWeight(
	dataType: TensorData["dataType"],
	shape: TensorData["shape"],
	seed: number,
): TensorData {
	const random = createRandom(seed, 7);
	const depth = shape.length > 1 ? present(shape.at(-2), "an extent") : 1;
	const reach = Math.sqrt(3 / depth);
	return writeElements(
		dataType,
		shape,
		Float64Array.from({ length: elementCount(shape) }, () => (2 * random.nextUnit() - 1) * reach),
	);
}
