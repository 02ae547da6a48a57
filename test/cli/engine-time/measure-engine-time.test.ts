import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { measureEngine } from "#cli/bench-island.ts";
import { type EngineMeasurement, measureEngineTime } from "#cli/engine-time/measure-engine-time.ts";
import { openRuntime } from "#cli/whole-model/onnx-runtime.ts";
import { drawInputs } from "#cli/whole-model/random-inputs.ts";
import { RuntimeSession } from "#cli/whole-model/runtime-session.ts";
import { findRuntimeLibrary } from "#runner/measure/runtime-library.ts";
import { median } from "#runner/measure/statistics.ts";
import { type TinyModel, tinyModel } from "#test/support/onnx-model.ts";

const wallRuns = 21;
/** Where there is none, nothing below runs. */
const runtime = findRuntimeLibrary() ?? "";

let root: string;
beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), "kiln-engine-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Long enough that the profiler's own time is a small part of it. */
const chain: TinyModel = {
	nodes: [
		{ operator: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
		{ operator: "Softmax", inputs: ["a"], outputs: ["y"] },
	],
	inputs: { x: [64, 512], w: [512, 512] },
	outputs: { y: [64, 512] },
};

/** The model and its inputs in a folder of their own. */
function write(model: TinyModel): { readonly session: RuntimeSession; readonly files: Files } {
	const directory = mkdtempSync(join(root, "model-"));
	const path = join(directory, "0-ordinary.onnx");
	writeFileSync(path, tinyModel(model));
	const session = new RuntimeSession(openRuntime(runtime), { model: path, library: null, threads: 1 });
	const inputs = drawInputs(session.inputs, 1).map(({ bytes }, at) => {
		const file = join(directory, `ordinary-${at}.bin`);
		writeFileSync(file, bytes);
		return { name: session.inputs[at]?.name ?? "", file };
	});
	return { session, files: { directory, model: path, inputs } };
}

interface Files {
	readonly directory: string;
	readonly model: string;
	readonly inputs: readonly { readonly name: string; readonly file: string }[];
}

const measure = ({ model, inputs }: Files, threads = 1, signal?: AbortSignal): Promise<EngineMeasurement> =>
	measureEngineTime({ model, inputs, runtime, threads }, signal);

function wallMedian(session: RuntimeSession): number {
	const bound = session.bind(drawInputs(session.inputs, 1));
	const walls = Array.from({ length: wallRuns }, () => {
		const start = process.hrtime.bigint();
		bound.execute();
		return Number(process.hrtime.bigint() - start);
	});
	bound.release();
	return median(walls);
}

describe.skipIf(runtime === "")("measureEngineTime", () => {
	test.each([1, 2])(
		"nodes take part of the session's time, of the order of wall time: %d threads",
		async (threads) => {
			const { session, files } = write(chain);
			const measured = await measure(files, threads);
			if (measured.kind === "failed") throw new Error(measured.reason);
			const { runNs, nodesNs, runsCount } = measured.time;
			expect(nodesNs).toBeGreaterThan(0);
			expect(nodesNs).toBeLessThanOrEqual(runNs);
			expect(runNs).toBeLessThanOrEqual(20 * wallMedian(session));
			expect(runsCount).toBeGreaterThanOrEqual(5);
			session.close();
		},
	);

	test("the trace lies beside the model, and nowhere else", async () => {
		const { files } = write(chain);
		await measure(files);
		const traces = readdirSync(files.directory).filter((name) => /^engine_.*\.json$/.test(name));
		expect(traces.length).toBe(1);
	});

	test("what the runtime refuses is a failure in its own words", async () => {
		const { files } = write(chain);
		writeFileSync(files.model, "no model");
		expect(await measure(files)).toMatchObject({
			kind: "failed",
			reason: expect.stringMatching(/^OptimizeError: ONNX Runtime: ./),
		});
	});

	test("an input without a file, and a caller who has given up, are failures", async () => {
		const { files } = write(chain);
		expect(await measure({ ...files, inputs: [] })).toMatchObject({
			...{ kind: "failed", reason: "Error: no file for the input 'x'" },
		});
		expect(await measure(files, 1, AbortSignal.abort())).toMatchObject({ kind: "failed" });
	});
});

describe("measureEngine", () => {
	const baselineFiles = { model: "/nonexistent/0-ordinary.onnx", inputs: [] };
	const session = { runtime: "/nonexistent/libonnxruntime.so", threads: 1 };

	test("a profiler that fails costs its figures alone: null, and a note that names the island", async () => {
		const directory = mkdtempSync(join(root, "failing-"));
		const files = { ...baselineFiles, model: join(directory, "0-ordinary.onnx") };
		const notes: string[] = [];
		const own = {
			...session,
			signal: new AbortController().signal,
			note: (line: string) => void notes.push(line),
		};
		expect(await measureEngine(own, { index: 7 }, { baselineFiles: files })).toBeNull();
		expect(notes).toEqual([expect.stringMatching(/^island 7: no in-engine time: Error: ./)]);
	});

	test("a folder that is gone is no fault of the bench", async () => {
		const own = { ...session, signal: new AbortController().signal };
		expect(await measureEngine(own, { index: 0 }, { baselineFiles })).toBeNull();
	});

	test("a caller who has given up gets the measurement's own error", async () => {
		const directory = mkdtempSync(join(root, "cancelled-"));
		const files = { ...baselineFiles, model: join(directory, "0-ordinary.onnx") };
		const own = { ...session, signal: AbortSignal.abort() };
		await expect(measureEngine(own, { index: 0 }, { baselineFiles: files })).rejects.toMatchObject({
			code: "limit.deadline",
		});
	});
});

const canPlace = process.platform === "linux" && availableParallelism() >= 2;

describe.skipIf(!canPlace)("placeThreads", () => {
	/** Processors that threads made in `make` and the caller afterwards may use. In a process of its own: it is placed for good. */
	function placed(threads: number): { readonly workers: string; readonly caller: string } {
		const file = pathToFileURL(join(import.meta.dirname, "../../../cli/engine-time/place-threads.ts"));
		const program = `import { readFileSync } from "node:fs";
			import { placeThreads } from "${file}";
			const allowed = () => /Cpus_allowed_list:\\s*(\\S+)/.exec(readFileSync("/proc/thread-self/status", "utf8"))[1];
			const workers = placeThreads(${threads}, allowed);
			console.log(JSON.stringify({ workers, caller: allowed() }));`;
		const options = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
		return JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" }));
	}

	test("with two threads the caller has a processor of its own", () => {
		const { workers, caller } = placed(2);
		expect(caller).toMatch(/^\d+$/);
		expect(workers).not.toMatch(new RegExp(`(^|[,-])${caller}([,-]|$)`));
	});

	test.each([1, 100_000])("with %d threads nobody is placed", (threads) => {
		const { workers, caller } = placed(threads);
		expect(workers).toBe(caller);
	});
});
