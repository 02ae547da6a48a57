// kiln serve: the local stack in the foreground, until Ctrl-C.

import { fileURLToPath } from "node:url";
import type { LocalStack } from "#infra/local.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { dataFolderOption, dataFolderPath } from "../data-folder-option.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { parsePort } from "../parse-options.ts";
import type { Terminal } from "../terminal.ts";

const exampleModel = fileURLToPath(
	new URL("../../examples/models/rms_swiglu_residual.onnx", import.meta.url),
);

interface ServeOptions {
	readonly port: number;
	readonly dataFolder?: string;
}

export const addServe: AddCommand = (program, run) => {
	program
		.command("serve")
		.description("the whole service on this machine: edge, store, queue and one CPU runner")
		.option("--port <number>", "of the HTTP API; 0 for any free one", parsePort, 8787)
		.addOption(dataFolderOption())
		.addHelpText("after", "\nExamples:\n  kiln serve\n  kiln serve --port 0 --data-folder /tmp/kiln --json")
		.action((options: ServeOptions) => run((context) => serve(options, context)));
};

async function serve(options: ServeOptions, { terminal, signal }: CommandContext): Promise<ExitCode> {
	const stack = await startStack(options, terminal);
	try {
		stack.announce();
		terminal.print(`Kiln answers at ${stack.url} (documentation: ${stack.url}/docs)`);
		terminal.print(`API key: ${stack.apiKey}`);
		terminal.print("Try:");
		terminal.print(
			`  curl -s ${stack.url}/v1/models -H 'Authorization: Bearer ${stack.apiKey}' ` +
				`-H 'Content-Type: application/octet-stream' --data-binary '@${exampleModel}'`,
		);
		terminal.printJson({ url: stack.url, apiKey: stack.apiKey, dataFolder: stack.dataFolder });
		await aborted(signal);
	} finally {
		await stack.stop();
	}
	return exitCodes.ok;
}

async function startStack(options: ServeOptions, terminal: Terminal): Promise<LocalStack> {
	const { DataFolderHeldError, startLocalStack } = await import("#infra/local.ts");
	terminal.progress({ phase: "starting the local stack" });
	try {
		return await startLocalStack({
			dataFolder: dataFolderPath(options.dataFolder),
			port: options.port,
			onLogLine: terminal.note,
		});
	} catch (error) {
		if (error instanceof DataFolderHeldError) {
			throw new OptimizeError(
				"infra.capacity",
				`${error.message}; name another with --data-folder`,
				{},
				error,
			);
		}
		if (error instanceof Error && error.message.startsWith("Address already in use")) {
			throw new OptimizeError(
				"request.invalid",
				`port ${options.port} is in use; name another with --port`,
				{},
				error,
			);
		}
		throw error;
	}
}

async function aborted(signal: AbortSignal): Promise<void> {
	if (signal.aborted) return;
	await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
