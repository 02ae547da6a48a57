// Jobs as the edge leaves them for a runner: plan, baseline and job object in the store, a message in the queue.

import { createHash } from "node:crypto";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import { blobKey, jobKey, kernelKey, planKey } from "#shared/artefact/store-keys.ts";
import { defaultTolerance, type ToleranceId } from "#shared/artefact/tolerance.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { createRandom } from "#shared/numeric/random.ts";
import type { Plan } from "#shared/pipeline/plan.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import type { ArtefactStore, JobQueue } from "#shared/pipeline/ports.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import { createIdentifier } from "#shared/protocol/identifier.ts";
import { type Job, jobSchema } from "#shared/protocol/job.ts";
import type { MeasureMessage } from "#shared/protocol/message.ts";
import { encodePlan } from "#shared/protocol/plan-document.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";
import type { TargetId } from "#shared/target/target.ts";
import { rootMeanSquareNormLinear } from "#test/support/programs.ts";
import { rootMeanSquareNormLinearOnnx } from "./onnx-fixture.ts";

const shape = { m: 2, k: 32, n: 16 };
const candidatesKept = 2;

/** A small plan with a real search behind it, and the model of its baseline. */
export function smallPlan(
	target: TargetId,
	tolerance: ToleranceId = defaultTolerance,
): { readonly plan: Plan; readonly model: Uint8Array } {
	const program = rootMeanSquareNormLinear(shape.m, shape.k, shape.n);
	const programDigest = canonicalProgramDigest(program);
	const planned = planProgram({
		...{ program, programDigest, target, threads: 1, effort: "quick", tolerance, cursor: null },
	});
	const model = rootMeanSquareNormLinearOnnx(shape.m, shape.k, shape.n);
	const blob = createHash("sha256").update(model).digest("hex");
	const baselines = [{ form: "asWritten", blob, inputNames: ["x", "g", "w"], outputNames: ["y"] }];
	return { plan: { ...planned, candidates: planned.candidates.slice(0, candidatesKept), baselines }, model };
}

export interface PlacedJob {
	readonly message: MeasureMessage;
	/** Store key of its manifest. */
	readonly manifestPlace: string;
	readonly namespace: string;
	/** Sends its message (again). */
	send(): Promise<void>;
	read(): Promise<Job>;
	/** The manifest and its entity tag, or null. */
	manifest(): Promise<{
		readonly etag: string;
		readonly verdict: string;
		readonly files: readonly string[];
	} | null>;
	/** Waits until the job is terminal. */
	ended(): Promise<Job>;
}

const random = createRandom(Number(process.env.TEST_SEED ?? 1), Date.now() % 1000);
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const pollMilliseconds = 30;
const endMilliseconds = 120_000;

/** Writes plan, baseline and job; sends nothing yet. Every job has a namespace, and so a cache, of its own. */
export async function placeJob(
	store: ArtefactStore,
	queue: Pick<JobQueue, "send">,
	{ plan, model }: ReturnType<typeof smallPlan>,
	deadlineMilliseconds = 600_000,
): Promise<PlacedJob> {
	const id = createIdentifier("job", Date.now(), random);
	const namespace = id.slice(4).toLowerCase();
	const { programDigest: program, target, threads, effort, tolerance } = plan;
	const components = { program, target, threads, tolerance, version: kilnVersion };
	const key = kernelCacheKey(components);
	const planPlace = planKey(plan, kilnVersion);
	const always = { kind: "always" } as const;
	await store.put(planPlace, new TextEncoder().encode(encodePlan(plan)), always);
	await store.put(blobKey(plan.baselines[0]?.blob ?? ""), model, always);
	const now = new Date();
	const deadline = new Date(now.getTime() + deadlineMilliseconds);
	const job: Job = jobSchema.parse({
		schema: "kiln.job/1",
		id,
		model: "model",
		target,
		threads,
		effort,
		namespace,
		state: "queued",
		terminal: false,
		outcome: null,
		disposition: "executed",
		createdAt: now.toISOString(),
		updatedAt: now.toISOString(),
		deadline: deadline.toISOString(),
		enqueuedAt: now.toISOString(),
		tasks: [
			{
				islands: [0],
				program,
				key,
				plan: planPlace,
				state: "queued",
				disposition: "executed",
				fence: 0,
				attempts: [],
				phase: "queued",
				error: null,
			},
		],
		version: 1,
	});
	await store.put(jobKey(id), encode(job), { kind: "absent" });
	const message: MeasureMessage = {
		schema: "kiln.measure/1",
		jobId: id,
		task: 0,
		key,
		plan: planPlace,
		target,
		attempt: 1,
		deadline: deadline.getTime(),
		traceparent: "",
	};
	const manifestPlace = kernelKey(namespace, key);
	const read = async (): Promise<Job> => {
		const stored = await store.get(jobKey(id));
		return jobSchema.parse(JSON.parse(new TextDecoder().decode(stored?.bytes)));
	};
	return {
		message,
		manifestPlace,
		namespace,
		send: () => queue.send(JSON.stringify(message)),
		read,
		async manifest() {
			const stored = await store.get(manifestPlace);
			if (stored === null) return null;
			const { manifest } = decodeSignedManifest(new TextDecoder().decode(stored.bytes));
			return { etag: stored.etag, verdict: manifest.verdict, files: Object.keys(manifest.files) };
		},
		async ended() {
			const until = performance.now() + endMilliseconds;
			for (;;) {
				const current = await read();
				if (current.terminal) return current;
				if (performance.now() > until) throw new Error(`job not ended: ${JSON.stringify(current)}`);
				await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
			}
		},
	};
}
