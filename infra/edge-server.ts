// The edge in the real Workers runtime, on this machine: Miniflare around the bundle that is deployed.

import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { kCurrentWorker, NoOpLog, Response } from "miniflare";
import { bundleEdge, edgeAssetFile } from "../scripts/bundle-edge.ts";
import { compatibilityDate } from "./compatibility-date.ts";
import { startMiniflare } from "./start-miniflare.ts";

export interface EdgeServer {
	readonly url: string;
	/** Runs the Worker's scheduled handler: the sweeper. */
	sweep(): Promise<void>;
	stop(): Promise<void>;
}

export interface EdgeServerOptions {
	/** 0: any free port. */
	readonly port: number;
	/** What functions/env.ts reads. */
	readonly bindings: Readonly<Record<string, string>>;
	/** Where the Worker's own output goes, line by line. */
	readonly onLogLine: (line: string) => void;
}

export async function startEdgeServer(options: EdgeServerOptions): Promise<EdgeServer> {
	const { code } = await bundleEdge();
	const server = startMiniflare({
		modules: [{ type: "ESModule", path: "worker.mjs", contents: code }],
		compatibilityDate,
		compatibilityFlags: ["nodejs_compat"],
		host: "127.0.0.1",
		port: options.port,
		cf: false,
		bindings: { ...options.bindings },
		serviceBindings: {
			ASSETS: serveAsset,
			SEARCH: { name: kCurrentWorker, entrypoint: "SearchCalls" },
		},
		log: new NoOpLog(),
		handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
			for (const stream of [stdout, stderr]) forwardLines(stream, options.onLogLine);
		},
	});
	const url = await server.ready.catch(async (error: unknown) => {
		// Its loopback server would keep the process alive; disposing repeats the fault that is thrown below.
		await server.dispose().catch(() => {});
		throw error;
	});
	// The first request compiles the Worker's lazy parts and opens its connections: it is ours, not the first user's.
	const ready = await fetch(new URL("/readyz", url));
	const answer = await ready.text();
	if (!ready.ok) {
		await server.dispose();
		throw new Error(`the local edge is not ready: ${answer}`);
	}
	return {
		url: url.origin,
		sweep: async () => {
			const worker = scheduledWorker(await server.getWorker());
			await worker.scheduled({ cron: "* * * * *" });
		},
		stop: () => server.dispose(),
	};
}

/** Stands in for Workers' static assets. */
async function serveAsset(request: { readonly url: string }): Promise<Response> {
	const file = edgeAssetFile(new URL(request.url).pathname);
	if (file === null) return new Response(null, { status: 404 });
	const headers = { "content-type": "text/javascript; charset=utf-8" };
	return new Response(new Uint8Array(await readFile(file)), { headers });
}

interface ScheduledWorker {
	scheduled(event: { readonly cron: string }): Promise<unknown>;
}

/** Miniflare types its handles by @cloudflare/workers-types, which clashes with Node's types and is not installed. */
function scheduledWorker(handle: unknown): ScheduledWorker {
	return handle as ScheduledWorker;
}

function forwardLines(stream: Readable, onLine: (line: string) => void): void {
	let pending = "";
	stream.setEncoding("utf8");
	stream.on("data", (chunk: string) => {
		const lines = (pending + chunk).split("\n");
		pending = lines.pop() ?? "";
		for (const line of lines) if (line !== "") onLine(line);
	});
}
