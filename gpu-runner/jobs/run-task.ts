// One message from claim to kernel: fetch the plan, go on with its search, prove its µGraphs again, generate, measure,
// publish. Every step can be repeated: whatever dies in between, the next attempt ends with the same state.

import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { measureCandidates } from "#runner/measure/measure-candidates.ts";
import type { MeasureResult } from "#runner/measure/measure-request.ts";
import type { BaselineForm } from "#runner/measure/workload.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import { kernelReadme } from "#shared/artefact/kernel-readme.ts";
import type { BlobReference, KernelManifest } from "#shared/artefact/manifest.ts";
import { blobKey } from "#shared/artefact/store-keys.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { drawMuGraph } from "#shared/mugraph/draw/draw-mugraph.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { muGraphTraits } from "#shared/mugraph/traits.ts";
import type { Plan } from "#shared/pipeline/plan.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import { decodePlan } from "#shared/protocol/plan-document.ts";
import { encodeProofDocument } from "#shared/protocol/proof-document.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { targets } from "#shared/target/target.ts";
import { buildManifest, isKernelPublished, keyComponents } from "./build-manifest.ts";
import { continueSearch } from "./continue-search.ts";
import { effortBudget } from "./effort-budget.ts";
import { type PreparedCandidates, prepareCandidates } from "./prepare-candidates.ts";
import { publishBlob, publishManifest, publishTrainingRows } from "./publish.ts";
import type { RunnerServices } from "./runner-services.ts";
import { createTaskFolder } from "./task-folder.ts";

export interface TaskWork {
	readonly jobId: string;
	/** Position of the task in its job. */
	readonly task: number;
	readonly namespace: string;
	readonly key: string;
	/** Store key of the plan. */
	readonly plan: string;
	readonly replaces: string | null;
	readonly signal: AbortSignal;
	/** Says that a phase begins; throws when the attempt is not the current one any more. */
	readonly enter: (phase: string) => Promise<void>;
	/** The same without a claim: a step within a phase. */
	readonly note: (phase: string) => void;
}

