import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadKernel } from "#cli/load-kernel.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import { type KernelFolder, writeKernelFolder } from "#test/gpu-runner/kernel-folder.ts";
import { findToolchain } from "#test/gpu-runner/toolchain-fixture.ts";
import { rootMeanSquareNormLinear } from "#test/support/programs.ts";

const shape = { m: 2, k: 17, n: 5 };
let root: string;
let folder: KernelFolder;
beforeAll(async () => {
	const toolchain = await findToolchain();
	root = toolchain.folder();
	folder = await writeKernelFolder(toolchain, join(root, "kernel"), shape);
});
afterAll(() => rmSync(root, { recursive: true }));

function randomInputs(seed: number): Float32Array<ArrayBuffer>[] {
	const random = createRandom(seed);
	return [shape.m * shape.k, shape.k, shape.k * shape.n].map((count) =>
		Float32Array.from({ length: count }, () => random.nextUnit() * 2 - 1),
	);
}

function expectReference(
	outputs: readonly { readonly bytes: Uint8Array }[],
	inputs: readonly Float32Array[],
): void {
	const program = rootMeanSquareNormLinear(shape.m, shape.k, shape.n);
	const [reference] = interpretProgramFloat64(
		program,
		inputs.map((input) => Float64Array.from(input)),
	);
	const found = new Float32Array(outputs[0]?.bytes.buffer as ArrayBuffer);
	for (const [index, value] of found.entries())
		expect(value).toBeCloseTo(reference?.[index] ?? Number.NaN, 4);
	expect(found.length).toBe(shape.m * shape.n);
}

describe("a loaded kernel", () => {
	test("computes what its program says, again and again, for typed arrays and tensors", async () => {
		const kernel = await loadKernel(folder.path, { trustedKeys: folder.trustedKeys });
		for (const seed of [1, 2, 3]) {
			const inputs = randomInputs(seed);
			expectReference(kernel.run(inputs), inputs);
			const tensors = inputs.map((input) => ({ bytes: new Uint8Array(input.buffer) }));
			expectReference(kernel.run(tensors), inputs);
		}
		kernel.close();
	});

	test("packs weights again when other arrays come, and when told that they changed", async () => {
		const kernel = await loadKernel(folder.path);
		const [x, g, w] = randomInputs(4);
		if (x === undefined || g === undefined || w === undefined) throw new Error("three inputs");
		expectReference(kernel.run([x, g, w]), [x, g, w]);
		w.fill(0.25);
		kernel.prepare([x, g, w]);
		expectReference(kernel.run([x, g, w]), [x, g, w]);
		const other = w.map((value) => value * 3);
		expectReference(kernel.run([x, g, other]), [x, g, other]);
		kernel.close();
		kernel.close();
	});

	test("refuses inputs of another number or length, and any call after it was closed", async () => {
		const kernel = await loadKernel(folder.path);
		const inputs = randomInputs(5);
		expect(() => kernel.run(inputs.slice(1))).toThrow(RangeError);
		expect(() => kernel.run([...inputs.slice(0, 2), new Float32Array(1)])).toThrow(/input 2 has 4 bytes/);
		kernel.close();
		expect(() => kernel.run(inputs)).toThrow(/closed/);
	});
});

describe("before anything is loaded", () => {
	const copy = (name: string): string => {
		const path = join(root, name);
		cpSync(folder.path, path, { recursive: true });
		return path;
	};

	test.each<[string, (path: string) => void]>([
		["a library with one more byte", (path) => appendFileSync(join(path, "kernel.so"), "x")],
		["a missing file", (path) => rmSync(join(path, "kernel.h"))],
		["a manifest that is not JSON", (path) => writeFileSync(join(path, "manifest.json"), "{")],
		["no manifest", (path) => rmSync(join(path, "manifest.json"))],
		[
			"a manifest changed after signing",
			(path) => {
				const text = readFileSync(join(path, "manifest.json"), "utf8");
				writeFileSync(join(path, "manifest.json"), text.replace('"verdict":"faster"', '"verdict":"tie"'));
			},
		],
	])("%s is refused", async (name, harm) => {
		const path = copy(name.replaceAll(" ", "-"));
		harm(path);
		await expect(loadKernel(path, { trustedKeys: folder.trustedKeys })).rejects.toMatchObject({
			code: "cache.signature_invalid",
		});
	});

	test("a signature by a key that is not trusted is refused", async () => {
		await expect(loadKernel(folder.path, { trustedKeys: {} })).rejects.toMatchObject({
			code: "cache.signature_invalid",
		});
	});
});
