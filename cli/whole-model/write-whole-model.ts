// The result of `kiln optimize` as one model: operators in place of islands, their weights, their library, and model.json
// that names them. Written only where the whole wins; otherwise the user's model is the answer.

import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { requireRuntimeLibrary } from "#runner/measure/runtime-library.ts";
import { type Compiler, requireCompiler } from "#runner/toolchain/find-compiler.ts";
import { kernelTolerances, type ToleranceId } from "#shared/artefact/tolerance.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { TargetId } from "#shared/target/target.ts";
import type { TrustedKeys } from "../check-manifest.ts";
import type { BindingOptions } from "../read-model.ts";
import { buildLibrary } from "./build-library.ts";
import { type ChosenIslands, chooseIslands } from "./choose-islands.ts";
import { type MeasureRequest, type ModelMeasurement, measureModels } from "./measure-models.ts";
import { keptModel, type ModelView } from "./model-view.ts";
import { operatorDomain, printOperatorTable } from "./operator-table.ts";
import { openPackedKernel, type PackedKernel } from "./packed-kernel.ts";
import { placeModel, removeModel } from "./place-model.ts";
import { type LeftIsland, type PlannedOperator, planOperators } from "./plan-operators.ts";
import { readSourceModel, type SourceModel } from "./read-source-model.ts";
import type { StandalonePorts } from "./standalone-session.ts";
import { modelFileName, type WrittenModel, weightsFileName, writeModelFiles } from "./write-model-files.ts";
import { writeStandalone } from "./write-standalone.ts";

export interface WholeModelRequest {
	/** As the user named it. */
	readonly model: string;
	readonly bindings: BindingOptions;
	/** Absolute: where the kernel folders are and the model goes. */
	readonly directory: string;
	/** Folders of the kernels to use, within `directory`, by program digest. */
	readonly folders: ReadonlyMap<string, string>;
	/** Undefined: digests are checked, not who signed. */
	readonly trustedKeys?: TrustedKeys;
	/** Of the runtime's sessions. */
	readonly threads: number;
	/** That the kernels were made for: the whole may be off by as much. */
	readonly tolerance: ToleranceId;
	/** Of one comparison. */
	readonly budgetMilliseconds: number;
	readonly signal?: AbortSignal;
	/** Default: `measureModels`, in a process of its own. */
	readonly measure?: (request: MeasureRequest, signal?: AbortSignal) => Promise<ModelMeasurement>;
}

