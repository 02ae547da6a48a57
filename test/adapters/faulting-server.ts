import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface FaultingServer {
	readonly url: string;
	/** Requests seen, in order. */
	readonly seen: string[];
	/** Headers of the last request. */
	lastHeaders(): IncomingHttpHeaders;
	stop(): Promise<void>;
}

/** Answers request n with `answers[n]`, and all later ones with the last. */
export async function startFaultingServer(answers: readonly Answer[]): Promise<FaultingServer> {
	const seen: string[] = [];
	let headers: IncomingHttpHeaders = {};
	const server = createServer((request, response) => {
		const answer = answers[Math.min(seen.length, answers.length - 1)];
		seen.push(`${request.method} ${request.url}`);
		headers = request.headers;
		request.resume();
		request.on("end", () => answer?.(request, response));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		seen,
		lastHeaders: () => headers,
		stop: () =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	};
}

export const status =
	(code: number, body = "", headers: Readonly<Record<string, string>> = {}): Answer =>
	(_, response) =>
		response.writeHead(code, headers).end(body);

/** Never answers. */
export const stall: Answer = () => {};

/** Announces more bytes than it sends. */
export const truncated: Answer = (_, response) => {
	response.writeHead(200, { etag: '"1"', "content-length": "100" });
	response.write("short");
	setTimeout(() => response.destroy(), 10);
};
