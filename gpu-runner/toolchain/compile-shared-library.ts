import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { runChild } from "#runner/child.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { type Compiler, compilerEnvironment } from "./find-compiler.ts";

export interface CompileOptions {
	readonly compiler: Compiler;
	readonly timeoutMilliseconds: number;
	readonly signal?: AbortSignal;
}

export type CompileOutcome =
	| { readonly kind: "compiled"; readonly library: string }
	| { readonly kind: "failed"; readonly message: string };

/** How much of a compiler's complaint is kept. */
const messageCharactersMax = 4000;

/** Flags common to every kernel. Vectors are written out in the source, so that -O3 gives longer compiling and no faster code. */
export const kernelFlags = ["-std=gnu11", "-O2", "-fPIC", "-shared", "-pthread", "-fno-math-errno"] as const;

/** Runs the compiler; what it says comes back as the message of a failure. */
export async function runCompiler(
	commandArguments: readonly string[],
	directory: string,
	options: CompileOptions,
): Promise<string | null> {
	const end = await runChild({
		command: options.compiler.command,
		arguments: commandArguments,
		directory,
		environment: compilerEnvironment(options.compiler.searchPath, directory),
		limitMilliseconds: options.timeoutMilliseconds,
		silenceMilliseconds: 0,
		...(options.signal === undefined ? {} : { signal: options.signal }),
	});
	switch (end.kind) {
		case "exited":
			return end.status === 0
				? null
				: `${options.compiler.command} ended with ${end.status}: ${end.errorText.slice(0, messageCharactersMax)}`;
		case "signalled":
			return `${options.compiler.command} was ended by ${end.signal}: ${end.errorText.slice(0, messageCharactersMax)}`;
		case "notStarted":
			return `${options.compiler.command} cannot be started: ${end.message}`;
		case "overtime":
			return `${options.compiler.command} took longer than ${end.limitMilliseconds} ms`;
		case "aborted":
			return "the compilation was cancelled";
		case "silent":
		case "talkative":
		case "unintelligible":
			return `${options.compiler.command} was stopped: ${end.kind}`;
	}
}

/** Writes `source` to `<output minus .so>.c` and compiles it to the shared library `output` for the target. */
export async function compileSharedLibrary(
	source: string,
	target: CpuTarget,
	output: string,
	options: CompileOptions,
): Promise<CompileOutcome> {
	const sourcePath = output.replace(/\.so$/, ".c");
	await writeFile(sourcePath, source);
	const message = await runCompiler(
		[...kernelFlags, ...target.compilerFlags, "-o", output, sourcePath, "-lm"],
		dirname(output),
		options,
	);
	return message === null ? { kind: "compiled", library: output } : { kind: "failed", message };
}
