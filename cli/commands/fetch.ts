// kiln fetch: kernels that are in the cache already; nothing is searched or run. A miss ends with exit code 4.

import type { AddCommand } from "../command-context.ts";
import { addOptimizeOptions, type OptimizeOptions, optimizeModel } from "../optimize-model.ts";

export const addFetch: AddCommand = (program, run) => {
	addOptimizeOptions(program.command("fetch"))
		.description("fetch a model's kernels from the cache; never runs anything")
		.argument("<model>", "ONNX file")
		.addHelpText(
			"after",
			"\nExamples:\n  kiln fetch model.onnx -o kernels\n  kiln fetch model.onnx --server https://kiln.example --trust ID=KEY",
		)
		.action((model: string, options: OptimizeOptions) =>
			run((context) => optimizeModel(model, "only", options, context)),
		);
};
