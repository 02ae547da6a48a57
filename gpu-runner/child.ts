// Runs a program that is not trusted to end, to be short, or to be quiet: in a process group of its own, with an
// environment that holds nothing, bounded output, and a watchdog that kills the whole group.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

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
	/** Called with each line of standard output as it arrives. What it throws ends the child: it does not keep to its form. */
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
	| { readonly kind: "talkative" }
	| { readonly kind: "unintelligible"; readonly message: string }
	| { readonly kind: "aborted" }
	| { readonly kind: "notStarted"; readonly message: string };

/** More than any honest child writes on standard output. */
const outputBytesMax = 64 * 1024 * 1024;
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

/** A process that has left the group may hold the pipes of a child that is gone: they are not read for longer. */
const lingerMilliseconds = 3000;

/** Gives `onLine` every line; too much, or a line that it refuses, stops the child. */
function readLines(output: Readable, onLine: (line: string) => void, stop: (end: ChildEnd) => void): void {
	let bytes = 0;
	const reader = createInterface({ input: output });
	output.on("data", (chunk: Buffer) => {
		bytes += chunk.length;
		if (bytes <= outputBytesMax) return;
		stop({ kind: "talkative" });
		output.destroy();
	});
	reader.on("line", (line) => {
		try {
			onLine(line);
		} catch (fault) {
			stop({ kind: "unintelligible", message: fault instanceof Error ? fault.message : String(fault) });
		}
	});
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
		let linger: NodeJS.Timeout | undefined;
		const stop = (end: ChildEnd): void => {
			verdict ??= end;
			killGroup(child.pid);
		};
		const stopAfter = (kind: "overtime" | "silent", limitMilliseconds: number): NodeJS.Timeout =>
			setTimeout(() => stop({ kind, limitMilliseconds }), limitMilliseconds);
		const overtime = stopAfter("overtime", options.limitMilliseconds);
		const silence =
			options.silenceMilliseconds > 0 ? stopAfter("silent", options.silenceMilliseconds) : undefined;
		const abort = (): void => stop({ kind: "aborted" });
		options.signal?.addEventListener("abort", abort);
		const onLine = (line: string): void => {
			silence?.refresh();
			if (verdict === undefined) options.onLine?.(line);
		};
		readLines(child.stdout, onLine, stop);
		child.stderr.on("data", (chunk: Buffer) => {
			if (errorText.length < errorBytesMax) errorText += chunk.toString("utf8");
		});
		const settle = (end: ChildEnd): void => {
			clearTimeout(overtime);
			clearTimeout(silence);
			clearTimeout(linger);
			options.signal?.removeEventListener("abort", abort);
			resolve(verdict ?? end);
		};
		child.on("error", (fault) => settle({ kind: "notStarted", message: fault.message }));
		// "close" comes after the last line. Whatever the child left behind in its group ends with it.
		child.on("exit", () => {
			killGroup(child.pid);
			linger = setTimeout(() => {
				child.stdout.destroy();
				child.stderr.destroy();
			}, lingerMilliseconds);
		});
		child.on("close", (status, signal) =>
			settle(
				signal === null
					? { kind: "exited", status: status ?? 0, errorText }
					: { kind: "signalled", signal, errorText },
			),
		);
	});
}
