import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeWholeModel } from "#cli/whole-model/write-whole-model.ts";
import { denseModel } from "#test/cli/whole-model/model-cases.ts";
import { tuneModel } from "#test/cli/whole-model/tuned-folder.ts";
import { type KernelFolder, writeKernelFolder } from "./kernel-folder.ts";
import { findToolchain, type Toolchain } from "./toolchain-fixture.ts";

const run = promisify(execFile);
const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const shape = { m: 3, k: 20, n: 7 };
let toolchain: Toolchain;
let root: string;
let folder: KernelFolder;
beforeAll(async () => {
	toolchain = await findToolchain();
	root = toolchain.folder();
	folder = await writeKernelFolder(toolchain, join(root, "kernel"), shape);
});
afterAll(() => rmSync(root, { recursive: true }));

test("the Node and the C example run one kernel to the same result", async () => {
	const fromNode = await run(process.execPath, [join(examples, "01-node-load-kernel/main.ts"), folder.path]);
	const program = join(root, "call-kernel");
	const source = join(examples, "02-c-call-kernel/main.c");
	const library = join(folder.path, "kernel.so");
	await run(toolchain.compiler.command, [
		"-O2",
		"-Wall",
		"-Werror",
		"-I",
		folder.path,
		source,
		library,
		"-lm",
		"-o",
		program,
	]);
	const counts = [3, shape.m * shape.k, shape.k, shape.k * shape.n, 1, shape.m * shape.n];
	const fromC = await run(program, counts.map(String));
	const sumOf = (text: string): number => Number(/sum of magnitudes (\S+)/.exec(text)?.[1]);
	expect(fromNode.stdout).toContain("output 0: [3, 7]");
	expect(sumOf(fromNode.stdout)).toBeGreaterThan(0);
	expect(sumOf(fromC.stdout)).toBeCloseTo(sumOf(fromNode.stdout), 3);
});

test("the example of a whole model runs it", async () => {
	const tuned = await tuneModel(toolchain, join(root, "whole"), denseModel(1));
	await writeWholeModel(tuned.request);
	const { stdout } = await run(process.execPath, [
		join(examples, "03-whole-model/main.ts"),
		tuned.request.directory,
	]);
	expect(stdout).toBe('"y": [3, 33], 396 bytes\n');
});
