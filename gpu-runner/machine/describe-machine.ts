// What this runner is: read from the system and probed once, kept with every measurement as evidence.

import { createHash } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { runChild } from "#runner/child.ts";
import { runCompiler } from "#runner/toolchain/compile-shared-library.ts";
import type { Compiler } from "#runner/toolchain/find-compiler.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type CpuTarget, type Machine, type TargetId, targets } from "#shared/target/target.ts";

const probeSource = fileURLToPath(new URL("../probe/probe.c", import.meta.url));
const probeMilliseconds = 30_000;
const probeSchema = z.object({ readGigabytesPerSecond: z.number(), fusedMultiplyAddGflops: z.number() });

/** Processor flags (as /proc/cpuinfo names them) without which code for the target does not run. */
const flagsNeeded: Readonly<Record<TargetId, readonly string[]>> = {
	"cpu-portable": [],
	"cpu-x86-64-v3": ["avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"],
	"cpu-x86-64-v4": ["avx2", "bmi2", "fma", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
};

/** Targets that this machine can run code for, best first; empty on a machine Kiln has no target for. */
export async function runnableTargets(): Promise<readonly TargetId[]> {
	const flags = new Set((await readCpuInformation()).flags);
	const all: readonly TargetId[] = ["cpu-x86-64-v4", "cpu-x86-64-v3", "cpu-portable"];
	return all.filter((target) => flagsNeeded[target].every((flag) => flags.has(flag)));
}

/** Describes the machine for one of its targets. Throws toolchain.missing when the probe cannot be compiled or run. */
export async function describeMachine(
	target: TargetId,
	compiler: Compiler,
	directory: string,
): Promise<Machine> {
	const { model, flags } = await readCpuInformation();
	const described = targets[target];
	const probes = await probeOnce(described, model, compiler, directory);
	return {
		target,
		model,
		cores: availableParallelism(),
		instructionSets: flags.filter((flag) => /^(avx|fma|f16c|amx|bmi|sse4)/.test(flag)),
		level1Bytes: (await cacheBytes(1)) ?? described.level1Bytes,
		level2Bytes: (await cacheBytes(2)) ?? described.level2Bytes,
		level3Bytes: (await cacheBytes(3)) ?? described.level3Bytes,
		compiler: compiler.version,
		baseline: `onnxruntime ${runtimeVersion()}`,
		...probes,
	};
}

async function readCpuInformation(): Promise<{ model: string; flags: string[] }> {
	const text = await readFile("/proc/cpuinfo", "utf8");
	const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(text)?.[1] ?? "";
	return { model: field("model name") || "unknown", flags: field("flags").split(" ") };
}

/** Size of the first core's data or unified cache of a level; null where the system does not tell. */
async function cacheBytes(level: number): Promise<number | null> {
	for (let index = 0; index < 8; index++) {
		const folder = `/sys/devices/system/cpu/cpu0/cache/index${index}`;
		const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8").catch(() => "");
		if (Number(await read("level")) !== level || (await read("type")).startsWith("Instruction")) continue;
		const size = /^(\d+)K/.exec(await read("size"))?.[1];
		return size === undefined ? null : Number(size) * 1024;
	}
	return null;
}

/** What an earlier runner measured in this folder, on this processor with this compiler, is still true. */
async function probeOnce(
	target: CpuTarget,
	model: string,
	compiler: Compiler,
	directory: string,
): Promise<z.infer<typeof probeSchema>> {
	const name = createHash("sha256")
		.update(`${target.id}\n${model}\n${compiler.version}\n${kilnVersion}`)
		.digest("hex");
	const path = join(directory, `probe-${name.slice(0, 16)}.json`);
	const known = await readFile(path, "utf8").catch(() => null);
	if (known !== null) return probeSchema.parse(JSON.parse(known));
	const probes = await runProbe(target, compiler, directory);
	await writeFile(`${path}.${process.pid}`, JSON.stringify(probes));
	await rename(`${path}.${process.pid}`, path);
	return probes;
}

async function runProbe(
	target: CpuTarget,
	compiler: Compiler,
	directory: string,
): Promise<z.infer<typeof probeSchema>> {
	const binary = join(directory, `probe-${process.pid}`);
	const flags = ["-O3", "-std=gnu11", "-ffp-contract=fast", ...target.compilerFlags];
	const message = await runCompiler([...flags, "-o", binary, probeSource], directory, {
		compiler,
		timeoutMilliseconds: probeMilliseconds,
	});
	if (message !== null)
		throw new OptimizeError("toolchain.missing", `the probe does not compile: ${message}`);
	let line = "";
	const end = await runChild({
		command: binary,
		arguments: [],
		directory,
		limitMilliseconds: probeMilliseconds,
		silenceMilliseconds: 0,
		onLine: (text) => {
			line = text;
		},
	});
	await rm(binary, { force: true });
	if (end.kind !== "exited" || end.status !== 0)
		throw new OptimizeError("toolchain.missing", `the probe did not run: ${end.kind}`);
	return probeSchema.parse(JSON.parse(line));
}

function runtimeVersion(): string {
	const manifest: unknown = createRequire(import.meta.url)("onnxruntime-node/package.json");
	return present(z.object({ version: z.string() }).parse(manifest), "onnxruntime-node's manifest").version;
}
