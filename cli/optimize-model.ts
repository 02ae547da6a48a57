// Model in, kernels out, through the HTTP API: what `kiln optimize` and `kiln fetch` have in common.

import { join } from "node:path";
import { type Command, Option } from "commander";
import { defaultTolerance, type ToleranceId } from "#shared/artefact/tolerance.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { stripWeights } from "#shared/onnx/strip-weights.ts";
import { type Effort, efforts } from "#shared/pipeline/plan.ts";
import type { Job } from "#shared/protocol/job.ts";
import type { ModelRecord } from "#shared/protocol/model.ts";
import type { OptimizationRequest, OptimizationResult } from "#shared/protocol/optimization.ts";
import { type TargetId, targets } from "#shared/target/target.ts";
import { checkManifest, type TrustedKeys } from "./check-manifest.ts";
import type { CommandContext } from "./command-context.ts";
import { dataFolderOption, dataFolderPath } from "./data-folder-option.ts";
import { type ExitCode, exitCodeOfCode, exitCodes } from "./exit-code.ts";
import { requireTarget } from "./local-target.ts";
import { openService, type Service } from "./open-service.ts";
import { describeIsland, meanSpeedup, type OptimizationView, viewOptimization } from "./optimization-view.ts";
import { parseSeconds, parseThreads, parseTrustedKey } from "./parse-options.ts";
import { addBindingOptions, type BindingOptions, readModelFile } from "./read-model.ts";
import { toleranceOption } from "./tolerance-option.ts";
import { userPath } from "./user-path.ts";
import { describeModel, keptModel, type ModelView } from "./whole-model/model-view.ts";
import { writeKernelFolder } from "./write-kernels.ts";

export interface OptimizeOptions extends BindingOptions {
	readonly target?: TargetId;
	readonly threads: number;
	readonly effort: Effort;
	readonly tolerance: ToleranceId;
	readonly uploadWeights: boolean;
	readonly server?: string;
	readonly trust: TrustedKeys;
	readonly output: string;
	readonly timeout: number;
	readonly dataFolder?: string;
	/** Whether the whole model is written beside the kernels. */
	readonly wholeModel: boolean;
}

/** The service takes work from the cache faster than this; only what it does not needs a runner. */
const runnerPatienceMilliseconds = 400;

/** Of the whole model with the original. */
const comparisonMilliseconds: Readonly<Record<Effort, number>> = { quick: 1500, standard: 4000, max: 10_000 };

/** The options that fill `OptimizeOptions`. */
export function addOptimizeOptions(command: Command): Command {
	return addBindingOptions(command)
		.addOption(
			new Option("--target <id>", "default: the best for this machine").choices(Object.keys(targets)),
		)
		.option("--threads <number>", "threads that kernel and baseline may use", parseThreads, 1)
		.addOption(new Option("--effort <level>", "how far to search").choices(efforts).default("standard"))
		.addOption(toleranceOption())
		.option("--upload-weights", "send weight values too (they stay here by default)", false)
		.option("--server <url>", "a Kiln service; the key comes from KILN_API_KEY (default: a local stack)")
		.option(
			"--trust <id=key>",
			"signing key that a server's kernels may have; may be repeated",
			parseTrustedKey,
			{},
		)
		.option("-o, --output <dir>", "where the kernels go", "kernels")
		.option("--no-whole-model", "write kernels alone, no model that uses them")
		.option("--timeout <seconds>", "how long to wait for the job", parseSeconds, 3600)
		.addOption(dataFolderOption());
}

/** Does all of it: asks, waits, checks, writes the kernels and says what came out. */
export async function optimizeModel(
	model: string,
	cache: OptimizationRequest["cache"],
	options: OptimizeOptions,
	context: CommandContext,
): Promise<ExitCode> {
	const target = await requireTarget(options.target);
	const file = await readModelFile(model);
	const bytes = options.uploadWeights ? file : stripWeights(file).bytes;
	const service = await openService(
		{
			server: options.server,
			trustedKeys: options.trust,
			dataFolder: dataFolderPath(options.dataFolder),
		},
		context,
	);
	try {
		const startedAt = performance.now();
		const { record, job } = await runJob(service, bytes, { target, cache, options }, context);
		const result = await service.client.getResult(job.id);
		for (const { key, manifest } of result.kernels) {
			if (manifest !== null) await checkManifest(manifest, key, service.trustedKeys);
		}
		const elapsedMs = performance.now() - startedAt;
		const folders = await writeKernels(service, result, userPath(options.output));
		const whole = await wholeModelOf(model, result, folders, service, options, context);
		const { tolerance } = options;
		const view = viewOptimization(record, result, { tolerance, folders, elapsedMs, wholeModel: whole });
		for (const line of view.islands.flatMap(describeIsland)) context.terminal.print(line);
		for (const { node, operator, reason } of view.refusals) {
			context.terminal.note(`left to the runtime: ${operator} '${node}': ${reason}`);
		}
		context.terminal.note(summarize(view));
		if (whole !== null) for (const line of describeModel(whole)) context.terminal.print(line);
		context.terminal.printJson(view);
		return exitCodeOfResult(result);
	} finally {
		context.terminal.endProgress();
		await service.close();
	}
}

