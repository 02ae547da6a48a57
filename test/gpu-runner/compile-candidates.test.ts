import { existsSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileCandidates } from "#runner/toolchain/compile-candidates.ts";
import { findCompiler } from "#runner/toolchain/find-compiler.ts";
import { findToolchain, type Toolchain } from "./toolchain-fixture.ts";

let toolchain: Toolchain;
let folder: string;
beforeAll(async () => {
	toolchain = await findToolchain();
	folder = toolchain.folder();
});
afterAll(() => rmSync(folder, { recursive: true }));

const fine = (index: number) => `int kiln_c${index}_run(void) { return ${index}; }`;
const compile = (sources: readonly string[]) =>
	compileCandidates(
		sources.map((_, candidate) => ({ candidate, prefix: `kiln_c${candidate}` })),
		(parts) => parts.map(({ candidate }) => sources[candidate]).join("\n"),
		toolchain.target,
		folder,
		{ compiler: toolchain.compiler, timeoutMilliseconds: 20_000 },
	);

describe("compiling candidates", () => {
	test("puts several into one library", async () => {
		const { compiled, failed } = await compile([0, 1, 2].map(fine));
		expect(failed).toEqual([]);
		expect(compiled.map(({ candidate }) => candidate)).toEqual([0, 1, 2]);
		expect(new Set(compiled.map(({ library }) => library)).size).toBe(1);
		expect(existsSync(compiled[0]?.library ?? "")).toBe(true);
	});

	test("pins failures on the candidates at fault, with what the compiler said", async () => {
		const sources = [0, 1, 2, 3, 4, 5].map(fine);
		sources[1] = "this is not C;";
		sources[4] = "int kiln_c4_run(void) { return undeclared_name; }";
		const { compiled, failed } = await compile(sources);
		expect(compiled.map(({ candidate }) => candidate).sort()).toEqual([0, 2, 3, 5]);
		expect(failed.map(({ candidate }) => candidate).sort()).toEqual([1, 4]);
		expect(failed.find(({ candidate }) => candidate === 4)?.message).toContain("undeclared_name");
	});

	test("a compiler that is not there is found out, and another taken", async () => {
		const found = await findCompiler(process.env.PATH ?? "", "no-such-compiler");
		expect(found?.version).toMatch(/gcc|clang|GCC/);
		expect(await findCompiler("/nonexistent", "no-such-compiler")).toBeNull();
	});
});
