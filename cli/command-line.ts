// The command line. Parses arguments, runs one command, and turns its end into an exit code.

import { Command, CommanderError } from "commander";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { AddCommand, RunCommand } from "./command-context.ts";
import { addAnalyze } from "./commands/analyze.ts";
import { addBench } from "./commands/bench.ts";
import { addCheck } from "./commands/check.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEquivalent } from "./commands/equivalent.ts";
import { addFetch } from "./commands/fetch.ts";
import { addOptimize } from "./commands/optimize.ts";
import { addRunner } from "./commands/runner.ts";
import { addSearch } from "./commands/search.ts";
import { addServe } from "./commands/serve.ts";
import { addTrainingRows } from "./commands/training-rows.ts";
import { addVerify } from "./commands/verify.ts";
import { exitCodeOf, exitCodes } from "./exit-code.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

const commands: readonly AddCommand[] = [
	addOptimize,
	addAnalyze,
	addCheck,
	addBench,
	addSearch,
	addEquivalent,
	addFetch,
	addVerify,
	addServe,
	addRunner,
	addDoctor,
	addTrainingRows,
];

const lingerMilliseconds = 2_000;

const program = new Command("kiln")
	.description("Proven, measured, never-slower kernels for ONNX models.")
	.option("--json", "one JSON value on stdout", false)
	.option("--quiet", "no messages or progress on stderr", false)
	.helpCommand(true)
	.showHelpAfterError("(kiln COMMAND --help shows examples)")
	.exitOverride();

const run: RunCommand = async (work) => {
	const options: { json: boolean; quiet: boolean } = program.opts();
	const terminal = createTerminal({ isJson: options.json, isQuiet: options.quiet });
	const interruption = new AbortController();
	const interrupt = (): void => {
		// A second signal does not wait for the cleaning up.
		if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
		interruption.abort();
	};
	let isCaught = false;
	const context = {
		terminal,
		get signal() {
			if (!isCaught) for (const name of ["SIGINT", "SIGTERM"]) process.on(name, interrupt);
			isCaught = true;
			return interruption.signal;
		},
	};
	try {
		process.exitCode = await work(context);
	} catch (error) {
		process.exitCode = report(error, terminal, interruption.signal.aborted);
	}
	if (interruption.signal.aborted) process.exitCode = exitCodes.interrupted;
};

function report(error: unknown, terminal: Terminal, isInterrupted: boolean): number {
	terminal.endProgress();
	if (isInterrupted) {
		terminal.warn("kiln: interrupted");
	} else if (error instanceof OptimizeError) {
		terminal.warn(`kiln: ${error.code}: ${error.message}`);
		terminal.printJson({ error: { code: error.code, message: error.message, details: error.details } });
	} else {
		terminal.warn(`kiln: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
		terminal.printJson({ error: { code: "internal.bug", message: String(error), details: {} } });
	}
	return exitCodeOf(error);
}

for (const add of commands) add(program, run);
// Whoever read our output has seen enough (`kiln analyze … | head`).
for (const stream of [process.stdout, process.stderr]) {
	stream.on("error", (fault: NodeJS.ErrnoException) => {
		if (fault.code !== "EPIPE") throw fault;
		process.exit();
	});
}
try {
	await program.parseAsync();
} catch (error) {
	if (!(error instanceof CommanderError)) throw error;
	// Help and version end with 0; everything else that commander refuses is a wrong use.
	process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
}
// A handle that somebody forgot must not keep the shell waiting: what was to be cleaned up has been.
setTimeout(() => process.exit(), lingerMilliseconds).unref();
