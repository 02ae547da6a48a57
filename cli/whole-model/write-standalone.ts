// The library of a model of nothing but kernels, where the model is one.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Compiler } from "#runner/toolchain/find-compiler.ts";
import { present } from "#shared/fault/assert.ts";
import type { ValueId } from "#shared/graph/graph.ts";
import type { TargetId } from "#shared/target/target.ts";
import { buildLibrary } from "./build-library.ts";
import type { Kernels } from "./operator-table.ts";
import type { SourceModel } from "./read-source-model.ts";
import { printModelHeader, printStandalone, type StandalonePort } from "./standalone.ts";
import type { StandalonePorts } from "./standalone-session.ts";
import type { WrittenModel } from "./write-model-files.ts";

export const headerFileName = "model.h";

export interface StandaloneRequest {
	readonly source: SourceModel;
	readonly kernels: Kernels;
	readonly target: TargetId;
	readonly written: WrittenModel;
	/** Where the library and `model.h` go; the library's name. */
	readonly folder: string;
	readonly library: string;
	readonly compiler: Compiler;
}

/** Null where something of the model is left to a runtime. Throws `toolchain.missing` as `buildLibrary` does. */
export async function writeStandalone(request: StandaloneRequest): Promise<StandalonePorts | null> {
	const { source, written, kernels, target, folder, library, compiler } = request;
	const { steps, offsetOf, weightsBytes } = written;
	const { graph, refusals } = source;
	const made = new Set(steps?.flatMap(({ results }) => results.map(({ name }) => name)));
	if (steps === null || refusals.length > 0 || graph.outputs.some(({ name }) => !made.has(name))) return null;
	const inputs = graph.inputs.map(({ value }) => portOf(source, value));
	const outputs = graph.outputs.map(({ value, name }) => ({ ...portOf(source, value), name }));
	const header = printModelHeader({ inputs, outputs });
	const model = { kernels, steps, inputs, outputs, offsetOf, weightsBytes, target };
	const generated = { [headerFileName]: header, "model.c": printStandalone(model) };
	const sources = { kernels, generated, parts: ["map-weights.c"], target };
	await buildLibrary(sources, join(folder, library), compiler);
	await writeFile(join(folder, headerFileName), header);
	const asPort = ({ name, type: [dataType, shape] }: StandalonePort) => ({ name, dataType, shape });
	return { inputs: inputs.map(asPort), outputs: outputs.map(asPort) };
}

function portOf({ graph }: SourceModel, value: ValueId): StandalonePort {
	const { name, dataType, shape } = present(graph.values[value], "a value of the graph");
	return { name, type: [dataType, shape] };
}