interface JobParameters {
	readonly target: TargetId;
	readonly cache: OptimizationRequest["cache"];
	readonly options: OptimizeOptions;
}

async function runJob(
	service: Service,
	bytes: Uint8Array,
	{ target, cache, options }: JobParameters,
	{ terminal }: CommandContext,
): Promise<{ readonly record: ModelRecord; readonly job: Job }> {
	const { client } = service;
	// A runner that cannot be had is told of below, if the cache cannot answer.
	const patience = setTimeout(() => service.ensureRunner().catch(() => {}), runnerPatienceMilliseconds);
	try {
		terminal.progress({ phase: "reading the model" });
		const weights = typeof options.weights === "string" ? [] : options.weights;
		const record = await client.uploadModel(bytes, { shapes: options.shape, weights });
		terminal.progress({ phase: "searching", note: `${record.islands.length} islands` });
		const created = await client.createOptimization(
			{
				model: record.id,
				target,
				effort: options.effort,
				threads: options.threads,
				tolerance: options.tolerance,
				cache,
				...(options.weights === "none" ? { weights: "none" } : {}),
			},
			crypto.randomUUID(),
		);
		if (created.terminal) return { record, job: created };
		await service.ensureRunner();
		const job = await client.waitForJob(created.id, options.timeout * 1000, (changed) => {
			const done = changed.tasks.filter(({ state }) => state === "succeeded" || state === "failed").length;
			const phase = changed.tasks.find(({ state }) => state === "running")?.phase ?? changed.state;
			terminal.progress({ phase: "measuring", done, total: changed.tasks.length, note: phase });
		});
		return { record, job };
	} finally {
		clearTimeout(patience);
	}
}

/** Null when none is wanted. Whatever stands in its way, the kernels are there: the model is kept as it is, and why is said. */
async function wholeModelOf(
	model: string,
	{ kernels }: OptimizationResult,
	folders: ReadonlyMap<string, string>,
	service: Service,
	options: OptimizeOptions,
	{ terminal, signal }: CommandContext,
): Promise<ModelView | null> {
	if (!options.wholeModel) return null;
	terminal.progress({ phase: "writing the whole model" });
	const faster = kernels.flatMap(({ key, program, manifest }) => {
		const folder = folders.get(key);
		return manifest?.manifest.verdict === "faster" && folder !== undefined
			? [[program, folder] as const]
			: [];
	});
	// Loaded late: only this needs the foreign-function interface.
	const { writeWholeModel } = await import("./whole-model/write-whole-model.ts");
	try {
		return await writeWholeModel({
			model,
			bindings: options,
			directory: userPath(options.output),
			folders: new Map(faster),
			trustedKeys: service.trustedKeys,
			threads: options.threads,
			tolerance: options.tolerance,
			budgetMilliseconds: comparisonMilliseconds[options.effort],
			signal,
		});
	} catch (fault) {
		if (fault instanceof OptimizeError) return keptModel(fault.message);
		throw fault;
	}
}

function summarize({ islands, tolerance, disposition, elapsedMs }: OptimizationView): string {
	const count = `${islands.length} ${islands.length === 1 ? "island" : "islands"}`;
	const mean = `${meanSpeedup(islands).toFixed(2)}x in the geometric mean`;
	const chosen = tolerance === defaultTolerance ? "" : `; tolerance ${tolerance}`;
	return `${count}, ${mean}${chosen}; ${disposition.replace("_", " ")}, ${(elapsedMs / 1000).toFixed(2)} s`;
}

/** One folder a kernel, named after the first island it is for. By kernel key. */
async function writeKernels(
	{ client }: Service,
	result: OptimizationResult,
	directory: string,
): Promise<ReadonlyMap<string, string>> {
	const folders = new Map<string, string>();
	for (const { key, islands, manifest } of result.kernels) {
		if (manifest === null) continue;
		const folder = join(directory, `island-${Math.min(...islands)}`);
		await writeKernelFolder(client, manifest, folder);
		folders.set(key, folder);
	}
	return folders;
}

/** Some kernels are better than none: only a job that brought nothing ends with its first task's fault. */
export function exitCodeOfResult({ kernels }: Pick<OptimizationResult, "kernels">): ExitCode {
	if (kernels.length === 0 || kernels.some(({ manifest }) => manifest !== null)) return exitCodes.ok;
	const [first] = kernels.flatMap(({ error }) => error ?? []);
	return first === undefined ? exitCodes.service : exitCodeOfCode(first.code);
}
