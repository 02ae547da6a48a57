// A kernel that runs on its host's threads: the same results as with its own, and no threads of its own.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { afterAll, describe, expect, test } from "vitest";
import { emitC } from "#shared/codegen/codegen.ts";
import { present } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { lowerAll, randomInputs, someCandidates } from "#test/support/check-candidates.ts";
import { compile, compilerMissing, hostTarget } from "#test/support/compiled-kernel.ts";
import { gatedMlp, rootMeanSquareNormLinear, rowSoftmax } from "#test/support/programs.ts";

const missing = compilerMissing();
const folder = mkdtempSync(join(tmpdir(), "kiln-host-threads-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** How a host runs tasks: the order is its own business. */
const orders: Readonly<Record<string, (count: number) => readonly number[]>> = {
	ascending: (count) => [...new Array(count).keys()],
	descending: (count) => [...new Array(count).keys()].reverse(),
};

koffi.proto("void kiln_test_task(void *data, size_t index)");
koffi.proto("void kiln_test_apply(void *context, void *task, size_t count, void *data)");

const aligned = (bytes: number): Uint8Array => {
	const buffer = new Uint8Array(bytes + 128);
	const skip = (64 - Number(koffi.address(buffer) % 64n)) % 64;
	return buffer.subarray(skip, skip + Math.max(1, bytes));
};

function bindKernel(program: Program, name: string) {
	const [lowered] = lowerAll(someCandidates(program, 1, 1), 4);
	const path = join(folder, `${name}.so`);
	const parts = [{ prefix: "k", program: present(lowered, "a candidate") }];
	compile(emitC(parts, hostTarget), hostTarget, path);
	const library = koffi.load(path);
	const tables = "void **inputs, void **outputs, void *prepared, void *workspace, int threads";
	const bytesOf = (declaration: string, ...given: number[]): number =>
		Number(library.func(declaration)(...given));
	const prepared = aligned(bytesOf("size_t k_prepared_bytes(void)"));
	const workspace = (threads: number): Uint8Array =>
		aligned(bytesOf("size_t k_workspace_bytes(int)", threads));
	return {
		prepare: library.func("int k_prepare(void **inputs, void *prepared)"),
		run: library.func(`int k_run(${tables})`),
		runWith: library.func(`int k_run_with(${tables}, kiln_test_apply *apply, void *context)`),
		reads: library.func("int k_reads(int input)"),
		prepared,
		workspace,
	};
}

const threadsAlive = (): number => readdirSync("/proc/self/task").length;

describe.skipIf(missing !== null)("a kernel on its host's threads", () => {
	const programs = {
		softmax: rowSoftmax(33, 65),
		norm: rootMeanSquareNormLinear(5, 64, 48),
		mlp: gatedMlp(3, 32, 65),
	};

	test.each(Object.entries(programs))("%s: equal results in every order of tasks", (name, program) => {
		const kernel = bindKernel(program, name);
		const inputs = randomInputs(program, Number(process.env.TEST_SEED));
		const outputs = () =>
			program.outputs.map(
				({ shape }) => new Float32Array(shape.reduce((count, extent) => count * extent, 1)),
			);
		kernel.prepare(inputs, kernel.prepared);
		const before = threadsAlive();
		const found = Object.values(orders).map((order) => {
			const results = outputs();
			let tasks = 0;
			const apply = (_context: unknown, task: unknown, count: number, data: unknown): void => {
				const call = koffi.decode(task, "kiln_test_task");
				for (const index of order(Number(count))) call(data, index);
				tasks += Number(count);
			};
			// What a run does not read need not be there.
			const given = inputs.map((input, at) => (kernel.reads(at) === 1 ? input : null));
			expect(kernel.runWith(given, results, kernel.prepared, kernel.workspace(4), 4, apply, null)).toBe(0);
			return { results, tasks };
		});
		expect(threadsAlive()).toBe(before);
		const expected = outputs();
		kernel.run(inputs, expected, kernel.prepared, kernel.workspace(1), 1);
		for (const { results, tasks } of found) {
			expect(results).toEqual(expected);
			expect(tasks).toBeGreaterThanOrEqual(4);
		}
	});
});
