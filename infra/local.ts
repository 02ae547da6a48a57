// The whole of Kiln on one machine, in one process tree: store and edge in the Workers runtime, a queue in this process,
// one CPU runner as a child. Everything listens on the loopback only.

import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { apiKeyKey } from "#shared/artefact/store-keys.ts";
import type { ApiKeyRecord } from "#shared/protocol/api-key.ts";
import { type DataFolder, defaultDataFolder, openDataFolder } from "./data-folder.ts";
import { type EdgeServer, startEdgeServer } from "./edge-server.ts";
import { type FolderLock, type LockOwner, lockFolder } from "./folder-lock.ts";
import { childrenNamed, type OrphanGuard, startOrphanGuard } from "./orphan-guard.ts";
import { localRegion, type QueueServer, queueCredentials, startQueueServer } from "./queue-server.ts";
import { type RunnerSupervisor, superviseRunner } from "./runner-process.ts";
import { type StorageServer, startStorageServer } from "./storage-server.ts";

export interface LocalStackOptions {
	/** Default `.kiln/data` in the working directory. Created when missing; one stack at a time. */
	readonly dataFolder?: string;
	/** Of the edge; default 0: any free port. */
	readonly port?: number;
	/** Runner and sweeper. `now` (default): with the stack. `whenNeeded`: at `ensureRunner()`. A cached answer needs none. */
	readonly runner?: "now" | "whenNeeded";
	/** Added to the edge's and to the runner's environment: tests shorten time-outs by it. */
	readonly edgeEnvironment?: Readonly<Record<string, string>>;
	readonly runnerEnvironment?: Readonly<Record<string, string>>;
	/** Default 2,000. */
	readonly sweepEveryMilliseconds?: number;
	/** Lines that edge and runner write; default: dropped. */
	readonly onLogLine?: (line: string) => void;
}

export interface LocalStack {
	readonly url: string;
	readonly apiKey: string;
	readonly dataFolder: string;
	/** Ed25519 keys whose manifests this stack signs: key id to raw public key, base64. */
	readonly trustedKeys: Readonly<Record<string, string>>;
	readonly storage: Pick<StorageServer, "endpoint" | "bucket" | "accessKeyId" | "secretAccessKey">;
	readonly queue: Pick<QueueServer, "endpoint" | "queueUrl" | "deadLetterQueueUrl">;
	/** Starts runner and sweeper unless they are there already. */
	ensureRunner(): void;
	runnerPid(): number | null;
	/** Lets other processes find this stack through the folder's lock. */
	announce(): void;
	/** Ends everything; no child is left when it resolves. A second call waits for the first. */
	stop(): Promise<void>;
}

/** Another process has the data folder. */
export class DataFolderHeldError extends Error {
	override readonly name = "DataFolderHeldError";
	readonly owner: LockOwner;

	constructor(folder: string, owner: LockOwner) {
		super(`data folder ${folder} is in use by process ${owner.pid}`);
		this.owner = owner;
	}
}

const sweepEveryMillisecondsDefault = 2_000;

/** Starts the stack; resolves when the edge answers. Throws `DataFolderHeldError` when the folder is another stack's. */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
	const path = resolve(options.dataFolder ?? defaultDataFolder);
	const folder = openDataFolder(path);
	const outcome = lockFolder(path);
	if (outcome.kind === "held") throw new DataFolderHeldError(path, outcome.owner);
	const parts: StackParts = { lock: outcome.lock, guard: startOrphanGuard(), stops: [] };
	try {
		return await assembleStack(options, folder, parts);
	} catch (error) {
		await stopParts(parts);
		throw error;
	}
}

interface StackParts {
	readonly lock: FolderLock;
	readonly guard: OrphanGuard;
	/** In starting order; they are stopped in the opposite one. */
	readonly stops: (() => Promise<void>)[];
}

async function assembleStack(
	options: LocalStackOptions,
	folder: DataFolder,
	parts: StackParts,
): Promise<LocalStack> {
	const onLogLine = options.onLogLine ?? (() => {});
	const [storage, queue] = await startBackends(folder, parts);
	await publishApiKey(storage, folder.apiKey);
	const edge = await startEdgeServer({
		port: options.port ?? 0,
		bindings: { ...edgeEnvironment(storage, queue, folder), ...options.edgeEnvironment },
		onLogLine,
	});
	parts.stops.push(() => edge.stop());
	for (const pid of childrenNamed("workerd")) parts.guard.watchProcess(pid);
	let runner: RunnerSupervisor | null = null;
	const ensureRunner = (): void => {
		if (runner !== null || stopped !== null) return;
		const environment = { ...runnerEnvironment(storage, queue, folder), ...options.runnerEnvironment };
		// What the sweeper finds is work for a runner: without one it has no use.
		parts.stops.push(
			sweepRegularly(edge, options.sweepEveryMilliseconds ?? sweepEveryMillisecondsDefault, onLogLine),
		);
		const started = superviseRunner({ environment, guard: parts.guard, onLogLine });
		runner = started;
		parts.stops.push(() => started.stop());
	};
	let stopped: Promise<void> | null = null;
	if (options.runner !== "whenNeeded") ensureRunner();
	return {
		url: edge.url,
		apiKey: folder.apiKey,
		dataFolder: folder.path,
		trustedKeys: { [folder.signingKey.id]: folder.signingKey.publicKey },
		storage,
		queue,
		ensureRunner,
		runnerPid: () => runner?.pid() ?? null,
		announce: () => parts.lock.announce(edge.url),
		stop: () => {
			stopped ??= stopParts(parts);
			return stopped;
		},
	};
}

