// What a task measured, as rows: by the runner's own path over an in-memory store, then by the rules of rows alone.

import { rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { publishTrainingRows } from "#runner/jobs/publish.ts";
import { runTask } from "#runner/jobs/run-task.ts";
import { type MeasuredTask, trainingLines, trainingRows } from "#runner/jobs/training-rows.ts";
import { describeMachine } from "#runner/machine/describe-machine.ts";
import type { MeasureResult } from "#runner/measure/measure-request.ts";
import type { Burst } from "#runner/measure/statistics.ts";
import { programKey, trainingPrefix } from "#shared/artefact/store-keys.ts";
import { scheduleFeatures } from "#shared/cost-model/schedule-features.ts";
import { present } from "#shared/fault/assert.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import { decodeTrainingRow, type TrainingRow, trainingSamplesMax } from "#shared/protocol/training-row.ts";
import { type Machine, targets } from "#shared/target/target.ts";
import { placeJob, smallPlan } from "./measure-job.ts";
import { taskServices } from "./task-services.ts";
import { findToolchain, type Toolchain } from "./toolchain-fixture.ts";

let toolchain: Toolchain;
let planned: ReturnType<typeof smallPlan>;
let machine: Machine;
beforeAll(async () => {
	toolchain = await findToolchain();
	planned = smallPlan(toolchain.target.id);
	const folder = toolchain.folder();
	machine = await describeMachine(toolchain.target.id, toolchain.compiler, folder);
	rmSync(folder, { recursive: true });
});

const jobId = "job_01ARZ3NDEKTSV4RRFFQ69G5FAV";

async function objectsUnder(store: ArtefactStore, prefix: string): Promise<Map<string, string>> {
	const texts = new Map<string, string>();
	for (const key of await store.list(prefix, 100))
		texts.set(key, new TextDecoder().decode((await store.get(key))?.bytes));
	return texts;
}

async function runOnce(store: ArtefactStore) {
	const job = await placeJob(store, { send: async () => {} }, planned);
	const folder = toolchain.folder();
	/** What lay under `kernels/` when the rows were written. */
	let manifestsBefore: readonly string[] | null = null;
	const watched: ArtefactStore = {
		...store,
		put: async (place, bytes, condition, type) => {
			if (place.startsWith(trainingPrefix)) manifestsBefore ??= await store.list("kernels/", 10);
			return store.put(place, bytes, condition, type);
		},
	};
	const services = await taskServices(watched, toolchain, machine, folder);
	const { message, namespace } = job;
	const run = () =>
		runTask(services, {
			...{ jobId: message.jobId, task: message.task, namespace, key: message.key, plan: message.plan },
			...{ replaces: null, signal: new AbortController().signal, enter: async () => {}, note: () => {} },
		});
	return {
		job,
		run,
		manifestsBefore: () => manifestsBefore,
		clean: () => rmSync(folder, { recursive: true }),
	};
}

describe("the runner's training rows", () => {
	test("every candidate's measurements lie in the store before the manifest, once however often the task is tried", async () => {
		const store = createMemoryStore();
		const { job, run, manifestsBefore, clean } = await runOnce(store);
		await run();
		expect(manifestsBefore()).toEqual([]);
		expect(await job.manifest()).not.toBeNull();
		const { plan } = planned;
		const first = await objectsUnder(store, trainingPrefix);
		expect([...first.keys()]).toEqual([
			`training/${plan.target}/${plan.programDigest}/${job.message.jobId}-0.jsonl`,
		]);
		await run();
		expect(await objectsUnder(store, trainingPrefix)).toEqual(first);
		clean();

		const rows = [...first.values()].join("").trimEnd().split("\n").map(decodeTrainingRow);
		expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
		expect(new Set(rows.map(({ candidate }) => candidate))).toEqual(new Set(plan.candidates.keys()));
		expect(rows.map(({ timing }) => timing?.stage)).toContain("confirm");
		for (const row of rows) {
			const candidate = present(plan.candidates[row.candidate], "a planned candidate");
			expect(row.machine).toEqual(machine);
			expect(row.schedule).toEqual(candidate.schedule);
			expect(row.program).toEqual({ digest: plan.programDigest, document: programKey(plan.programDigest) });
			expect(row.outcome).toMatchObject({ kind: "timed", reason: "" });
			expect(row.timing?.baseline).toMatchObject({ form: "asWritten" });
			// What is stored is enough to compute the features again.
			expect(row.features.values).toEqual(
				scheduleFeatures(row.muGraph.graph, row.schedule, targets[row.target], row.threads),
			);
			expect(muGraphDigest(row.muGraph.graph)).toBe(row.muGraph.digest);
		}
	});
});

const burst = (participant: string, round: number, nanoseconds: readonly number[], clean = true): Burst => ({
	participant,
	round,
	runsPerSample: 1,
	nanoseconds,
	clean: nanoseconds.map((_, at) => clean && at !== nanoseconds.length - 1),
});

function measured(change: Partial<MeasureResult>): MeasuredTask {
	const result: MeasureResult = {
		...{ candidates: [], kernel: null, baseline: { form: "asWritten", latencyNanoseconds: 1 } },
		...{ baselineFiles: { model: "0-ordinary.onnx", inputs: [] }, baselineFaults: [] },
		...{ datasets: ["ordinary"], stages: [], sandboxed: true, ...change },
	};
	const { plan } = planned;
	return { jobId, task: 3, plan, result, machine, seed: 7, measuredAt: "2026-01-01T00:00:00.000Z" };
}

const timed = { kind: "timed", samplesNanoseconds: [1], errorMax: 1e-7 } as const;

describe("trainingRows", () => {
	test.each([
		[{ kind: "compileFailed", message: "x".repeat(5000) }, "x".repeat(400), null],
		[{ kind: "wrongResult", errorMax: 0.5, output: 1, seed: 7 }, "output 1 is off by 0.5", 0.5],
		[{ kind: "wrongResult", errorMax: Number.POSITIVE_INFINITY, output: 0, seed: 7 }, /Infinity/, null],
		[{ kind: "crashed", signal: "SIGSEGV" }, "SIGSEGV", null],
		[{ kind: "hung", limitMilliseconds: 9 }, /9 ms/, null],
	] as const)("a candidate that was never timed is a row without timing: %j", (outcome, reason, errorMax) => {
		const [row, ...others] = trainingRows(measured({ candidates: [{ candidate: 1, outcome }] }));
		expect(others).toEqual([]);
		expect(row).toMatchObject({
			id: `${jobId}-3/1`,
			timing: null,
			outcome: { kind: outcome.kind, errorMax },
		});
		expect(row?.outcome.reason).toEqual(typeof reason === "string" ? reason : expect.stringMatching(reason));
		const line = trainingLines([present(row, "a row")]).trimEnd();
		expect(decodeTrainingRow(line)).toEqual(row);
	});

	test("a candidate that failed after some rounds keeps its timing and says how it ended", () => {
		const stages = [{ stage: "screen", bursts: [burst("candidate-0", 0, [5, 6, 7])] }] as const;
		const outcome = { kind: "unstable", message: "outputs after timing are off" } as const;
		const [row] = trainingRows(measured({ candidates: [{ candidate: 0, outcome }], stages }));
		expect(row).toMatchObject({ outcome: { kind: "unstable" }, timing: { stage: "screen", baseline: null } });
	});

	test("timings are of clean samples, beside the fastest baseline of the same rounds", () => {
		const bursts = [
			...[burst("candidate-0", 0, [10, 10, 999]), burst("baseline-0", 0, [30, 30, 999])],
			...[burst("candidate-0", 1, [20, 20, 999]), burst("baseline-0", 1, [40, 40, 999])],
		];
		const stages = [
			{ stage: "contest", bursts: [] },
			{ stage: "contest", bursts },
		] as const;
		const [row] = trainingRows(measured({ candidates: [{ candidate: 0, outcome: timed }], stages }));
		expect(row?.id).toBe(`${jobId}-3/0/1`);
		expect(row?.timing).toMatchObject({
			...{ stage: "contest", stageIndex: 1, rounds: 2 },
			kernel: {
				...{
					scoreNanoseconds: 15,
					p20Nanoseconds: 10,
					medianNanoseconds: 15,
					cleanCount: 4,
					samplesCount: 6,
				},
				samplesNanoseconds: [10, 10, 20, 20],
			},
			baseline: { form: "asWritten", ratio: 2.5, scoreNanoseconds: 35, cleanCount: 4 },
		});
	});

	test("raw samples are thinned evenly to a bound", () => {
		const nanoseconds = Array.from({ length: 10 * trainingSamplesMax + 1 }, (_, at) => at + 1);
		const stages = [{ stage: "screen", bursts: [burst("candidate-0", 0, nanoseconds)] }] as const;
		const [row] = trainingRows(measured({ candidates: [{ candidate: 0, outcome: timed }], stages }));
		const kept = present(row?.timing?.kernel.samplesNanoseconds, "a timing");
		expect(kept).toHaveLength(trainingSamplesMax);
		expect([kept[0], kept[1], kept.at(-1)]).toEqual([1, 11, 10 * (trainingSamplesMax - 1) + 1]);
	});

	test("rows beyond the bound of bytes are left out, whole", () => {
		const outcome = { kind: "crashed", signal: "SIGSEGV" } as const;
		const rows: TrainingRow[] = trainingRows(
			measured({
				candidates: [
					{ candidate: 1, outcome },
					{ candidate: 0, outcome },
				],
			}),
		);
		expect(rows.map(({ candidate }) => candidate)).toEqual([0, 1]);
		const first = trainingLines(rows.slice(0, 1));
		expect(trainingLines(rows, first.length + 1)).toBe(first);
		expect(trainingLines(rows, first.length - 1)).toBe("");
	});

	test("what an earlier attempt at the task stored stands", async () => {
		const store = createMemoryStore();
		const task = measured({
			candidates: [{ candidate: 0, outcome: { kind: "crashed", signal: "SIGSEGV" } }],
		});
		await publishTrainingRows(store, task);
		const before = await objectsUnder(store, trainingPrefix);
		await publishTrainingRows(store, { ...task, seed: 8 });
		expect(await objectsUnder(store, trainingPrefix)).toEqual(before);
		await publishTrainingRows(store, { ...task, task: 4 });
		expect((await objectsUnder(store, trainingPrefix)).size).toBe(2);
	});
});
