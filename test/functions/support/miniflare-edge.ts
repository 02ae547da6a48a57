// The edge in the real Workers runtime, over a local S3 and a local SQS, everything on the loopback.

import { readFile } from "node:fs/promises";
import {
	kCurrentWorker,
	Miniflare,
	type Request as MiniflareRequest,
	Response as MiniflareResponse,
} from "miniflare";
import { createS3Store } from "#adapters/s3-store.ts";
import { createSqsQueue } from "#adapters/sqs-queue.ts";
import { compatibilityDate } from "#infra/compatibility-date.ts";
import type { ArtefactStore, JobQueue } from "#shared/pipeline/ports.ts";
import { startLocalQueues, startLocalStore } from "#test/adapters/local-backends.ts";
import { bundleEdge, edgeAssetFile } from "../../../scripts/bundle-edge.ts";
import { allScopes, storeApiKey } from "./test-edge.ts";

export interface MiniflareEdge {
	readonly url: string;
	readonly store: ArtefactStore;
	readonly queue: JobQueue;
	/** Node's fetch against the edge. */
	readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
	stop(): Promise<void>;
}

/** The binding by which a deployed edge calls itself. */
const searchBinding = { name: kCurrentWorker, entrypoint: "SearchCalls" };

export interface MiniflareEdgeOptions {
	/** What answers the edge's calls to itself; default: itself. */
	readonly search?: () => Promise<MiniflareResponse>;
	/** Added to the environment. */
	readonly environment?: Readonly<Record<string, string>>;
}

/** The key `kiln_alpha` has every scope. */
export async function startMiniflareEdge(options: MiniflareEdgeOptions = {}): Promise<MiniflareEdge> {
	const [storage, queues, bundle] = await Promise.all([startLocalStore(), startLocalQueues(), bundleEdge()]);
	const { queue: queueOptions } = await queues.create();
	const miniflare = new Miniflare({
		modules: [{ type: "ESModule", path: "worker.mjs", contents: bundle.code }],
		compatibilityDate,
		compatibilityFlags: ["nodejs_compat"],
		host: "127.0.0.1",
		port: 0,
		cf: false,
		serviceBindings: {
			ASSETS: serveAsset,
			SEARCH: options.search ?? searchBinding,
		},
		bindings: {
			KILN_S3_ENDPOINT: storage.options.endpoint,
			KILN_S3_BUCKET: storage.options.bucket,
			KILN_S3_REGION: storage.options.region,
			KILN_S3_ACCESS_KEY_ID: storage.options.accessKeyId,
			KILN_S3_SECRET_ACCESS_KEY: storage.options.secretAccessKey,
			KILN_SQS_ENDPOINT: queues.endpoint,
			KILN_SQS_QUEUE_CPU: queueOptions.queueUrl,
			...options.environment,
		},
	});
	const url = (await miniflare.ready).origin;
	const store = createS3Store(storage.options);
	await storeApiKey(store, "kiln_alpha", { namespace: "alpha", scopes: [...allScopes] });
	return {
		url,
		store,
		queue: createSqsQueue(queueOptions),
		fetch: (path, init) => fetch(`${url}${path}`, init),
		stop: async () => {
			await miniflare.dispose();
			await queues.stop();
			await storage.stop();
		},
	};
}

/** Stands in for Workers' static assets. */
async function serveAsset(request: MiniflareRequest): Promise<MiniflareResponse> {
	const file = edgeAssetFile(new URL(request.url).pathname);
	if (file === null) return new MiniflareResponse(null, { status: 404 });
	return new MiniflareResponse(await readFile(file), { headers: { "content-type": "text/javascript" } });
}
