// The command line as a user runs it: a process of its own, its `--json` answer parsed.

import { execFile } from "node:child_process";
import { join } from "node:path";

export interface Ended {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** What Node runs for `kiln`. */
export const kilnMain = join(import.meta.dirname, "../../cli/main.ts");
const outputBytesMax = 256 * 2 ** 20;

/** Runs `kiln …` to its end, whatever that is; killed after `timeoutMilliseconds`, which gives code -1. */
export function runKiln(
	parameters: readonly string[],
	environment: Readonly<Record<string, string>> = {},
	timeoutMilliseconds = 150_000,
): Promise<Ended> {
	return new Promise((resolve) => {
		const options = {
			env: { ...process.env, ...environment },
			timeout: timeoutMilliseconds,
			maxBuffer: outputBytesMax,
		};
		execFile(process.execPath, [kilnMain, ...parameters], options, (error, stdout, stderr) => {
			const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
			resolve({ code, stdout, stderr });
		});
	});
}
