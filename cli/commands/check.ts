// kiln check: does the program, or do its tuned kernels, give the outputs that are stored beside the model?

import { dirname } from "node:path";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { compareTensors, type TensorComparison, type Tolerance } from "#shared/graph/compare.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel, ImportOptions } from "#shared/onnx/import-options.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import { exitCodes } from "../exit-code.ts";
import { readExternalFiles } from "../external-files.ts";
import { parseTolerance } from "../parse-options.ts";
import { addBindingOptions, type BindingOptions, readModelFile } from "../read-model.ts";
import { type NamedTensor, readTensorFiles } from "../tensor-files.ts";
import { userPath } from "../user-path.ts";

interface CheckOptions extends BindingOptions {
	readonly data: string;
	readonly kernels?: string;
	readonly rtol: number;
	readonly atol: number;
}

interface OutputView {
	readonly name: string;
	readonly verdict: "equal" | "different";
	readonly maxAbs: number;
	readonly maxRel: number;
	readonly firstDifference: TensorComparison["firstDifference"];
}

export const addCheck: AddCommand = (program, run) => {
	addBindingOptions(program.command("check"))
		.description("run a model on stored inputs and compare with stored outputs")
		.argument("<model>", "ONNX file")
		.requiredOption("--data <dir>", "folder of input_N.pb and output_N.pb")
		.option(
			"--kernels <dir>",
			"what `kiln optimize` wrote: islands run as tuned kernels, and the whole model in ONNX Runtime (default: the float64 reference)",
		)
		.option(
			"--rtol <number>",
			"share of the expected magnitude; ten times it for 16-bit floats",
			parseTolerance,
			1e-3,
		)
		.option("--atol <number>", "absolute tolerance; ten times it for 16-bit floats", parseTolerance, 1e-5)
		.addHelpText(
			"after",
			"\nExamples:\n  kiln check model.onnx --data test_data_set_0\n" +
				"  kiln check model.onnx --data test_data_set_0 --kernels kernels --json",
		)
		.action((model: string, options: CheckOptions) => run((context) => check(model, options, context)));
};

async function check(path: string, options: CheckOptions, { terminal }: CommandContext): Promise<ExitCode> {
	const folder = userPath(options.data);
	const bytes = await readModelFile(path);
	const inputs = await readTensorFiles(folder, "input");
	const expected = await readTensorFiles(folder, "output");
	terminal.progress({ phase: "running" });
	const externalData = await readExternalFiles(bytes, dirname(userPath(path)));
	const { graph, refusals } = importForInputs(bytes, { ...options, externalData }, inputs);
	const values = bindInputs(graph, inputs);
	const { outputs, kernelsRun } =
		options.kernels === undefined
			? { outputs: interpretGraph(graph, values), kernelsRun: 0 }
			: await runKernels(graph, userPath(options.kernels), values);
	const views = compareOutputs(graph, outputs, expected, options);
	for (const view of views) terminal.print(describeOutput(view));
	if (options.kernels !== undefined) terminal.note(`${kernelsRun} islands ran as tuned kernels`);
	const whole = await checkWholeModel(graph, inputs, expected, options);
	if (whole !== null) {
		for (const view of whole.outputs) terminal.print(`${describeOutput(view)}  (whole model)`);
		terminal.note(`${whole.islandsReplaced} islands ran in the whole model`);
	}
	const all = [...views, ...(whole?.outputs ?? [])];
	const verdict = all.every((view) => view.verdict === "equal") ? "equal" : "different";
	const refused = refusals.map(({ node, operator, code, reason }) => ({ node, operator, code, reason }));
	terminal.printJson({ verdict, outputs: views, kernelsRun, wholeModel: whole, refusals: refused });
	return verdict === "equal" ? exitCodes.ok : exitCodes.verificationFailed;
}

const describeOutput = ({ name, verdict, maxAbs, maxRel }: OutputView): string =>
	`${verdict}  ${name}  max abs ${maxAbs.toExponential(2)}, max rel ${maxRel.toExponential(2)}`;

