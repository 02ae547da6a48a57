// kiln equivalent: do two ONNX models compute the same function?

import type { ImportOptions } from "#shared/onnx/import-options.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { compareModels, type ModelComparison } from "../compare-models.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { importPair } from "../import-pair.ts";
import { parseSeed } from "../parse-options.ts";
import { addBindingOptions, type BindingOptions, readModelFile } from "../read-model.ts";
import { readTensorFiles } from "../tensor-files.ts";
import { userPath } from "../user-path.ts";

interface EquivalentOptions extends BindingOptions {
	readonly seed: number;
	readonly data?: string;
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
		.option(
			"--data <dir>",
			"folder of input_N.pb: binds the integer inputs that decide shapes; the verdict is for these values",
		)
		.option("--seed <number>", "of the random inputs", parseSeed, 1)
		.addHelpText(
			"after",
			"\nExamples:\n  kiln equivalent before.onnx after.onnx --json\n" +
				"  kiln equivalent before.onnx after.onnx --data test_data_set_0",
		)
		.action((a: string, b: string, options: EquivalentOptions) =>
			run((context) => equivalent([a, b], options, context)),
		);
};

async function equivalent(
	[a, b]: readonly [string, string],
	options: EquivalentOptions,
	{ terminal }: CommandContext,
): Promise<ExitCode> {
	const { shape: shapes, weights, seed, data } = options;
	const models = [await readModelFile(a), await readModelFile(b)] as const;
	const stored = data === undefined ? [] : await readTensorFiles(userPath(data), "input");
	// With convolutions and pools, which only kernels are not made for.
	const importOptions: ImportOptions = { shapes, weights, windows: "primitives" };
	const { left, right, given: bound } = importPair(models, importOptions, stored);
	terminal.progress({ phase: "comparing" });
	const compared = compareModels(left.graph, right.graph, seed, {
		left: left.domains,
		right: right.domains,
	});
	const comparison: ModelComparison = { ...compared, given: [...bound, ...compared.given] };
	const { verdict, reason, given, errorProbabilityMax, counterexample } = comparison;
	const atMost =
		verdict === "equal" ? `, wrongly with probability at most ${errorProbabilityMax.toExponential(1)}` : "";
	const assumed = given.length === 0 ? "" : `, given ${given.join(" and ")}`;
	terminal.print(`${verdict}${assumed}: ${reason}${atMost}`);
	if (counterexample !== null) {
		const { seed: drawnBy, output, difference } = counterexample;
		const where =
			difference === null
				? ""
				: ` element ${difference.index}: ${difference.expected} and ${difference.actual}`;
		terminal.print(`inputs of seed ${drawnBy}, output '${output}'${where}`);
	}
	terminal.printJson(comparison);
	return exitCodeOfVerdict[verdict];
}