/** Measures one task's program and publishes the answer. Throws `OptimizeError` for what the attempt cannot overcome. */
export async function runTask(services: RunnerServices, work: TaskWork): Promise<void> {
	await work.enter("plan");
	const fetched = await fetchPlan(services.store, work);
	const budget = effortBudget(fetched.effort, services.measureShare);
	await work.enter("search");
	const plan = await continueSearch(fetched, { continuations: budget.searchContinuations }, work.signal);
	await work.enter("recheck");
	const candidates = await prepareCandidates(plan);
	const directory = await createTaskFolder(services.workFolder);
	try {
		await work.enter("measure");
		const seed = createHash("sha256").update(work.key).digest().readUInt32LE();
		const result = await measureCandidates({
			program: plan.program,
			target: targets[plan.target],
			threads: plan.threads,
			seed,
			tolerance: plan.tolerance,
			baselines: await fetchBaselines(services.store, plan),
			candidatesCount: candidates.proofs.length,
			emitUnit: candidates.emitUnit,
			neighboursOf: candidates.neighboursOf,
			hoistedBytesMax: candidates.hoistedBytesMax,
			budget: budget.measure,
			directory,
			compiler: services.compiler,
			harness: services.harness,
			runtime: services.runtime,
			hangMilliseconds: services.hangMilliseconds,
			signal: work.signal,
			progress: ({ phase }) => work.note(phase),
		});
		await work.enter("publishBlobs");
		const measured = candidates.grownPlan();
		await publishTrainingRows(services.store, {
			...{ jobId: work.jobId, task: work.task, plan: measured, result, seed },
			machine: services.machine(plan.target),
			measuredAt: services.nowIso(),
		});
		const manifest = await publishFiles(services, work, measured, candidates, result, seed);
		await work.enter("publishManifest");
		const outcome = await publishManifest(services.store, services.signer, manifest, work.replaces);
		services.observe({ event: "published", key: work.key, verdict: manifest.verdict, outcome });
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}

/** The plan, if it is one for the key: nothing is ever signed for another program than the key says. */
async function fetchPlan(store: ArtefactStore, { plan: place, key }: TaskWork): Promise<Plan> {
	const stored = await store.get(place);
	if (stored === null) throw new OptimizeError("internal.bug", `there is no plan ${place}`, { place });
	const plan = decodePlan(new TextDecoder().decode(stored.bytes));
	const components = { ...keyComponents(plan), program: canonicalProgramDigest(plan.program) };
	if (kernelCacheKey(components) === key) return plan;
	throw new OptimizeError("internal.bug", `plan ${place} is not for key ${key} of version ${kilnVersion}`, {
		place,
		key,
		components,
	});
}

async function fetchBaselines(store: ArtefactStore, plan: Plan): Promise<readonly BaselineForm[]> {
	const forms: BaselineForm[] = [];
	for (const { form, blob, inputNames, outputNames } of plan.baselines) {
		const stored = await store.get(blobKey(blob));
		if (stored === null)
			throw new OptimizeError("internal.bug", `there is no baseline model ${blob}`, { blob });
		// What the store gives back is not believed: a changed baseline would be a changed race.
		if (createHash("sha256").update(stored.bytes).digest("hex") !== blob)
			throw new OptimizeError("infra.storage", "the stored bytes are not what their name says", { blob });
		forms.push({ form, model: stored.bytes, inputNames, outputNames });
	}
	return forms;
}

/** Stores samples and, when there is a kernel, its folder's files; the manifest names them all. */
async function publishFiles(
	services: RunnerServices,
	work: TaskWork,
	plan: Plan,
	candidates: PreparedCandidates,
	result: MeasureResult,
	seed: number,
): Promise<KernelManifest> {
	const { store, machine, runnerId } = services;
	const text = (value: string): Uint8Array => new TextEncoder().encode(value);
	const samples = await publishBlob(store, text(samplesDocument(result, seed)));
	const bare = buildManifest({
		key: work.key,
		namespace: work.namespace,
		plan,
		proofs: candidates.proofs,
		result,
		machine: machine(plan.target),
		runner: runnerId,
		createdAt: services.nowIso(),
		samples,
	});
	if (!isKernelPublished(result)) return bare;
	const kernel = present(result.kernel, "a published kernel was measured");
	const planned = present(plan.candidates[kernel.candidate], "the winner is a candidate of the plan");
	const { muGraph } = present(candidates.proofs[kernel.candidate], "the winner has a proof");
	const proof = {
		schema: "kiln.proof/1",
		program: plan.program,
		muGraph,
		schedule: planned.schedule,
	} as const;
	const contents: Readonly<Record<string, Uint8Array>> = {
		"kernel.c": text(kernel.source),
		"kernel.h": text(candidates.header(kernel.candidate)),
		"kernel.so": await readFile(kernel.library),
		"README.md": text(kernelReadme(bare)),
		"proof.json": text(encodeProofDocument(proof)),
		"mugraph.svg": text(drawKernel(muGraph, planned.schedule, bare)),
	};
	const stored = Object.entries(contents).map(
		async ([name, bytes]) => [name, await publishBlob(store, bytes)] as const,
	);
	const files: Record<string, BlobReference> = Object.fromEntries(await Promise.all(stored));
	files["samples.json"] = samples;
	return { ...bare, files };
}

/** The published µGraph with its schedule's tiles. */
function drawKernel(muGraph: MuGraph, { kernels }: Schedule, { key, speedup }: KernelManifest): string {
	return drawMuGraph(muGraph, {
		title: `Kernel ${key.slice(0, 16)}`,
		notes: [
			`measured ${speedup.median.toFixed(2)}x the speed of the baseline`,
			...muGraphTraits(muGraph).map(({ title }) => `· ${title}`),
		],
		tiles: kernels,
	});
}

/** Everything that was measured, raw: enough to derive the verdict again. */
function samplesDocument(result: MeasureResult, seed: number): string {
	const { candidates, stages, baseline, baselineFaults, datasets, sandboxed } = result;
	const outcomes = candidates.map(({ candidate, outcome }) => ({
		candidate,
		...(outcome.kind === "timed" ? { kind: outcome.kind, errorMax: outcome.errorMax } : outcome),
	}));
	const winner = result.kernel?.candidate ?? null;
	const parts = { seed, datasets, sandboxed, winner, baseline, baselineFaults, candidates: outcomes, stages };
	return JSON.stringify({ schema: "kiln.samples/1", ...parts });
}
