// A local stack of its own that is asked through the command line, as a user would ask a server.

import type { OptimizationView } from "#cli/optimization-view.ts";
import { type LocalStack, type LocalStackOptions, startLocalStack } from "#infra/local.ts";
import { runKiln } from "./kiln-process.ts";

export interface StackClient {
	readonly stack: LocalStack;
	/** `kiln optimize MODEL`, kernels to `output`. Throws with the command's messages when it fails. */
	optimize(model: string, output: string, options?: readonly string[]): Promise<OptimizationView>;
}

const optimizeMilliseconds = 900_000;

export async function startStackClient(options: LocalStackOptions): Promise<StackClient> {
	const stack = await startLocalStack(options);
	const trusted = Object.entries(stack.trustedKeys).flatMap(([id, key]) => ["--trust", `${id}=${key}`]);
	return {
		stack,
		optimize: async (model, output, more = []) => {
			const { code, stdout, stderr } = await runKiln(
				["optimize", model, "--server", stack.url, ...trusted, "-o", output, "--json", ...more],
				{ KILN_API_KEY: stack.apiKey },
				optimizeMilliseconds,
			);
			if (code !== 0) throw new Error(`kiln optimize ${model} ended with ${code}: ${stderr} ${stdout}`);
			// The command printed it from a value of this type.
			return JSON.parse(stdout) as OptimizationView;
		},
	};
}