/** Null without `--kernels`, or where its folder holds no whole model for inputs of these shapes. */
async function checkWholeModel(
	graph: Graph,
	inputs: readonly NamedTensor[],
	expected: readonly NamedTensor[],
	options: CheckOptions,
): Promise<{ readonly outputs: readonly OutputView[]; readonly islandsReplaced: number } | null> {
	if (options.kernels === undefined) return null;
	const { runWholeModel } = await import("../check-whole-model.ts");
	const run = await runWholeModel(userPath(options.kernels), inputs);
	if (run === null) return null;
	const byValue = new Map(
		graph.outputs.flatMap(({ value, name }) => {
			const output = run.outputs.get(name);
			return output === undefined ? [] : [[value, output] as const];
		}),
	);
	return {
		outputs: compareOutputs(graph, byValue, expected, options),
		islandsReplaced: run.islandsReplaced,
	};
}

async function runKernels(graph: Graph, directory: string, values: ReadonlyMap<ValueId, TensorData>) {
	// Loaded late: only this needs the foreign-function interface.
	const { runWithKernels } = await import("../run-with-kernels.ts");
	return runWithKernels(graph, partitionGraph(graph).islands, directory, values);
}

/**
 * Imports with the stored inputs' extents bound. Only where that is not enough, operands that decide shapes (axes, a
 * Reshape's target) are taken from the inputs as constants: it changes the program, and so which kernels fit it.
 */
function importForInputs(
	bytes: Uint8Array,
	options: BindingOptions & Pick<ImportOptions, "externalData">,
	inputs: readonly NamedTensor[],
): ImportedModel {
	const named = inputs.filter(({ name }) => name !== "");
	const extents = named.flatMap(({ name, tensor }) =>
		tensor.shape.map((extent, axis) => [`${name}:${axis}`, extent] as const),
	);
	const plain: ImportOptions = {
		shapes: { ...options.shape, ...Object.fromEntries(extents) },
		weights: options.weights,
		...(options.externalData && { externalData: options.externalData }),
	};
	const integers = named.filter(({ tensor }) => /^(u?int|bool)/.test(tensor.dataType));
	const inputValues = new Map(integers.map(({ name, tensor }) => [name, tensor]));
	try {
		const imported = importModel(bytes, plain);
		if (imported.refusals.length === 0 || inputValues.size === 0) return imported;
	} catch (error) {
		if (!(error instanceof OptimizeError) || error.code !== "model.shape_unbound" || inputValues.size === 0)
			throw error;
	}
	return importModel(bytes, { ...plain, inputValues });
}

/** By name; a tensor without one stands for the graph input of its number. */
function bindInputs(graph: Graph, inputs: readonly NamedTensor[]): ReadonlyMap<ValueId, TensorData> {
	const byName = new Map(inputs.map(({ name, tensor }) => [name, tensor]));
	const values = new Map<ValueId, TensorData>();
	for (const [position, { value }] of graph.inputs.entries()) {
		const { name } = present(graph.values[value], "a graph input is a value");
		const unnamed = inputs[position];
		const tensor = byName.get(name) ?? (unnamed?.name === "" ? unnamed.tensor : undefined);
		if (tensor !== undefined) values.set(value, tensor);
	}
	return values;
}

function compareOutputs(
	graph: Graph,
	outputs: ReadonlyMap<ValueId, TensorData>,
	expected: readonly NamedTensor[],
	options: CheckOptions,
): readonly OutputView[] {
	return expected.map(({ file, name, tensor }, position) => {
		const output = graph.outputs.find((candidate) => candidate.name === name) ?? graph.outputs[position];
		const actual = output === undefined ? undefined : outputs.get(output.value);
		if (output === undefined || actual === undefined) {
			throw new OptimizeError("request.invalid", `${file}: the model has no output '${name}'`, {
				file,
				name,
			});
		}
		const compared = compareTensors(actual, tensor, toleranceFor(tensor.dataType, options));
		const { equal, maxAbs, maxRel, firstDifference } = compared;
		return { name: output.name, verdict: equal ? "equal" : "different", maxAbs, maxRel, firstDifference };
	});
}

/** A 16-bit float's own rounding is coarser than the tolerance for 32 bits. */
function toleranceFor(dataType: DataType, { rtol, atol }: CheckOptions): Tolerance {
	const share = dataType === "float16" || dataType === "bfloat16" ? 10 : 1;
	return { relative: rtol * share, absolute: atol * share };
}
