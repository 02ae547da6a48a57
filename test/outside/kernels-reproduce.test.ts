// Tuned kernels in the place of islands give the outputs that another framework stored for whole models, and so does the
// interpreter. Everything goes the user's way: `kiln optimize` against a real stack, then `kiln check`.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { readTensorFiles } from "#cli/tensor-files.ts";
import { runKiln } from "#test/support/kiln-process.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";
import { type StackClient, startStackClient } from "#test/support/stack-client.ts";

const suite = outsideSuite("exported");
const dataOf = (name: string): string => join(suite ?? "", name, "test_data_set_0");
const modelOf = (name: string): string => join(suite ?? "", name, "model.onnx");
const cases = suite === null ? [] : readdirSync(suite).filter((name) => existsSync(dataOf(name)));

/** Which candidate wins hardly matters here: every kernel that is published must be right. */
const measureShare = "0.02";
const caseMilliseconds = 600_000;

describe.skipIf(suite === null)("exported models with stored inputs", () => {
	let folder: string;
	let client: StackClient;
	let islandsRun = 0;
	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), "kiln-reproduce-"));
		client = await startStackClient({
			dataFolder: join(folder, "data"),
			runnerEnvironment: { KILN_MEASURE_SHARE: measureShare },
		});
	});
	afterAll(async () => {
		await client.stack.stop();
		rmSync(folder, { recursive: true, force: true });
	});

	test.concurrent.each(cases)(
		"%s: no island fails, and what ran as a kernel reproduces the outputs, as does the interpreter",
		async (name) => {
			const kernels = join(folder, "kernels", name);
			const [view, interpreted] = await Promise.all([
				client.optimize(modelOf(name), kernels, ["--effort", "quick", ...(await bindings(name))]),
				check(name, []),
			]);
			expect(view.islands.filter(({ error }) => error !== null)).toEqual([]);
			expect(interpreted).toMatchObject({ verdict: "equal" });
			const published = view.islands.filter(({ verdict }) => verdict === "faster" || verdict === "tie");
			for (const { certificate } of published)
				expect(certificate?.errorProbabilityLog2).toBeLessThanOrEqual(-60);
			expect(await check(name, ["--kernels", kernels])).toMatchObject({
				verdict: "equal",
				kernelsRun: published.length,
			});
			islandsRun += published.length;
			console.log(`${name}: ${published.length} of ${view.islands.length} islands ran as tuned kernels`);
		},
		caseMilliseconds,
	);

	test("kernels ran at all", () => expect(islandsRun).toBeGreaterThan(0));
});

const manifestSchema = z.object({
	cases: z.array(
		z.object({
			name: z.string(),
			dynamic: z.record(z.string(), z.record(z.string(), z.string())).optional(),
		}),
	),
});

/** `--shape` options that give a model's dynamic dimensions the extents of its stored inputs. */
async function bindings(name: string): Promise<string[]> {
	const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(suite ?? "", "manifest.json"), "utf8")));
	const dynamic = manifest.cases.find((one) => one.name === name)?.dynamic ?? {};
	const inputs = await readTensorFiles(dataOf(name), "input");
	const extents = inputs.flatMap((input) =>
		Object.entries(dynamic[input.name] ?? {}).map(
			([axis, dimension]) => `${dimension}=${input.tensor.shape[Number(axis)]}`,
		),
	);
	return [...new Set(extents)].flatMap((extent) => ["--shape", extent]);
}

async function check(name: string, options: readonly string[]): Promise<unknown> {
	const { code, stdout, stderr } = await runKiln(
		["check", modelOf(name), "--data", dataOf(name), "--json", ...options],
		{},
		caseMilliseconds,
	);
	if (code !== 0 && code !== 5) throw new Error(`kiln check ${name} ended with ${code}: ${stderr} ${stdout}`);
	return JSON.parse(stdout);
}
