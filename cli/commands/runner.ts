// kiln runner start: a runner for a service elsewhere, in the foreground.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";

const runnerMain = fileURLToPath(new URL("../../gpu-runner/main.ts", import.meta.url));

export const addRunner: AddCommand = (program, run) => {
	program
		.command("runner")
		.description("a runner for a service elsewhere")
		.command("start")
		.description("measure on this machine until Ctrl-C; store, queue and keys come from the environment")
		.addHelpText(
			"after",
			"\nThe variables are listed in docs/environment.md.\n\nExample:\n  KILN_S3_BUCKET=… kiln runner start",
		)
		.action(() => run(startRunner));
};

/** A process of its own, since a runner ends by its own signals and exit code. */
async function startRunner({ signal }: CommandContext): Promise<ExitCode> {
	// Its standard input ends with us, and it with that.
	const runner = spawn(process.execPath, [runnerMain], { stdio: ["pipe", "inherit", "inherit"] });
	signal.addEventListener("abort", () => runner.kill("SIGTERM"), { once: true });
	const code = await new Promise<number | null>((resolve, reject) => {
		runner.once("error", reject);
		runner.once("close", resolve);
	});
	return code === 0 ? exitCodes.ok : exitCodes.service;
}
