// Compiles and links a model's operator library on the user's machine, from the kernels' published C.

import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelFlags, runCompiler } from "#runner/toolchain/compile-shared-library.ts";
import type { Compiler } from "#runner/toolchain/find-compiler.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type TargetId, targets } from "#shared/target/target.ts";
import { type Kernels, renamedKernel } from "./operator-table.ts";

const nativeFolder = fileURLToPath(new URL("./native/", import.meta.url));
const compileMillisecondsMax = 120_000;
/** Only what is marked in register.c is seen from outside: two libraries in one process must not meet. */
const linkFlags = ["-std=gnu11", "-O2", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden"] as const;
/** Kernels compile at the same time, a few. */
const compilersMax = 2;

export interface LibrarySources {
	readonly kernels: Kernels;
	/** Generated files by name. */
	readonly generated: Readonly<Record<string, string>>;
	/** Files of `native/` that it is linked with. */
	readonly parts: readonly string[];
	readonly target: TargetId;
}

/** Writes the shared library `output`, whole or not at all. Throws `toolchain.missing` with what the compiler said. */
export async function buildLibrary(
	sources: LibrarySources,
	output: string,
	compiler: Compiler,
): Promise<void> {
	const folder = await mkdtemp(join(dirname(output), ".library-"));
	try {
		const options = { compiler, timeoutMilliseconds: compileMillisecondsMax };
		const compile = async (commandArguments: readonly string[]): Promise<void> => {
			const message = await runCompiler(commandArguments, folder, options);
			if (message !== null)
				throw new OptimizeError("toolchain.missing", `the model's library does not compile: ${message}`);
		};
		const objects = await compileKernels(sources, folder, compile);
		const generated = Object.entries(sources.generated);
		for (const [name, text] of generated) await writeFile(join(folder, name), text);
		const parts = sources.parts.map((name) => join(nativeFolder, name));
		await compile([
			...linkFlags,
			`-I${nativeFolder}`,
			"-I.",
			"-o",
			"library.so",
			...parts,
			...generated.flatMap(([name]) => (name.endsWith(".c") ? [name] : [])),
			...objects,
			"-lm",
		]);
		await rename(join(folder, "library.so"), output);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function compileKernels(
	{ kernels, target }: LibrarySources,
	folder: string,
	compile: (commandArguments: readonly string[]) => Promise<void>,
): Promise<readonly string[]> {
	const flags = [
		...kernelFlags.filter((flag) => flag !== "-shared"),
		...targets[target].compilerFlags,
		"-fvisibility=hidden",
		"-c",
	];
	const entries = [...[...kernels.values()].entries()];
	const worker = async (): Promise<void> => {
		for (let entry = entries.shift(); entry !== undefined; entry = entries.shift()) {
			const [at, { source }] = entry;
			await writeFile(join(folder, `kernel-${at}.c`), renamedKernel(source, at));
			await compile([...flags, "-o", `kernel-${at}.o`, `kernel-${at}.c`]);
		}
	};
	await Promise.all(Array.from({ length: compilersMax }, worker));
	return [...kernels.keys()].map((_, at) => `kernel-${at}.o`);
}
