// Emitted C as callable functions: compiled with the machine's compiler, loaded through koffi.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { emitC } from "#shared/codegen/codegen.ts";
import type { LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import { type CpuTarget, targets } from "#shared/target/target.ts";
import type { DataType } from "#shared/tensor/data-type.ts";

export const hostTarget: CpuTarget = targets["cpu-x86-64-v3"];

/** Others that this machine runs. */
export function otherTargets(): readonly CpuTarget[] {
	const flags = new Set(/^flags\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" "));
	const isWide = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"].every((flag) => flags.has(flag));
	return [targets["cpu-portable"], ...(isWide ? [targets["cpu-x86-64-v4"]] : [])];
}

/** Why emitted code cannot run here, or null. */
export function compilerMissing(): string | null {
	if (process.arch !== "x64") return `the processor is ${process.arch}, not x64`;
	const found = spawnSync("gcc", ["--version"]);
	return found.status === 0 ? null : "there is no gcc";
}

export interface CompiledKernel {
	/** Buffers in the element types of the program; outputs are returned in the same way. */
	run(inputs: readonly ArrayBufferView[], threads?: number): ArrayBufferView[];
	/** Prepares once; every call of the result runs the kernel on the same buffers, and returns the outputs. */
	bind(inputs: readonly ArrayBufferView[], threads?: number): () => readonly ArrayBufferView[];
}

export function compile(
	source: string,
	target: CpuTarget,
	output: string,
	extra: readonly string[] = [],
): void {
	const flags = [
		"-O2",
		...target.compilerFlags,
		"-std=gnu11",
		"-Wall",
		"-Wextra",
		"-Wno-maybe-uninitialized",
		"-Werror",
		...extra,
	];
	const path = output.replace(/\.\w+$/, ".c");
	writeFileSync(path, source);
	execFileSync("gcc", [...flags, "-fPIC", "-shared", "-pthread", path, "-o", output, "-lm"], {
		stdio: ["ignore", "ignore", "pipe"],
	});
}

/** Compiles programs into one library and loads it; the temporary folder is gone when this returns. */
export function compilePrograms(
	programs: readonly LoopProgram[],
	target: CpuTarget = hostTarget,
): CompiledKernel[] {
	const folder = mkdtempSync(join(tmpdir(), "kiln-codegen-"));
	try {
		const parts = programs.map((program, at) => ({ prefix: `k${at}`, program }));
		const library = join(folder, "kernels.so");
		compile(emitC(parts, target), target, library);
		const loaded = koffi.load(library);
		return programs.map((program, at) => bind(loaded, `k${at}`, program));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function bind(library: ReturnType<typeof koffi.load>, prefix: string, program: LoopProgram): CompiledKernel {
	const preparedBytes = library.func(`size_t ${prefix}_prepared_bytes(void)`);
	const workspaceBytes = library.func(`size_t ${prefix}_workspace_bytes(int)`);
	const prepare = library.func(`int ${prefix}_prepare(void **, void *)`);
	const runKernel = library.func(`int ${prefix}_run(void **, void **, void *, void *, int)`);
	const setUp = (inputs: readonly ArrayBufferView[], threads: number) => {
		const outputs = program.outputs.map(({ shape, dataType }) =>
			poisoned(
				dataType,
				shape.reduce((product, extent) => product * extent, 1),
			),
		);
		const prepared = aligned(Number(preparedBytes()));
		const workspace = aligned(Number(workspaceBytes(threads)));
		const weights = inputs.map((input, at) => (program.inputs[at]?.role === "weight" ? input : null));
		if (prepare(weights, prepared) !== 0) throw new Error("prepare failed");
		return { outputs, prepared, workspace };
	};
	return {
		run: (inputs, threads = 1) => {
			const { outputs, prepared, workspace } = setUp(inputs, threads);
			if (runKernel(inputs, outputs, prepared, workspace, threads) !== 0) throw new Error("run failed");
			return outputs;
		},
		bind: (inputs, threads = 1) => {
			const { outputs, prepared, workspace } = setUp(inputs, threads);
			return () => {
				runKernel(inputs, outputs, prepared, workspace, threads);
				return outputs;
			};
		},
	};
}

/** Garbage in what is not an output must not matter. */
const poisonedBytesMax = 1 << 20;

/** A 64-byte aligned view, poisoned unless that would take long. */
function aligned(bytes: number): Uint8Array {
	const buffer = new Uint8Array(bytes + 128);
	if (bytes <= poisonedBytesMax) buffer.fill(0xff);
	const skip = (64 - Number(koffi.address(buffer) % 64n)) % 64;
	return buffer.subarray(skip, skip + Math.max(bytes, 1));
}

const arrays = {
	float32: Float32Array,
	float16: Uint16Array,
	bfloat16: Uint16Array,
	float64: Float64Array,
	int8: Int8Array,
	int16: Int16Array,
	int32: Int32Array,
	int64: BigInt64Array,
	uint8: Uint8Array,
	uint16: Uint16Array,
	uint32: Uint32Array,
	uint64: BigUint64Array,
	bool: Uint8Array,
} as const;

/** Every byte 0xff: an element that is not written shows. */
export function poisoned(dataType: DataType, elements: number): ArrayBufferView {
	const array = new arrays[dataType](elements);
	new Uint8Array(array.buffer).fill(0xff);
	return array;
}
