// Generated kernels under a sanitizer of the compiler, in a process of their own.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emitC } from "#shared/codegen/codegen.ts";
import type { LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import { type DataType, elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import { hostTarget } from "./compiled-kernel.ts";

/** address: also undefined behaviour. thread: data races. */
export type Sanitizer = "address" | "thread";

const flags: Readonly<Record<Sanitizer, readonly string[]>> = {
	address: ["-fsanitize=address,undefined"],
	thread: ["-fsanitize=thread"],
};
const driver = join(import.meta.dirname, "../codegen/sanitized-driver.c");
const childMilliseconds = 120_000;

/** Why there are no checks by this sanitizer here, or null. */
export function sanitizerMissing(sanitizer: Sanitizer): string | null {
	if (process.arch !== "x64") return `the processor is ${process.arch}, not x64`;
	const folder = mkdtempSync(join(tmpdir(), "kiln-sanitizer-"));
	try {
		const source = join(folder, "empty.c");
		writeFileSync(source, "int main(void) { return 0; }\n");
		const built = spawnSync("gcc", [...flags[sanitizer], source, "-o", join(folder, "empty")]);
		if (built.status !== 0) return `gcc cannot link with -fsanitize=${sanitizer}`;
		const ran = spawnSync(join(folder, "empty"));
		return ran.status === 0 ? null : `programs with -fsanitize=${sanitizer} do not start`;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

export interface SanitizedKernel {
	readonly program: LoopProgram;
	/** In the element types of the program. */
	readonly inputs: readonly ArrayBufferView[];
}

export interface SanitizedRun {
	readonly sanitizer: Sanitizer;
	readonly threads: number;
	/** Runs of each kernel in the same buffers. */
	readonly times: number;
}

/** Outputs of each kernel as bytes. Throws with the sanitizer's report when it has one. */
export function runSanitized(
	kernels: readonly SanitizedKernel[],
	{ sanitizer, threads, times }: SanitizedRun,
): readonly (readonly Uint8Array[])[] {
	const folder = mkdtempSync(join(tmpdir(), "kiln-sanitized-"));
	try {
		const path = (name: string): string => join(folder, name);
		const parts = kernels.map(({ program }, at) => ({ prefix: `k${at}`, program }));
		writeFileSync(path("kernels.c"), emitC(parts, hostTarget));
		writeFileSync(path("table.h"), printTable(parts));
		writeFileSync(path("inputs"), Buffer.concat(kernels.flatMap(({ inputs }) => inputs.map(bytesOf))));
		const sources = [path("kernels.c"), driver, "-I", folder];
		const options = [
			"-O1",
			"-g1",
			...hostTarget.compilerFlags,
			...flags[sanitizer],
			"-fno-sanitize-recover=all",
		];
		execFileSync("gcc", [...options, ...sources, "-o", path("run"), "-pthread", "-lm"], {
			stdio: ["ignore", "ignore", "pipe"],
		});
		const child = spawnSync(path("run"), [path("inputs"), path("outputs"), `${threads}`, `${times}`], {
			encoding: "utf8",
			timeout: childMilliseconds,
			env: { TSAN_OPTIONS: "halt_on_error=1", ASAN_OPTIONS: "detect_leaks=0" },
		});
		if (child.status !== 0) throw new Error(`ended with ${child.signal ?? child.status}: ${child.stderr}`);
		return cutOutputs(readFileSync(path("outputs")), kernels);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function bytesOf(view: ArrayBufferView): Uint8Array {
	return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

const tensorBytes = ({ shape, dataType }: { readonly shape: Shape; readonly dataType: DataType }): number =>
	elementCount(shape) * elementBytes(dataType);

function cutOutputs(bytes: Buffer, kernels: readonly SanitizedKernel[]): readonly (readonly Uint8Array[])[] {
	let from = 0;
	return kernels.map(({ program }) =>
		program.outputs.map((output) => {
			const begin = from;
			from += tensorBytes(output);
			return Uint8Array.from(bytes.subarray(begin, from));
		}),
	);
}

/** table.h: what the driver has to know of each kernel. */
function printTable(parts: readonly { readonly prefix: string; readonly program: LoopProgram }[]): string {
	const declarations = parts.flatMap(({ prefix }) => [
		`size_t ${prefix}_prepared_bytes(void);`,
		`size_t ${prefix}_workspace_bytes(int threads);`,
		`int ${prefix}_prepare(const void *const *inputs, void *prepared);`,
		`int ${prefix}_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads);`,
	]);
	const buffer = (tensor: { shape: Shape; dataType: DataType }, isWeight: boolean): string =>
		`{${tensorBytes(tensor)}, ${elementBytes(tensor.dataType)}, ${Number(isWeight)}}`;
	const buffers = parts.map(({ prefix, program }) => {
		const all = [
			...program.inputs.map((input) => buffer(input, input.role === "weight")),
			...program.outputs.map((output) => buffer(output, false)),
		];
		return `static const struct buffer ${prefix}_buffers[] = {${all.join(", ")}};`;
	});
	const rows = parts.map(
		({ prefix, program }) =>
			`\t{${prefix}_prepared_bytes, ${prefix}_workspace_bytes, ${prefix}_prepare, ${prefix}_run, ` +
			`${program.inputs.length}, ${program.outputs.length}, ${prefix}_buffers},`,
	);
	return `#include <stddef.h>
struct buffer { size_t bytes, element; int is_weight; };
struct kernel {
	size_t (*prepared_bytes)(void);
	size_t (*workspace_bytes)(int);
	int (*prepare)(const void *const *, void *);
	int (*run)(const void *const *, void *const *, const void *, void *, int);
	int inputs, outputs;
	const struct buffer *buffers;
};
${[...declarations, ...buffers].join("\n")}
static const struct kernel kernels[] = {
${rows.join("\n")}
};
`;
}
