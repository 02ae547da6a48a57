// Whole models against ONNX Runtime: each through `kiln optimize`, as a user would run it, and `kiln check` where outputs are
// stored beside it. Weights that are graph inputs become initializers first (bake-weights.ts). A case is a folder with
// `model.onnx` and perhaps `test_data_set_0/`, or an ONNX file.
// Usage: node bench/whole-models.ts FOLDER|FILE… [--effort quick] [--threads 1] [--output FILE] [--skip NAME,NAME]

import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { requireTarget } from "#cli/local-target.ts";
import type { OptimizationView } from "#cli/optimization-view.ts";
import { type NamedTensor, readTensorFiles } from "#cli/tensor-files.ts";
import type { ModelView } from "#cli/whole-model/model-view.ts";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Graph } from "#shared/graph/graph.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { Effort } from "#shared/pipeline/plan.ts";
import { bakeWeights } from "./bake-weights.ts";
import { keepRow, readRows } from "./result-rows.ts";
import { requireEffort } from "./with-session.ts";

interface ModelRow {
	readonly model: string;
	readonly effort: Effort;
	readonly threads: number;
	readonly command: string;
	readonly weightsBaked: boolean;
	readonly coverage: OptimizationView["coverage"];
	readonly refusals: readonly string[];
	readonly islands: readonly {
		readonly operators: number;
		readonly verdict: string;
		readonly speedup: ModelView["speedup"];
	}[];
	readonly whole: Omit<ModelView, "file" | "library" | "weights" | "standalone"> & {
		readonly isStandalone: boolean;
	};
	/** `equal` or what was different, of stored outputs; null where none are stored. */
	readonly stored: string | null;
	readonly seconds: number;
}

const run = promisify(execFile);
const kiln = join(import.meta.dirname, "../cli/bin/kiln.mjs");
const dataSet = "test_data_set_0";

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			effort: { type: "string", default: "quick" },
			threads: { type: "string", default: "1" },
			output: { type: "string" },
			skip: { type: "string", default: "" },
		},
	});
	const effort = requireEffort(values.effort);
	const threads = Number(values.threads);
	const skipped = new Set(values.skip.split(","));
	const target = await requireTarget(undefined);
	const output = values.output ?? join(import.meta.dirname, `results/whole-models-${target}.json`);
	const cases = (await Promise.all(positionals.map(findCases))).flat();
	const directory = await mkdtemp(join(tmpdir(), "kiln-models-"));
	try {
		for (const each of cases.filter(({ name }) => !skipped.has(name))) {
			process.stderr.write(`${each.name} …\n`);
			const scratch = join(directory, each.name);
			await mkdir(scratch);
			const row = await measureModel(each, scratch, join(directory, "data"), effort, threads);
			process.stderr.write(`  ${describe(row)}\n`);
			await keepRow(output, row, (own) => `${own.model} ${own.effort} ${own.threads}`);
			await rm(scratch, { recursive: true, force: true });
		}
		console.log(formatTable(await readRows<ModelRow>(output)));
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}

interface ModelCase {
	readonly name: string;
	readonly model: string;
	/** May not be there. */
	readonly data: string;
}

/** The file, the model of the folder, or those of its folders. */
async function findCases(path: string): Promise<readonly ModelCase[]> {
	if (path.endsWith(".onnx"))
		return [{ name: basename(path, ".onnx"), model: path, data: join(dirname(path), dataSet) }];
	const inside = (await readdir(path)).sort().map((name) => join(path, name));
	const found = await Promise.all([path, ...inside].map(caseOf));
	return found.flat();
}

async function caseOf(folder: string): Promise<readonly ModelCase[]> {
	const model = join(folder, "model.onnx");
	try {
		if (!(await stat(model)).isFile()) return [];
	} catch {
		return [];
	}
	return [{ name: basename(folder), model, data: join(folder, dataSet) }];
}

async function measureModel(
	{ name, model: from, data }: ModelCase,
	scratch: string,
	dataFolder: string,
	effort: Effort,
	threads: number,
): Promise<ModelRow> {
	const bytes = new Uint8Array(await readFile(from));
	const files = await readStored(data);
	const shapes = bindShapes(bytes, files);
	const { graph } = importModel(bytes, { shapes });
	const stored = new Map(files.map(({ tensor }, at) => [inputName(graph, at), tensor]));
	const model = join(scratch, "model.onnx");
	const baked = await bakeWeights(bytes, graph, stored, scratch);
	await writeFile(model, baked);
	const kernels = join(scratch, "kernels");
	const started = performance.now();
	const view = await runKiln<OptimizationView & { readonly wholeModel: ModelView }>([
		"optimize",
		model,
		"--json",
		...["--effort", effort, "--threads", `${threads}`, "-o", kernels, "--data-folder", dataFolder],
		...Object.entries(shapes).flatMap(([name, extent]) => ["--shape", `${name}=${extent}`]),
	]);
	const seconds = (performance.now() - started) / 1000;
	const { file: _file, library: _library, weights: _weights, standalone, ...whole } = view.wholeModel;
	return {
		model: name,
		effort,
		threads,
		command: `node bench/whole-models.ts ${name} --effort ${effort} --threads ${threads}`,
		weightsBaked: baked !== bytes,
		coverage: view.coverage,
		refusals: view.refusals.map(({ operator, reason }) => `${operator}: ${reason}`),
		islands: view.islands.map(({ operators, verdict, speedup }) => ({
			operators: operators.length,
			verdict,
			speedup,
		})),
		whole: { ...whole, isStandalone: standalone !== null },
		stored: files.length === 0 ? null : await compareStored(model, data, scratch, kernels, graph),
		seconds,
	};
}

