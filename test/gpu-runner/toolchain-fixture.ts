import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runnableTargets } from "#runner/machine/describe-machine.ts";
import { buildHarness } from "#runner/measure/harness-binary.ts";
import { findRuntimeLibrary } from "#runner/measure/runtime-library.ts";
import { type Compiler, findCompiler } from "#runner/toolchain/find-compiler.ts";
import { present } from "#shared/fault/assert.ts";
import { type CpuTarget, targets } from "#shared/target/target.ts";

export interface Toolchain {
	readonly compiler: Compiler;
	readonly harness: string;
	readonly runtime: string;
	readonly target: CpuTarget;
	/** A fresh folder; the caller removes it. */
	readonly folder: () => string;
}

/** What measuring needs on this machine. The compiled harness is shared by all tests. */
export async function findToolchain(): Promise<Toolchain> {
	const compiler = present(await findCompiler(process.env.PATH ?? ""), "tests need a C compiler");
	return {
		compiler,
		harness: await buildHarness(compiler, join(tmpdir(), "kiln-test-harness")),
		runtime: present(findRuntimeLibrary(), "tests need onnxruntime-node"),
		target: targets[present((await runnableTargets())[0], "tests need an x86-64-v3 machine")],
		folder: () => mkdtempSync(join(tmpdir(), "kiln-test-")),
	};
}
