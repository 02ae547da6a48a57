// How many cached kernels a second the edge serves through Miniflare, and where the time goes: the same load on a Worker
// that does nothing, on /healthz (routing and middleware), on a 304, and on the manifest. Loopback only, bounded.
// Usage: node bench/load.ts [seconds a case] [connections]

import { readdirSync, readFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { Miniflare } from "miniflare";
import { compatibilityDate } from "#infra/compatibility-date.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { startMiniflareEdge } from "#test/functions/support/miniflare-edge.ts";
import { publishKernel } from "#test/functions/support/published-kernel.ts";

const secondsMax = 30;
const connectionsMax = 64;

interface LoadCase {
	readonly name: string;
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly status: number;
}

interface LoadResult {
	readonly name: string;
	readonly requestsPerSecond: number;
	readonly p50Milliseconds: number;
	readonly p99Milliseconds: number;
	readonly failures: number;
	/** CPU time of all workerd processes of this one, a request: what one core could do is 1e6 over it. */
	readonly workerdMicrosecondsEach: number;
}

async function main(): Promise<void> {
	const seconds = Math.min(Number(process.argv[2] ?? 3), secondsMax);
	const connections = Math.min(Number(process.argv[3] ?? 16), connectionsMax);
	const edge = await startMiniflareEdge();
	const nothing = new Miniflare({
		modules: true,
		script: 'export default { fetch: () => new Response("ok") };',
		compatibilityDate,
		host: "127.0.0.1",
		port: 0,
		cf: false,
	});
	try {
		const key = sha256Hex("load");
		await publishKernel(edge.store, "alpha", key);
		const authorization = "Bearer kiln_alpha";
		const kernel = `${edge.url}/v1/kernels/${key}`;
		const first = await fetch(kernel, { headers: { authorization } });
		await first.arrayBuffer();
		const etag = first.headers.get("etag") ?? "";
		const cases: readonly LoadCase[] = [
			{ name: "empty Worker", url: (await nothing.ready).href, headers: {}, status: 200 },
			{ name: "healthz", url: `${edge.url}/healthz`, headers: {}, status: 200 },
			{ name: "kernel 304", url: kernel, headers: { authorization, "if-none-match": etag }, status: 304 },
			{ name: "kernel", url: kernel, headers: { authorization }, status: 200 },
		];
		for (const one of cases) console.log(JSON.stringify(await load(one, seconds, connections)));
	} finally {
		await nothing.dispose();
		await edge.stop();
	}
}

async function load(one: LoadCase, seconds: number, connections: number): Promise<LoadResult> {
	const agent = new Agent({ keepAlive: true, maxSockets: connections });
	const milliseconds: number[] = [];
	let failures = 0;
	const cpuBefore = workerdCpuSeconds();
	const start = performance.now();
	const until = start + seconds * 1000;
	const worker = async (): Promise<void> => {
		while (performance.now() < until) {
			const before = performance.now();
			const status = await get(one, agent);
			milliseconds.push(performance.now() - before);
			if (status !== one.status) failures++;
		}
	};
	await Promise.all(Array.from({ length: connections }, worker));
	const elapsedSeconds = (performance.now() - start) / 1000;
	agent.destroy();
	milliseconds.sort((a, b) => a - b);
	const at = (share: number): number => milliseconds[Math.floor(milliseconds.length * share)] ?? 0;
	return {
		name: one.name,
		requestsPerSecond: Math.round(milliseconds.length / elapsedSeconds),
		p50Milliseconds: Number(at(0.5).toFixed(2)),
		p99Milliseconds: Number(at(0.99).toFixed(2)),
		failures,
		workerdMicrosecondsEach: Math.round(
			((workerdCpuSeconds() - cpuBefore) * 1e6) / Math.max(1, milliseconds.length),
		),
	};
}

/** Linux counts CPU time in these. */
const ticksPerSecond = 100;

/** CPU seconds that this process's workerd children have used; 0 where there is no /proc. */
function workerdCpuSeconds(): number {
	let ticks = 0;
	for (const entry of readProcess()) {
		const [, name = "", rest = ""] = /^\d+ \((.*)\) (.*)$/s.exec(entry) ?? [];
		const fields = rest.split(" ");
		if (name === "workerd" && Number(fields[1]) === process.pid)
			ticks += Number(fields[11]) + Number(fields[12]);
	}
	return ticks / ticksPerSecond;
}

function readProcess(): readonly string[] {
	try {
		const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
		return ids.flatMap((id) => {
			try {
				return [readFileSync(`/proc/${id}/stat`, "utf8")];
			} catch {
				return []; // It has ended meanwhile.
			}
		});
	} catch {
		return []; // Not Linux.
	}
}

function get(one: LoadCase, agent: Agent): Promise<number> {
	return new Promise((resolve, reject) => {
		const request = httpRequest(one.url, { agent, headers: one.headers }, (response) => {
			response.resume();
			response.on("end", () => resolve(response.statusCode ?? 0));
			response.on("error", reject);
		});
		request.on("error", reject);
		request.end();
	});
}

await main();
