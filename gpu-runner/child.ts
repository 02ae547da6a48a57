// Runs a program that is not trusted to end, to be short, or to be quiet: in a process group of its own, with an
// environment that holds nothing, bounded output, and a watchdog that kills the whole group.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ChildOptions {
	readonly command: string;
	readonly arguments: readonly string[];
	readonly directory: string;
	/** The whole environment of the child: nothing is inherited, so no credentials can be. */
	readonly environment?: Readonly<Record<string, string>>;
	/** From start to end. */
	readonly limitMilliseconds: number;
	/** Longest silence on standard output; 0: no such limit. */
	readonly silenceMilliseconds: number;
	/** Called with each line of standard output as it arrives. */
	readonly onLine?: (line: string) => void;
	/** Ends the child when it fires. */
	readonly signal?: AbortSignal;
}

/** How a child ended. `aborted`: by the caller's signal. */
export type ChildEnd =
	| { readonly kind: "exited"; readonly status: number; readonly errorText: string }
	| { readonly kind: "signalled"; readonly signal: string; readonly errorText: string }
	| { readonly kind: "silent"; readonly limitMilliseconds: number }
	| { readonly kind: "overtime"; readonly limitMilliseconds: number }
	| { readonly kind: "talkative"; readonly linesMax: number }
	| { readonly kind: "aborted" }
	| { readonly kind: "notStarted"; readonly message: string };

/** More lines than any honest child writes. */
const linesMax = 1_000_000;
const errorBytesMax = 65_536;

/** Kills the child's process group; a group that is gone already is what we want. */
function killGroup(pid: number | undefined): void {
	if (pid === undefined) return;
	try {
		process.kill(-pid, "SIGKILL");
	} catch (fault) {
		if (!(fault instanceof Error && "code" in fault && fault.code === "ESRCH")) throw fault;
	}
}

/** Runs the child to its end. Never rejects: every way to end is a value. */
export function runChild(options: ChildOptions): Promise<ChildEnd> {
	return new Promise((resolve) => {
		if (options.signal?.aborted) return resolve({ kind: "aborted" });
		const child = spawn(options.command, [...options.arguments], {
			cwd: options.directory,
			env: { ...options.environment },
			detached: true,
			stdio: ["ignore", "pipe", "pipe"],
		});
		let verdict: ChildEnd | undefined;
		let errorText = "";
		let lines = 0;
		const stop = (end: ChildEnd): void => {
			verdict ??= end;
			killGroup(child.pid);
		};
		const overtime = setTimeout(
			() => stop({ kind: "overtime", limitMilliseconds: options.limitMilliseconds }),
			options.limitMilliseconds,
		);
		const silence =
			options.silenceMilliseconds > 0
				? setTimeout(
						() => stop({ kind: "silent", limitMilliseconds: options.silenceMilliseconds }),
						options.silenceMilliseconds,
					)
				: undefined;
		const abort = (): void => stop({ kind: "aborted" });
		options.signal?.addEventListener("abort", abort);
		const reader = createInterface({ input: child.stdout });
		reader.on("line", (line) => {
			silence?.refresh();
			if (++lines > linesMax) stop({ kind: "talkative", linesMax });
			else if (verdict === undefined) options.onLine?.(line);
		});
		child.stderr.on("data", (chunk: Buffer) => {
			if (errorText.length < errorBytesMax) errorText += chunk.toString("utf8");
		});
		const settle = (end: ChildEnd): void => {
			clearTimeout(overtime);
			clearTimeout(silence);
			options.signal?.removeEventListener("abort", abort);
			resolve(verdict ?? end);
		};
		child.on("error", (fault) => settle({ kind: "notStarted", message: fault.message }));
		// "close" comes after the last line. Whatever the child left behind in its group ends with it.
		child.on("exit", () => killGroup(child.pid));
		child.on("close", (status, signal) =>
			settle(
				signal === null
					? { kind: "exited", status: status ?? 0, errorText }
					: { kind: "signalled", signal, errorText },
			),
		);
	});
}
