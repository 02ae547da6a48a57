// The measuring process is C, compiled once on the machine it measures and kept under the digest of its sources.

import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCompiler } from "#runner/toolchain/compile-shared-library.ts";
import type { Compiler } from "#runner/toolchain/find-compiler.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

const sourceDirectory = fileURLToPath(new URL("../harness/", import.meta.url));
const compileMillisecondsMax = 60_000;
/** No -march: it must run wherever the runner runs; what is timed lies in libraries of their own. */
const flags = ["-O2", "-std=gnu11", "-Wall"] as const;

/** Path of the compiled harness in `cacheDirectory`, compiling it when it is not there. Throws toolchain.missing when it cannot. */
export async function buildHarness(compiler: Compiler, cacheDirectory: string): Promise<string> {
	const names = (await readdir(sourceDirectory)).filter((name) => /\.[ch]$/.test(name)).sort();
	const digest = createHash("sha256").update(`${compiler.version}\n${flags.join(" ")}\n`);
	for (const name of names) digest.update(`${name}\n`).update(await readFile(join(sourceDirectory, name)));
	const binary = join(cacheDirectory, `harness-${digest.digest("hex").slice(0, 32)}`);
	if (await isThere(binary)) return binary;
	await mkdir(cacheDirectory, { recursive: true });
	const fresh = `${binary}.${process.pid}`;
	const sources = names.filter((name) => name.endsWith(".c")).map((name) => join(sourceDirectory, name));
	const message = await runCompiler([...flags, "-o", fresh, ...sources, "-ldl", "-lm"], cacheDirectory, {
		compiler,
		timeoutMilliseconds: compileMillisecondsMax,
	});
	if (message !== null)
		throw new OptimizeError("toolchain.missing", `the measuring process does not compile: ${message}`);
	await rename(fresh, binary);
	return binary;
}

async function isThere(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
