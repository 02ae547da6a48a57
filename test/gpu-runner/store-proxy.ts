// A store between runner and store that fails on purpose.

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { S3StoreOptions } from "#adapters/s3-store.ts";

/** `answerLost`: the request is carried out, and answered as if it had not been. Only for writes. */
export type StoreFault = "unavailable" | "stall" | "answerLost";

export interface StoreProxy {
	readonly options: S3StoreOptions;
	faultsCount(): number;
	stop(): Promise<void>;
}

/** `faultOf` decides by the number of the request, from 1. */
export async function startStoreProxy(
	target: S3StoreOptions,
	faultOf: (index: number) => StoreFault | null,
): Promise<StoreProxy> {
	const upstream = new URL(target.endpoint);
	let requests = 0;
	let faults = 0;
	const forward = (incoming: IncomingMessage, outgoing: ServerResponse, isAnswerLost: boolean): void => {
		const { method, url, headers } = incoming;
		// The headers go on as they are: the signature covers the host that the client knows.
		const onward = request(
			{ host: upstream.hostname, port: upstream.port, method, path: url, headers },
			(answer) => {
				if (!isAnswerLost) {
					outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
					answer.pipe(outgoing);
					return;
				}
				answer.resume();
				answer.on("end", () => outgoing.writeHead(500).end());
			},
		);
		onward.on("error", () => outgoing.destroy());
		incoming.pipe(onward);
	};
	const server = createServer((incoming, outgoing) => {
		const wanted = faultOf(++requests);
		const fault = wanted === "answerLost" && incoming.method !== "PUT" ? null : wanted;
		if (fault !== null) faults++;
		if (fault === "stall") return;
		if (fault === "unavailable") {
			incoming.resume();
			outgoing
				.writeHead(503, { "content-type": "application/xml" })
				.end("<Error><Code>SlowDown</Code></Error>");
			return;
		}
		forward(incoming, outgoing, fault === "answerLost");
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return {
		options: { ...target, endpoint: `http://127.0.0.1:${port}${upstream.pathname}` },
		faultsCount: () => faults,
		stop: () =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	};
}
