// Where test inputs lie: fixtures of the repository, and outside suites that a fresh clone does not have.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readTensorProto } from "#shared/onnx/tensor-proto.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

export const fixturesDirectory = join(import.meta.dirname, "..", "fixtures");

/** The folder of an outside suite, or null (with a printed reason) when it is absent. */
export function outsideSuite(name: string): string | null {
	const root = process.env.OUTSIDE_SUITES;
	if (root === undefined || root === "") {
		console.warn(`outside suite '${name}' skipped: OUTSIDE_SUITES is not set`);
		return null;
	}
	const directory = join(root, name);
	if (existsSync(directory)) return directory;
	console.warn(`outside suite '${name}' skipped: ${directory} does not exist`);
	return null;
}

/** The tensors of `input_N.pb` or `output_N.pb` in a case's first data set, in order; none when nothing is stored. */
export function storedTensors(caseDirectory: string, kind: "input" | "output"): TensorData[] {
	const directory = join(caseDirectory, "test_data_set_0");
	if (!existsSync(directory)) return [];
	const count = readdirSync(directory).filter((file) => file.startsWith(`${kind}_`)).length;
	return Array.from({ length: count }, (_, index) =>
		readTensorProto(readFileSync(join(directory, `${kind}_${index}.pb`))),
	);
}