/** Throws `OptimizeError` as its parts do; what merely makes the whole no better is a `kept` verdict. */
export async function writeWholeModel(request: WholeModelRequest): Promise<ModelView> {
	await removeModel(request.directory);
	if (request.folders.size === 0) return keptModel("no island has a faster kernel");
	const source = await readSourceModel(request.model, request.bindings);
	const kernels = await openKernels(request);
	const { operators, left } = planOperators(source, kernels);
	if (operators.length === 0) return keptModel("no island could be cut out of the model", left);
	await mkdir(request.directory, { recursive: true });
	const folder = await mkdtemp(join(request.directory, ".model-"));
	try {
		const draft = new ModelDraft(request, source, kernels, folder);
		return await draft.write(operators, left);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** By program digest. Kernels of an older interface cannot run on a host's threads: they stay outside. */
async function openKernels({
	folders,
	trustedKeys,
}: WholeModelRequest): Promise<ReadonlyMap<string, PackedKernel>> {
	const kernels = new Map<string, PackedKernel>();
	for (const [program, folder] of folders) {
		const kernel = await openPackedKernel(folder, trustedKeys);
		if (kernel !== null) kernels.set(program, kernel);
	}
	return kernels;
}

/** One call's work in a folder of its own. */
class ModelDraft {
	readonly #request: WholeModelRequest;
	readonly #source: SourceModel;
	readonly #kernels: ReadonlyMap<string, PackedKernel>;
	readonly #folder: string;
	readonly #domain: string;
	readonly #target: TargetId;
	readonly #library: string;
	readonly #standalone: string;

	constructor(
		request: WholeModelRequest,
		source: SourceModel,
		kernels: ReadonlyMap<string, PackedKernel>,
		folder: string,
	) {
		this.#request = request;
		this.#source = source;
		this.#kernels = kernels;
		this.#folder = folder;
		this.#domain = operatorDomain(source.bytes, kernels);
		const [first] = kernels.values();
		if (first === undefined) throw new OptimizeError("cache.miss", "no kernel runs on its host's threads");
		this.#target = first.manifest.components.target;
		this.#library = `lib${this.#domain.replace(".", "_")}.so`;
		this.#standalone = this.#library.replace("libkiln", "libmodel");
	}

	async write(planned: readonly PlannedOperator[], left: readonly LeftIsland[]): Promise<ModelView> {
		const { directory } = this.#request;
		const compiler = await requireCompiler(process.env.PATH ?? "", process.env.CC);
		const table = printOperatorTable(this.#domain, this.#kernels, planned, this.#target);
		const sources = {
			kernels: this.#kernels,
			generated: { "table.c": table },
			parts: ["register.c"],
			target: this.#target,
		};
		await buildLibrary(sources, join(this.#folder, this.#library), compiler);
		const written = await this.#layModel("whole", planned);
		const allLeft = [...left, ...written.left];
		const { operators, measurement } = await this.#choose(written.operators);
		if (operators.length === 0 || measurement?.kind !== "measured")
			return keptModel(reasonOf(measurement), allLeft, measurement);
		const final = await this.#layModel("final", operators);
		const standalone = await this.#writeStandalone(final, compiler);
		await this.#place(final, standalone);
		return {
			verdict: measurement.verdict === "faster" ? "faster" : "tie",
			reason: null,
			file: join(directory, modelFileName),
			library: join(directory, this.#library),
			weights: join(directory, weightsFileName),
			standalone: standalone === null ? null : join(directory, this.#standalone),
			islandsReplaced: final.operators.map(({ island }) => island),
			left: allLeft,
			speedup: measurement.speedup,
			errorMax: measurement.errorMax,
		};
	}

	async #layModel(name: string, operators: readonly PlannedOperator[]) {
		const folder = join(this.#folder, name);
		await mkdir(folder, { recursive: true });
		return { folder, ...(await writeModelFiles(folder, this.#source, this.#domain, operators)) };
	}

	#choose(operators: readonly PlannedOperator[]): Promise<ChosenIslands> {
		const { threads, tolerance, budgetMilliseconds, signal, measure = measureModels } = this.#request;
		const { errorMax } = kernelTolerances[tolerance];
		const runtime = requireRuntimeLibrary();
		const gains = new Map(operators.map(({ island, program }) => [island, this.#gainOf(program)]));
		return chooseIslands(this.#source, operators, gains, errorMax, async (before, after) => {
			const library = join(this.#folder, this.#library);
			const lay = async (name: string, some: readonly PlannedOperator[]): Promise<string> =>
				join((await this.#layModel(name, some)).folder, modelFileName);
			const original = before === null ? this.#source.path : await lay("before", before);
			const model = await lay("after", after);
			const originalLibrary = before === null ? null : library;
			return measure(
				{ runtime, threads, original, originalLibrary, model, library, budgetMilliseconds },
				signal,
			);
		});
	}

	/** What the kernel saved in a run when it was measured alone. */
	#gainOf(program: string): number {
		const latency = this.#kernels.get(program)?.manifest.latencyNanoseconds;
		return latency === undefined ? 0 : latency.baseline - latency.kernel;
	}

	/** What is left to nothing but kernels is a library too, if that gives the same. */
	async #writeStandalone(
		final: WrittenModel & { readonly folder: string },
		compiler: Compiler,
	): Promise<StandalonePorts | null> {
		const { threads, tolerance, signal, measure = measureModels } = this.#request;
		const ports = await writeStandalone({
			source: this.#source,
			kernels: this.#kernels,
			target: this.#target,
			written: final,
			folder: this.#folder,
			library: this.#standalone,
			compiler,
		});
		if (ports === null) return null;
		const answer = await measure(
			{
				runtime: requireRuntimeLibrary(),
				threads,
				original: this.#source.path,
				originalLibrary: null,
				model: join(final.folder, modelFileName),
				library: join(this.#folder, this.#library),
				standalone: {
					...ports,
					library: join(this.#folder, this.#standalone),
					weights: join(final.folder, weightsFileName),
					threads,
				},
				budgetMilliseconds: 0,
			},
			signal,
		);
		const isSame = answer.kind === "measured" && answer.errorMax <= kernelTolerances[tolerance].errorMax;
		return isSame ? ports : null;
	}

	async #place(
		final: WrittenModel & { readonly folder: string },
		standalone: StandalonePorts | null,
	): Promise<void> {
		const { directory, folders, threads, tolerance } = this.#request;
		await placeModel({
			directory,
			draft: this.#folder,
			model: final.folder,
			library: this.#library,
			standalone: standalone === null ? null : { ...standalone, library: this.#standalone },
			facts: {
				source: createHash("sha256").update(this.#source.bytes).digest("hex"),
				domain: this.#domain,
				target: this.#target,
				threads,
				tolerance,
				islands: final.operators.map(({ island, program }) => ({
					index: island,
					kernel: this.#kernels.get(program)?.manifest.key ?? "",
					folder: basename(folders.get(program) ?? ""),
				})),
			},
		});
	}
}

function reasonOf(measurement: ModelMeasurement | null): string {
	if (measurement === null) return "every faster kernel stands between convolutions and hinders them";
	if (measurement.kind === "failed") return measurement.reason;
	return measurement.verdict === "faster" || measurement.verdict === "tie"
		? `its outputs differ from the original's by ${measurement.errorMax.toExponential(1)}`
		: "as a whole it is not faster than the original";
}
