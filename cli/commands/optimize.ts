// kiln optimize: the main job.

import { Option } from "commander";
import type { OptimizationRequest } from "#shared/protocol/optimization.ts";
import type { AddCommand } from "../command-context.ts";
import { addOptimizeOptions, type OptimizeOptions, optimizeModel } from "../optimize-model.ts";

interface Options extends OptimizeOptions {
	readonly cache: OptimizationRequest["cache"];
}

export const addOptimize: AddCommand = (program, run) => {
	addOptimizeOptions(program.command("optimize"))
		.description("find, prove, measure and fetch kernels for a model")
		.argument("<model>", "ONNX file")
		.addOption(
			new Option("--cache <mode>", "only: never run anything; refresh: measure again")
				.choices(["prefer", "only", "refresh"])
				.default("prefer"),
		)
		.addHelpText(
			"after",
			"\nExamples:\n  kiln optimize model.onnx -o kernels\n" +
				"  kiln optimize model.onnx --shape batch=8 --effort max --threads 2\n" +
				"  kiln optimize model.onnx --cache refresh --json",
		)
		.action((model: string, options: Options) =>
			run((context) => optimizeModel(model, options.cache, options, context)),
		);
};
