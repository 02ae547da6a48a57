import { spawn } from "node:child_process";
import {
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalStack, startLocalStack } from "#infra/local.ts";
import { manifestFixture } from "#test/artefact/manifest-fixture.ts";
import { kilnMain, runKiln } from "#test/support/kiln-process.ts";

const fixture = join(import.meta.dirname, "../fixtures/exported/rms_swiglu_residual_s");
const model = join(fixture, "model.onnx");
const data = join(fixture, "test_data_set_0");

let root: string;
beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), "kiln-cli-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("without a service", () => {
	test.each([
		["an unknown command", ["frobnicate"]],
		["a missing argument", ["analyze"]],
		["a malformed shape", ["analyze", model, "--shape", "batch"]],
		["an unknown target", ["optimize", model, "--target", "pdp-11"]],
		["an unknown tolerance of optimize", ["optimize", model, "--tolerance", "1e-2"]],
		["an unknown tolerance of fetch", ["fetch", model, "--tolerance", "float16"]],
		["an unknown tolerance of bench", ["bench", model, "--tolerance", ""]],
		["a file that is not there", ["analyze", "/nonexistent.onnx"]],
		["a shape for a dimension that the model does not have", ["analyze", model, "--shape", "nothing=3"]],
	])("%s is a wrong use: exit code 2, nothing on stdout", async (_, parameters) => {
		expect(await runKiln(parameters)).toMatchObject({ code: 2, stdout: "" });
	});

	test("a file that is no model is refused with its code as JSON", async () => {
		const broken = join(root, "broken.onnx");
		writeFileSync(broken, "not a model");
		const { code, stdout } = await runKiln(["analyze", broken, "--json"]);
		expect(code).toBe(2);
		expect(JSON.parse(stdout).error.code).toBe("model.malformed");
	});

	test("--help of every command has an example", async () => {
		const { stdout } = await runKiln(["--help"]);
		const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*/gm)].map(([, name]) => name ?? "");
		expect(commands).toContain("optimize");
		const names = commands.filter((name) => name !== "help" && name !== "runner");
		for (const help of await Promise.all(names.map((name) => runKiln([name, "--help"])))) {
			expect(help.stdout).toMatch(/Examples?:\n {2}kiln/);
		}
	});

	test.each(["optimize", "fetch", "bench"])(
		"--help of %s says what a coarser tolerance means",
		async (name) => {
			const text = (await runKiln([name, "--help"])).stdout.replace(/\s+/g, " ");
			expect(text).toContain("weights and what they are multiplied with may be rounded to bfloat16");
			expect(text).toMatch(/never without this flag \(choices: .*default: "float32-1e-3"\)/);
		},
	);

	test("bench does not time a stored kernel of another tolerance than it was asked for", async () => {
		const [{ program }] = JSON.parse((await runKiln(["analyze", model, "--json"])).stdout).islands;
		const kernels = join(root, "coarse");
		mkdirSync(join(kernels, "island-0"), { recursive: true });
		const { components } = manifestFixture();
		const manifest = manifestFixture({
			components: { ...components, program, tolerance: "bfloat16-1e-2" },
		});
		const signed = { manifest, keyId: "test", signature: "AAAA" };
		writeFileSync(join(kernels, "island-0", "manifest.json"), JSON.stringify(signed));
		const { code, stdout } = await runKiln(["bench", model, "--kernels", kernels, "--json"]);
		expect(code).toBe(2);
		expect(JSON.parse(stdout).error).toMatchObject({
			code: "request.invalid",
			details: { found: "bfloat16-1e-2", expected: "float32-1e-3" },
		});
	});

	test("analyze names islands, refusals and coverage", async () => {
		const { code, stdout } = await runKiln(["analyze", model, "--json"]);
		expect(code).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({
			islands: [{ index: 0, program: expect.stringMatching(/^[0-9a-f]{64}$/) }],
			refusals: [],
			coverage: { flopsShare: 1 },
		});
	});

	test("Ctrl-C ends a command in the middle of a computation", async () => {
		const heavy = join(import.meta.dirname, "../fixtures/exported/mirage_gated_mlp_s/model.onnx");
		const child = spawn(process.execPath, [kilnMain, "search", heavy, "--effort", "max"]);
		child.stderr.on("data", (text: Buffer) => {
			if (text.includes("searching")) child.kill("SIGINT");
		});
		const signal = await new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
		expect(signal).toBe("SIGINT");
	});

	test("a reader that has seen enough is no fault", async () => {
		const child = spawn(process.execPath, [kilnMain, "analyze", model, "--json"]);
		child.stdout.destroy();
		let messages = "";
		child.stderr.on("data", (text: Buffer) => {
			messages += text;
		});
		await new Promise((resolve) => child.once("close", resolve));
		expect(messages).not.toContain("Error");
	});

	test("a folder whose manifest is none is refused by name", async () => {
		const kernels = join(root, "strange");
		mkdirSync(join(kernels, "app"), { recursive: true });
		writeFileSync(join(kernels, "app", "manifest.json"), '{"name":"app"}');
		const { code, stderr } = await runKiln(["check", model, "--data", data, "--kernels", kernels]);
		expect(code).toBe(5);
		expect(stderr).toContain(join("app", "manifest.json"));
	});

	test("without a compiler optimize says so instead of waiting for a runner", async () => {
		const folder = ["--data-folder", join(root, "no-compiler"), "-o", join(root, "nothing")];
		const environment = { PATH: "/nonexistent", CC: "/nonexistent/cc" };
		const { code, stderr } = await runKiln(["optimize", model, ...folder], environment);
		expect(stderr).toContain("toolchain.missing");
		expect(code).toBe(7);
	});

	test("search proves what it prints", async () => {
		const { code, stdout } = await runKiln(["search", model, "--effort", "quick", "--json"]);
		expect(code).toBe(0);
		const [island] = JSON.parse(stdout).islands;
		expect(island.mugraphs.length).toBeGreaterThan(0);
		for (const { errorProbabilityLog2 } of island.mugraphs)
			expect(errorProbabilityLog2).toBeLessThanOrEqual(-60);
	});

	test("check accepts the stored outputs and refuses changed ones with exit code 5", async () => {
		expect(await runKiln(["check", model, "--data", data])).toMatchObject({ code: 0 });
		const changed = mkdtempSync(join(root, "data-"));
		for (const file of readdirSync(data)) copyFileSync(join(data, file), join(changed, file));
		const output = readFileSync(join(changed, "output_0.pb"));
		output.writeFloatLE(output.readFloatLE(output.length - 4) + 1, output.length - 4);
		writeFileSync(join(changed, "output_0.pb"), output);
		const { code, stdout } = await runKiln(["check", model, "--data", changed, "--json"]);
		expect(code).toBe(5);
		expect(JSON.parse(stdout)).toMatchObject({ verdict: "different", outputs: [{ name: "y" }] });
	});

	test("equivalent proves a model equal to itself and finds another different", async () => {
		const other = join(fixture, "../mirage_lora_s/model.onnx");
		expect(await runKiln(["equivalent", model, model, "--quiet"])).toMatchObject({ code: 0 });
		expect((await runKiln(["equivalent", model, other])).code).toBe(5);
	});

	test("a server that is not there ends with exit code 7, a missing key with 6", async () => {
		const server = ["optimize", model, "--server", "http://127.0.0.1:9"];
		expect((await runKiln(server, { KILN_API_KEY: "kiln_x" })).code).toBe(7);
		expect((await runKiln(server, { KILN_API_KEY: "" })).code).toBe(6);
	});
});

