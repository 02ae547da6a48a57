import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createClient } from "#cli/client.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

const closers: (() => void)[] = [];
afterEach(() => {
	for (const close of closers.splice(0)) close();
});

/** A server on the loopback that answers by count of requests; the client that speaks to it. */
async function clientOf(answer: Answer) {
	let count = 0;
	const server = createServer((request, response) => answer(request, response, count++));
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	closers.push(() => server.close());
	const { port } = server.address() as AddressInfo;
	const client = createClient({
		url: `http://127.0.0.1:${port}`,
		apiKey: "key",
		signal: new AbortController().signal,
	});
	return { client, requests: () => count };
}

function problem(response: ServerResponse, status: number, code: string, retryable: boolean): void {
	response.writeHead(status, { "content-type": "application/problem+json" });
	response.end(
		JSON.stringify({
			type: "about:blank",
			title: code,
			status,
			detail: code,
			instance: "/",
			code,
			class: code.split(".")[0],
			retryable,
			retry_after_ms: null,
			request_id: "req",
			details: {},
			errors: [],
		}),
	);
}

test("a request whose first sending is still being worked on is asked for again, more often than a fault is", async () => {
	const { client, requests } = await clientOf((_, response, count) => {
		if (count < 5) problem(response, 409, "request.idempotency_in_progress", true);
		else {
			response.writeHead(200, { "content-type": "application/json" });
			response.end(JSON.stringify({ answered: count }));
		}
	});
	expect(await client.getKernel("0".repeat(64))).toEqual({ answered: 5 });
	expect(requests()).toBe(6);
});

test("a passing fault is tried a few times, another fault once", async () => {
	const passing = await clientOf((_, response) => problem(response, 503, "infra.storage", true));
	await expect(passing.client.getKernel("0".repeat(64))).rejects.toMatchObject({ code: "infra.storage" });
	expect(passing.requests()).toBe(4);
	const lasting = await clientOf((_, response) => problem(response, 404, "cache.miss", false));
	await expect(lasting.client.getKernel("0".repeat(64))).rejects.toMatchObject({ code: "cache.miss" });
	expect(lasting.requests()).toBe(1);
});
