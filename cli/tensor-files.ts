// ONNX's test data: `input_0.pb`, `input_1.pb` … and `output_0.pb` …, one TensorProto each, beside a model.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { readTensorName, readTensorProto } from "#shared/onnx/tensor-proto.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

export interface NamedTensor {
	readonly file: string;
	/** May be empty: then it stands for the graph input or output of its number. */
	readonly name: string;
	readonly tensor: TensorData;
}

/** `input_N.pb` or `output_N.pb` of a folder by ascending N. Throws `request.invalid` when there is none. */
export async function readTensorFiles(
	folder: string,
	kind: "input" | "output",
): Promise<readonly NamedTensor[]> {
	const pattern = new RegExp(`^${kind}_(\\d+)\\.pb$`);
	const numbers = (await listFolder(folder)).flatMap((file) => pattern.exec(file)?.[1] ?? []).map(Number);
	if (numbers.length === 0 && kind === "output") {
		throw new OptimizeError("request.invalid", `no ${kind}_N.pb in ${folder}`, { folder });
	}
	return Promise.all(
		numbers
			.sort((a, b) => a - b)
			.map(async (number) => {
				const file = `${kind}_${number}.pb`;
				const bytes = await readFile(join(folder, file));
				return { file, name: readTensorName(bytes), tensor: readTensorProto(bytes) };
			}),
	);
}

async function listFolder(folder: string): Promise<readonly string[]> {
	try {
		return await readdir(folder);
	} catch (error) {
		throw new OptimizeError("request.invalid", `data folder ${folder} cannot be read`, { folder }, error);
	}
}