describe.skipIf(process.platform !== "linux")("with a service", () => {
	let stack: LocalStack;
	let service: readonly string[];
	let environment: Readonly<Record<string, string>>;
	beforeAll(async () => {
		stack = await startLocalStack({
			dataFolder: join(root, "stack"),
			runner: "whenNeeded",
			runnerEnvironment: { KILN_MEASURE_SHARE: "0.05" },
		});
		const trusted = Object.entries(stack.trustedKeys).flatMap(([id, key]) => ["--trust", `${id}=${key}`]);
		service = ["--server", stack.url, ...trusted, "--effort", "quick"];
		environment = { KILN_API_KEY: stack.apiKey };
	});
	afterAll(() => stack.stop());

	test("a miss in frozen mode ends with exit code 4 and starts nothing", async () => {
		const { code, stdout } = await runKiln(["fetch", model, ...service, "--json"], environment);
		expect(code).toBe(4);
		expect(JSON.parse(stdout).error.code).toBe("cache.miss");
		expect(stack.runnerPid()).toBeNull();
	});

	test("optimize writes kernels that reproduce the outputs; the next time the cache has them", async () => {
		stack.ensureRunner();
		const kernels = join(root, "kernels");
		const optimize = ["optimize", model, ...service, "-o", kernels, "--json"];
		const first = await runKiln(optimize, environment);
		expect(first.code).toBe(0);
		const result = JSON.parse(first.stdout);
		expect(result).toMatchObject({
			disposition: "executed",
			islands: [{ index: 0, verdict: expect.stringMatching(/^(faster|tie|baseline|inconclusive)$/) }],
			wholeModel: { verdict: expect.stringMatching(/^(faster|tie|kept)$/) },
		});
		expect(readdirSync(join(kernels, "island-0"))).toContain("manifest.json");
		const checked = await runKiln(["check", model, "--data", data, "--kernels", kernels, "--json"]);
		expect(checked.code).toBe(0);
		const trust = service.filter((_, at) => service[at - 1] === "--trust" || service[at] === "--trust");
		const verified = await runKiln(["verify", kernels, ...trust, "--json"]);
		expect(verified.code).toBe(0);
		expect(JSON.parse(verified.stdout).verdict).toMatch(/^(holds|noKernel)$/);
		const isPublished = ["faster", "tie"].includes(result.islands[0].verdict);
		expect(JSON.parse(checked.stdout).kernelsRun).toBe(isPublished ? 1 : 0);
		const fetch = ["fetch", model, ...service, "-o", kernels, "--no-whole-model", "--json"];
		const again = await runKiln(fetch, environment);
		if (result.islands[0].verdict !== "inconclusive") {
			expect(again.code).toBe(0);
			expect(JSON.parse(again.stdout)).toMatchObject({
				disposition: "cache_hit",
				wholeModel: null,
				islands: result.islands.map(
					({ kernel, verdict, speedup }: { kernel: string; verdict: string; speedup: object }) => ({
						kernel,
						verdict,
						speedup,
					}),
				),
			});
		}
	});

	test("a coarser tolerance is asked for by name, said again, and has kernels of its own", async () => {
		const coarse = [
			...service,
			"--tolerance",
			"bfloat16-1e-2",
			"--no-whole-model",
			"-o",
			join(root, "measured-coarse"),
		];
		const miss = await runKiln(["fetch", model, ...coarse, "--json"], environment);
		expect(miss.code).toBe(4);
		expect(JSON.parse(miss.stdout).error.details.misses).toMatchObject([
			{ components: { tolerance: "bfloat16-1e-2" } },
		]);
		const { code, stdout, stderr } = await runKiln(["optimize", model, ...coarse, "--json"], environment);
		expect(code).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ tolerance: "bfloat16-1e-2", disposition: "executed" });
		expect(stderr).toContain("; tolerance bfloat16-1e-2; executed");
		const { manifest } = JSON.parse(
			readFileSync(join(root, "measured-coarse", "island-0", "manifest.json"), "utf8"),
		);
		expect(manifest.components.tolerance).toBe("bfloat16-1e-2");
	});

	test("a kernel that no trusted key signed is not written: exit code 5", async () => {
		const untrusting = [
			"fetch",
			model,
			"--server",
			stack.url,
			"--effort",
			"quick",
			"-o",
			join(root, "untrusted"),
		];
		const { code, stderr } = await runKiln(untrusting, environment);
		expect(code).toBe(5);
		expect(stderr).toContain("not a trusted key");
		expect(readdirSync(root)).not.toContain("untrusted");
	});

	test("a wrong API key ends with exit code 6", async () => {
		expect((await runKiln(["fetch", model, ...service], { KILN_API_KEY: "kiln_wrong" })).code).toBe(6);
	});
});