/** Inputs stored beside the model; none where the folder is not there. */
async function readStored(folder: string): Promise<readonly NamedTensor[]> {
	try {
		await stat(folder);
	} catch {
		return [];
	}
	return readTensorFiles(folder, "input");
}

/** Dimensions that the model leaves open, as the stored inputs have them, or 1. */
function bindShapes(bytes: Uint8Array, files: readonly NamedTensor[]): Readonly<Record<string, number>> {
	try {
		importModel(bytes);
		return {};
	} catch (error) {
		if (!(error instanceof OptimizeError) || error.code !== "model.shape_unbound") throw error;
		const extents = files.flatMap(({ name, tensor }) =>
			tensor.shape.map((extent, axis) => [`${name}:${axis}`, extent] as const),
		);
		if (extents.length > 0) return Object.fromEntries(extents);
		const open = error.details.dimensions as readonly string[];
		return Object.fromEntries(open.map((name) => [name, 1]));
	}
}

const inputName = (graph: Graph, at: number): string =>
	present(graph.values[present(graph.inputs[at], "an input").value], "a value").name;

/** With the stored inputs that are no weights. */
async function compareStored(
	model: string,
	from: string,
	scratch: string,
	kernels: string,
	graph: Graph,
): Promise<string> {
	const to = join(scratch, dataSet);
	await mkdir(to);
	const activations = graph.inputs.flatMap(({ role }, at) => (role === "weight" ? [] : [at]));
	for (const [number, at] of activations.entries())
		await copyFile(join(from, `input_${at}.pb`), join(to, `input_${number}.pb`));
	for (const name of (await readdir(from)).filter((own) => own.startsWith("output_")))
		await copyFile(join(from, name), join(to, name));
	const view = await runKiln<{
		readonly outputs: readonly { readonly name: string; readonly verdict: string }[];
	}>(["check", model, "--json", "--data", to, "--kernels", kernels]);
	const different = view.outputs.filter(({ verdict }) => verdict !== "equal");
	return different.length === 0 ? "equal" : `different: ${different.map(({ name }) => name).join(", ")}`;
}

/** What a command prints under `--json`, whatever its exit code says of the answer. Throws when it prints none. */
async function runKiln<View>(parameters: readonly string[]): Promise<View> {
	const options = { maxBuffer: 64 << 20 };
	const { stdout, stderr } = await run(process.execPath, [kiln, ...parameters], options).catch(
		(fault: { readonly stdout?: string; readonly stderr?: string }) => ({
			stdout: fault.stdout ?? "",
			stderr: fault.stderr ?? "",
		}),
	);
	if (stdout.trim() === "") throw new Error(`kiln ${parameters.join(" ")}: ${stderr}`);
	return JSON.parse(stdout) as View;
}

function describe({ whole, islands, stored, seconds }: ModelRow): string {
	const { speedup, verdict, islandsReplaced, reason } = whole;
	const interval =
		speedup === null
			? "not timed"
			: `${speedup.median.toFixed(2)}x [${speedup.low.toFixed(2)}, ${speedup.high.toFixed(2)}]`;
	const outcome = `${verdict} ${interval}, ${islandsReplaced.length} of ${islands.length} islands`;
	return `${outcome}${reason === null ? "" : ` (${reason})`}, stored ${stored ?? "none"}, ${seconds.toFixed(0)} s`;
}

function formatTable(rows: readonly ModelRow[]): string {
	const lines = rows.map((row) => {
		const { speedup, verdict, islandsReplaced } = row.whole;
		const isKept = verdict === "kept" || speedup === null;
		const cells = [
			row.model,
			row.effort,
			row.threads,
			`${islandsReplaced.length} of ${row.islands.length}`,
			isKept
				? "1 (kept)"
				: `${speedup.median.toFixed(2)} [${speedup.low.toFixed(2)}, ${speedup.high.toFixed(2)}]`,
			row.stored ?? "",
			row.seconds.toFixed(0),
		];
		return `| ${cells.join(" | ")} |`;
	});
	const gains = rows.map(({ whole }) =>
		whole.verdict === "kept" || whole.speedup === null ? 1 : whole.speedup.median,
	);
	const mean = Math.exp(gains.reduce((sum, own) => sum + Math.log(own), 0) / gains.length);
	return [
		"| model | effort | threads | islands | speed-up | stored outputs | s |",
		"| --- | --- | --- | --- | --- | --- | --- |",
		...lines,
		`\nGeometric mean of ${rows.length}: ${mean.toFixed(3)}`,
	].join("\n");
}

await main();
