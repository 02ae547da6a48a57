// A runner: takes measuring tasks from the queue until it is told to stop. It never runs candidate code itself.

import { fstatSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createSigner } from "#adapters/ed25519.ts";
import { targetKey } from "#shared/artefact/store-keys.ts";
import { present } from "#shared/fault/assert.ts";
import type { Machine, TargetId } from "#shared/target/target.ts";
import { parseRunnerEnvironment, type RunnerEnvironment } from "./env.ts";
import { handleMessage } from "./jobs/handle-message.ts";
import type { Observation, RunnerServices } from "./jobs/runner-services.ts";
import { removeOrphanedTaskFolders } from "./jobs/task-folder.ts";
import { describeMachine, runnableTargets } from "./machine/describe-machine.ts";
import { buildHarness } from "./measure/harness-binary.ts";
import { requireRuntimeLibrary } from "./measure/runtime-library.ts";
import { receiveLoop } from "./queue/receive-loop.ts";
import { createSdkStore } from "./storage/s3-store.ts";
import { createSdkQueue } from "./storage/sqs-queue.ts";
import { type Compiler, requireCompiler } from "./toolchain/find-compiler.ts";

/** Logs are JSON lines on standard error. */
function observe(observation: Observation): void {
	process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), ...observation })}\n`);
}

/** Fires when the runner is to end: by signal, or because whoever started it with a pipe on its standard input is gone. */
function stopSignal(): AbortSignal {
	const stop = new AbortController();
	for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stop.abort(name));
	const input = fstatSync(0);
	if (input.isFIFO() || input.isSocket()) {
		process.stdin.on("end", () => stop.abort("orphaned"));
		process.stdin.on("error", () => stop.abort("orphaned"));
		process.stdin.resume();
	}
	return stop.signal;
}

async function describeTargets(
	targets: readonly TargetId[],
	compiler: Compiler,
	directory: string,
): Promise<ReadonlyMap<TargetId, Machine>> {
	const machines = new Map<TargetId, Machine>();
	for (const target of targets) machines.set(target, await describeMachine(target, compiler, directory));
	return machines;
}

async function createServices(
	environment: RunnerEnvironment,
	store: RunnerServices["store"],
): Promise<RunnerServices> {
	const workFolder = environment.KILN_WORK_FOLDER;
	await mkdir(workFolder, { recursive: true });
	await removeOrphanedTaskFolders(workFolder);
	const compiler = await requireCompiler(environment.PATH, environment.CC);
	const runtime = requireRuntimeLibrary();
	const targets = await runnableTargets();
	const machines = await describeTargets(targets, compiler, workFolder);
	return {
		store,
		signer: await createSigner(environment.KILN_SIGNING_KEY, environment.KILN_SIGNING_KEY_ID),
		runnerId: environment.KILN_RUNNER_ID,
		compiler,
		harness: await buildHarness(compiler, workFolder),
		runtime,
		workFolder,
		runnableTargets: new Set(targets),
		machine: (target) => present(machines.get(target), "a runnable target was described"),
		measureShare: environment.KILN_MEASURE_SHARE,
		hangMilliseconds: environment.KILN_HANG_MILLISECONDS,
		beatMilliseconds: (environment.KILN_VISIBILITY_SECONDS * 1000) / 3,
		nowIso: () => new Date().toISOString(),
		nowMilliseconds: () => Date.now(),
		observe,
	};
}

/** Tells the edge which machines serve which targets. */
async function publishTargets(services: RunnerServices): Promise<void> {
	const machines = [...services.runnableTargets].map((target) => services.machine(target));
	const body = { schema: "kiln.runner/1", runner: services.runnerId, startedAt: services.nowIso(), machines };
	const bytes = new TextEncoder().encode(JSON.stringify(body));
	await services.store.put(targetKey(services.runnerId), bytes, { kind: "always" }, "application/json");
}

async function main(): Promise<void> {
	const stop = stopSignal();
	const environment = parseRunnerEnvironment(process.env);
	const retry = { tryMillisecondsMax: environment.KILN_TRY_MILLISECONDS };
	const store = createSdkStore({
		...(environment.KILN_S3_ENDPOINT === undefined ? {} : { endpoint: environment.KILN_S3_ENDPOINT }),
		bucket: environment.KILN_S3_BUCKET,
		region: environment.KILN_S3_REGION,
		accessKeyId: environment.KILN_S3_ACCESS_KEY_ID,
		secretAccessKey: environment.KILN_S3_SECRET_ACCESS_KEY,
		retry,
	});
	const queue = createSdkQueue({
		...(environment.KILN_SQS_ENDPOINT === undefined ? {} : { endpoint: environment.KILN_SQS_ENDPOINT }),
		queueUrl: environment.KILN_SQS_QUEUE_CPU,
		region: environment.KILN_SQS_REGION,
		accessKeyId: environment.KILN_SQS_ACCESS_KEY_ID ?? environment.KILN_S3_ACCESS_KEY_ID,
		secretAccessKey: environment.KILN_SQS_SECRET_ACCESS_KEY ?? environment.KILN_S3_SECRET_ACCESS_KEY,
		retry,
	});
	const services = await createServices(environment, store);
	await publishTargets(services);
	observe({ event: "ready", runner: services.runnerId, targets: [...services.runnableTargets] });
	await receiveLoop({
		queue,
		waitSeconds: environment.KILN_POLL_SECONDS,
		visibilitySeconds: environment.KILN_VISIBILITY_SECONDS,
		drainSeconds: environment.KILN_DRAIN_SECONDS,
		stop,
		handle: (message, signal) => handleMessage(services, message, signal),
		onFault: (what, fault) => observe({ event: "fault", what, fault: String(fault) }),
	});
	observe({ event: "ended", reason: String(stop.reason) });
	queue.close();
	store.close();
	process.stdin.pause();
}

main().catch((fault: unknown) => {
	observe({ event: "fatal", fault: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault) });
	process.exitCode = 1;
	process.stdin.pause();
});
