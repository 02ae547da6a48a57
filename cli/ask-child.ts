// A question to a program of ours that runs in a process of its own, because a fault in native code must not be ours. The
// request is a file that its argument names; the answer is its last line, in JSON.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ChildEnd, runChild } from "#runner/child.ts";

export interface AskOptions {
	/** For the request's file; the program runs in it. */
	readonly directory: string;
	readonly limitMilliseconds: number;
	readonly signal?: AbortSignal;
}

export type Asked<Answer> =
	| { readonly kind: "answered"; readonly answer: Answer }
	| { readonly kind: "failed"; readonly reason: string };

/** `Answer` is what the program writes: it is ours, and trusted to. Never rejects. */
export async function askChild<Answer>(
	program: string,
	request: object,
	{ directory, limitMilliseconds, signal }: AskOptions,
): Promise<Asked<Answer>> {
	const path = join(directory, "request.json");
	try {
		await writeFile(path, JSON.stringify(request));
	} catch (fault) {
		// The outcome says it: a full disk, or a folder that is gone.
		return { kind: "failed", reason: fault instanceof Error ? fault.message : String(fault) };
	}
	const answers: Answer[] = [];
	const end = await runChild({
		command: process.execPath,
		arguments: ["--disable-warning=ExperimentalWarning", program, path],
		directory,
		limitMilliseconds,
		silenceMilliseconds: 0,
		onLine: (line) => {
			answers.push(JSON.parse(line) as Answer);
		},
		...(signal === undefined ? {} : { signal }),
	});
	const answer = answers.at(-1);
	if (end.kind === "exited" && end.status === 0 && answer !== undefined) return { kind: "answered", answer };
	return { kind: "failed", reason: reasonOf(end) };
}

/** Node shows the line of code that threw first; the error's own begins with its name. */
const errorLine = /^\w*Error\b.*: /;

/** The error's own line, where the process ended with one. */
function reasonOf(end: ChildEnd): string {
	if (end.kind !== "exited" && end.kind !== "signalled") return `the process ended: ${end.kind}`;
	const line = end.errorText.split("\n").find((text) => errorLine.test(text));
	return line?.trim() ?? `the process ended with ${end.kind === "exited" ? end.status : end.signal}`;
}
