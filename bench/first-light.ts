// What a new user gets: eight models the whole way through a real local stack with an empty cache, each once; then the
// same questions to a stack whose runner is never started. Writes results/first-light-<target>.json, prints Markdown.
// Usage: OUTSIDE_SUITES=… node bench/first-light.ts [--effort quick] [--threads 1] [--models a,b] [--output FILE]

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { IslandView, OptimizationView } from "#cli/optimization-view.ts";
import type { KernelManifest } from "#shared/artefact/manifest.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";
import { type StackClient, startStackClient } from "#test/support/stack-client.ts";
import {
	type FirstLight,
	formatFirstLight,
	type IslandResult,
	type ModelResult,
} from "./first-light-report.ts";

const modelsDefault = [
	"mirage_rmsnorm_linear_m",
	"mirage_gated_mlp_s",
	"mirage_lora_m",
	"rms_swiglu_residual_m",
	"softmax_xent_b32_c1000",
	"llama_layer_d128_h8kv2_t32",
	"gpt2_layer_d64_h4_t32_op13",
	"real_llama3_8b_layer_t8",
];
/** Asked this often from the cache; the median is reported. */
const cachedRepeats = 3;

interface Settings {
	readonly suite: string;
	readonly effort: string;
	readonly threads: string;
	readonly models: readonly string[];
	readonly output: string | undefined;
}

function parseSettings(): Settings {
	const { values } = parseArgs({
		options: {
			effort: { type: "string", default: "quick" },
			threads: { type: "string", default: "1" },
			models: { type: "string", default: modelsDefault.join(",") },
			output: { type: "string" },
		},
	});
	const suites = process.env.OUTSIDE_SUITES;
	if (suites === undefined || suites === "")
		throw new Error("OUTSIDE_SUITES must name the folder that holds exported/");
	const { effort, threads, output } = values;
	return { suite: join(suites, "exported"), effort, threads, models: values.models.split(","), output };
}

async function main(): Promise<void> {
	const settings = parseSettings();
	const folder = await mkdtemp(join(tmpdir(), "kiln-first-light-"));
	try {
		const first = await askAll(settings, folder, "now", 1);
		const again = await askAll(settings, folder, "whenNeeded", cachedRepeats);
		const result = await summarise(settings, first.answers, again);
		const target = result.machine?.target ?? "no-target";
		const output = settings.output ?? join(import.meta.dirname, `results/first-light-${target}.json`);
		await mkdir(dirname(output), { recursive: true });
		await writeFile(output, `${JSON.stringify(result, null, "\t")}\n`);
		console.log(formatFirstLight(result));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

interface Answers {
	/** By model: one a time asked. */
	readonly answers: ReadonlyMap<string, readonly OptimizationView[]>;
	readonly wasRunnerStarted: boolean;
}

async function askAll(
	settings: Settings,
	folder: string,
	runner: "now" | "whenNeeded",
	times: number,
): Promise<Answers> {
	const client = await startStackClient({ dataFolder: join(folder, "data"), runner });
	try {
		const answers = new Map<string, readonly OptimizationView[]>();
		for (const model of settings.models) {
			console.error(`${model}: ${runner === "now" ? "optimising" : "asking the cache"}`);
			const views: OptimizationView[] = [];
			for (let time = 0; time < times; time++) views.push(await ask(client, settings, folder, model));
			answers.set(model, views);
		}
		return { answers, wasRunnerStarted: client.stack.runnerPid() !== null };
	} finally {
		await client.stack.stop();
	}
}

function ask(
	client: StackClient,
	settings: Settings,
	folder: string,
	model: string,
): Promise<OptimizationView> {
	const { suite, effort, threads } = settings;
	const options = ["--effort", effort, "--threads", threads];
	return client.optimize(join(suite, model, "model.onnx"), join(folder, "kernels", model), options);
}

async function summarise(settings: Settings, first: Answers["answers"], again: Answers): Promise<FirstLight> {
	const models: ModelResult[] = [];
	let machine: KernelManifest["machine"] | null = null;
	for (const [model, [view]] of first) {
		if (view === undefined) continue;
		const islands: IslandResult[] = [];
		for (const island of view.islands) {
			const manifest = await readManifest(island);
			machine ??= manifest?.machine ?? null;
			islands.push(viewIsland(island, manifest));
		}
		const cached = again.answers.get(model) ?? [];
		models.push({
			model,
			islands,
			coverage: view.coverage,
			refusals: view.refusals.map(({ node, operator, reason }) => ({ node, operator, reason })),
			firstElapsedMilliseconds: Math.round(view.elapsedMs),
			cachedElapsedMilliseconds: cached.map(({ elapsedMs }) => Math.round(elapsedMs)).sort((a, b) => a - b),
			cachedDispositions: [...new Set(cached.map(({ disposition }) => disposition))],
		});
	}
	return {
		command: `node bench/first-light.ts --effort ${settings.effort} --threads ${settings.threads} --models ${settings.models.join(",")}`,
		createdAt: new Date().toISOString(),
		effort: settings.effort,
		threads: Number(settings.threads),
		machine,
		wasRunnerStartedForCached: again.wasRunnerStarted,
		models,
	};
}

async function readManifest({ folder }: IslandView): Promise<KernelManifest | null> {
	if (folder === null) return null;
	return decodeSignedManifest(await readFile(join(folder, "manifest.json"), "utf8")).manifest;
}

function viewIsland(island: IslandView, manifest: KernelManifest | null): IslandResult {
	return {
		index: island.index,
		operators: island.operators,
		program: island.program,
		kernel: island.kernel,
		verdict: island.verdict,
		speedup: island.speedup,
		latencyNanoseconds: island.latencyNs,
		baselineForm: manifest?.baselineForm ?? null,
		errorMax: island.errorMax,
		errorProbabilityLog2: island.certificate?.errorProbabilityLog2 ?? null,
		candidatesTried: manifest?.evidence.candidatesTried ?? 0,
		candidatesRejected: manifest?.evidence.candidatesRejected ?? 0,
		fault: island.error,
	};
}

await main();
