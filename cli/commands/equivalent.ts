// kiln equivalent: do two ONNX models compute the same function?

import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel } from "#shared/onnx/import-options.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { compareModels, type ModelComparison } from "../compare-models.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { parseSeed } from "../parse-options.ts";
import { addBindingOptions, type BindingOptions, readModelFile } from "../read-model.ts";

interface EquivalentOptions extends BindingOptions {
	readonly seed: number;
}

const exitCodeOfVerdict: Readonly<Record<ModelComparison["verdict"], ExitCode>> = {
	equal: exitCodes.ok,
	different: exitCodes.verificationFailed,
	inconclusive: exitCodes.inconclusive,
};

export const addEquivalent: AddCommand = (program, run) => {
	addBindingOptions(program.command("equivalent"))
		.description("do two models compute the same function? equal (0), different (5) or inconclusive (8)")
		.argument("<a>", "ONNX file")
		.argument("<b>", "ONNX file")
		.option("--seed <number>", "of the random inputs", parseSeed, 1)
		.addHelpText("after", "\nExample:\n  kiln equivalent before.onnx after.onnx --json")
		.action((a: string, b: string, options: EquivalentOptions) =>
			run((context) => equivalent([a, b], options, context)),
		);
};

/** With convolutions and pools, which only kernels are not made for. */
async function readWholeModel(path: string, { shape, weights }: EquivalentOptions): Promise<ImportedModel> {
	return importModel(await readModelFile(path), { shapes: shape, weights, windows: "primitives" });
}

async function equivalent(
	[a, b]: readonly [string, string],
	options: EquivalentOptions,
	{ terminal }: CommandContext,
): Promise<ExitCode> {
	const left = await readWholeModel(a, options);
	const right = await readWholeModel(b, options);
	terminal.progress({ phase: "comparing" });
	const comparison = compareModels(left.graph, right.graph, options.seed);
	const { verdict, reason, errorProbabilityMax, counterexample } = comparison;
	const bound =
		verdict === "equal" ? `, wrongly with probability at most ${errorProbabilityMax.toExponential(1)}` : "";
	terminal.print(`${verdict}: ${reason}${bound}`);
	if (counterexample !== null) {
		const { seed, output, difference } = counterexample;
		const where =
			difference === null
				? ""
				: ` element ${difference.index}: ${difference.expected} and ${difference.actual}`;
		terminal.print(`inputs of seed ${seed}, output '${output}'${where}`);
	}
	terminal.printJson(comparison);
	return exitCodeOfVerdict[verdict];
}