async function startBackends(
	folder: DataFolder,
	parts: StackParts,
): Promise<readonly [StorageServer, QueueServer]> {
	const [storage, queue] = await Promise.allSettled([
		startStorageServer(folder.objectsPath),
		startQueueServer(),
	]);
	if (storage.status === "fulfilled") parts.stops.push(() => storage.value.stop());
	if (queue.status === "fulfilled") parts.stops.push(() => queue.value.stop());
	if (storage.status === "rejected") throw storage.reason;
	if (queue.status === "rejected") throw queue.reason;
	return [storage.value, queue.value];
}

/** The store keeps only the key's hash; all scopes, since it is the machine's owner who holds it. */
async function publishApiKey(storage: StorageServer, apiKey: string): Promise<void> {
	const sha256 = createHash("sha256").update(apiKey).digest("hex");
	const key = apiKeyKey(sha256);
	if (await storage.has(key)) return;
	const record: ApiKeyRecord = {
		schema: "kiln.key/1",
		caller: "local",
		namespace: "local",
		scopes: ["models:write", "jobs:write", "cache:read", "admin"],
		expiresAt: null,
	};
	await storage.put(key, JSON.stringify(record));
}

function edgeEnvironment(
	storage: StorageServer,
	queue: QueueServer,
	folder: DataFolder,
): Readonly<Record<string, string>> {
	return {
		...backendEnvironment(storage, queue),
		// The queue forgets at every restart, and one runner is soon done: what is overdue is sent again early.
		KILN_SWEEP_QUEUED_SECONDS: "15",
		// A runner reports every half a minute; one that was killed with its stack never will.
		KILN_SWEEP_RUNNING_SECONDS: "60",
		KILN_SIGNING_PUBLIC_KEYS: JSON.stringify({ [folder.signingKey.id]: folder.signingKey.publicKey }),
	};
}

function runnerEnvironment(
	storage: StorageServer,
	queue: QueueServer,
	folder: DataFolder,
): Readonly<Record<string, string>> {
	return {
		...backendEnvironment(storage, queue),
		KILN_SIGNING_KEY: folder.signingKey.privateKey,
		KILN_SIGNING_KEY_ID: folder.signingKey.id,
		KILN_WORK_FOLDER: folder.runnerPath,
	};
}

function backendEnvironment(storage: StorageServer, queue: QueueServer): Readonly<Record<string, string>> {
	return {
		KILN_S3_ENDPOINT: storage.endpoint,
		KILN_S3_BUCKET: storage.bucket,
		KILN_S3_REGION: localRegion,
		KILN_S3_ACCESS_KEY_ID: storage.accessKeyId,
		KILN_S3_SECRET_ACCESS_KEY: storage.secretAccessKey,
		KILN_SQS_ENDPOINT: queue.endpoint,
		KILN_SQS_REGION: localRegion,
		KILN_SQS_ACCESS_KEY_ID: queueCredentials.accessKeyId,
		KILN_SQS_SECRET_ACCESS_KEY: queueCredentials.secretAccessKey,
		KILN_SQS_QUEUE_CPU: queue.queueUrl,
	};
}

/** Sweeps at once and then regularly, never two at a time. The result ends it, after the sweep under way. */
function sweepRegularly(
	edge: EdgeServer,
	everyMilliseconds: number,
	onLogLine: (line: string) => void,
): () => Promise<void> {
	let isStopping = false;
	let wake: () => void = () => {};
	const loop = async (): Promise<void> => {
		while (!isStopping) {
			// A failed sweep is repeated by the next one; it must not end the stack.
			await edge.sweep().catch((error: unknown) => onLogLine(`sweep failed: ${String(error)}`));
			if (isStopping) return;
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, everyMilliseconds);
				wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
	};
	const finished = loop();
	return async () => {
		isStopping = true;
		wake();
		await finished;
	};
}

async function stopParts(parts: StackParts): Promise<void> {
	const failures: unknown[] = [];
	for (const stop of parts.stops.splice(0).reverse()) {
		await stop().catch((error: unknown) => failures.push(error));
	}
	parts.guard.dismiss();
	parts.lock.release();
	if (failures.length > 0) throw new AggregateError(failures, "the local stack did not stop cleanly");
}
