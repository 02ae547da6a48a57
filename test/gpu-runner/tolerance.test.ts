// A tolerance from a plan to what a runner publishes.

import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { keyComponents } from "#runner/jobs/build-manifest.ts";
import { readManifest } from "#runner/jobs/publish.ts";
import { runTask } from "#runner/jobs/run-task.ts";
import type { RunnerServices } from "#runner/jobs/runner-services.ts";
import { describeMachine } from "#runner/machine/describe-machine.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import { trainingPrefix } from "#shared/artefact/store-keys.ts";
import { present } from "#shared/fault/assert.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import { decodeTrainingRow } from "#shared/protocol/training-row.ts";
import type { Machine } from "#shared/target/target.ts";
import { type PlacedJob, placeJob, smallPlan } from "./measure-job.ts";
import { taskServices } from "./task-services.ts";
import { findToolchain, type Toolchain } from "./toolchain-fixture.ts";

let toolchain: Toolchain;
let machine: Machine;
let folder: string;
beforeAll(async () => {
	toolchain = await findToolchain();
	folder = toolchain.folder();
	machine = await describeMachine(toolchain.target.id, toolchain.compiler, folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const place = (store: ArtefactStore, planned: ReturnType<typeof smallPlan>): Promise<PlacedJob> =>
	placeJob(store, { send: async () => {} }, planned);
const run = (services: RunnerServices, { message, namespace }: PlacedJob, key: string): Promise<void> =>
	runTask(services, {
		...{ jobId: message.jobId, task: message.task, namespace, key, plan: message.plan },
		...{ replaces: null, signal: new AbortController().signal, enter: async () => {}, note: () => {} },
	});

test("a kernel is published under its tolerance's key alone, and manifest and training rows name it", async () => {
	const store = createMemoryStore();
	const planned = smallPlan(toolchain.target.id, "bfloat16-1e-2");
	const job = await place(store, planned);
	await run(await taskServices(store, toolchain, machine, folder), job, job.message.key);
	expect(await store.list("kernels/", 10)).toEqual([job.manifestPlace]);
	const manifest = present(
		(await readManifest(store, job.namespace, job.message.key))?.manifest,
		"published",
	);
	expect(manifest.components.tolerance).toBe("bfloat16-1e-2");
	expect(kernelCacheKey(manifest.components)).toBe(job.message.key);
	const [rows = ""] = await store.list(trainingPrefix, 10);
	const lines = new TextDecoder()
		.decode((await store.get(rows))?.bytes)
		.trimEnd()
		.split("\n");
	expect(new Set(lines.map((line) => decodeTrainingRow(line).tolerance))).toEqual(new Set(["bfloat16-1e-2"]));
});

test.each([
	["float32-1e-3", "bfloat16-1e-2"],
	["bfloat16-1e-2", "float32-1e-3"],
] as const)("a plan of %s is refused for the key of %s, and nothing is signed", async (ofPlan, ofKey) => {
	const store = createMemoryStore();
	const planned = smallPlan(toolchain.target.id, ofPlan);
	const job = await place(store, planned);
	const key = kernelCacheKey(keyComponents({ ...planned.plan, tolerance: ofKey }));
	const services = await taskServices(store, toolchain, machine, folder);
	await expect(run(services, job, key)).rejects.toMatchObject({
		code: "internal.bug",
		details: { components: { tolerance: ofPlan } },
	});
	expect(await store.list("kernels/", 10)).toEqual([]);
});
