// The Workers entry: the application over the services that this deployment's environment names, and beside it the entry
// point through which it calls itself.

import { WorkerEntrypoint } from "cloudflare:workers";
import { createApp } from "#functions/app.ts";
import type { EdgeApp } from "#functions/edge-context.ts";
import { createEdgeServices } from "#functions/edge-services.ts";
import { parseEnvironment } from "#functions/env.ts";
import { sweepJobs } from "#functions/jobs/sweep.ts";
import { createModelCompiler } from "#functions/models/compile-model.ts";
import { answerSearchCall } from "#functions/search/answer-search-call.ts";
import { createSendSearchCall, type SearchBinding } from "#functions/search/search-binding.ts";
import type { Asset, EdgeServices } from "#functions/services.ts";

type Bindings = Readonly<Record<string, unknown>>;

/** Workers' binding to the static assets beside the script. */
interface AssetFetcher {
	fetch(url: string): Promise<Response>;
}

interface Edge {
	readonly services: EdgeServices;
	readonly app: EdgeApp;
}

/** Made with the isolate's first request; an isolate's bindings never change. */
let edge: Edge | undefined;

function edgeFor(bindings: Bindings): Edge {
	if (edge !== undefined) return edge;
	const environment = parseEnvironment(bindings);
	const report: EdgeServices["report"] = (entry) => console.error(JSON.stringify(entry));
	const search: unknown = bindings.SEARCH;
	const callMilliseconds = environment.KILN_SEARCH_CALL_SECONDS * 1000;
	const services = createEdgeServices(environment, {
		compiler: createModelCompiler({
			send: isFetcher<SearchBinding>(search) ? createSendSearchCall(search, callMilliseconds) : null,
			widthMax: environment.KILN_SEARCH_WIDTH_MAX,
			report,
		}),
		asset: (path) => fetchAsset(bindings.ASSETS, path),
		report,
	});
	edge = { services, app: createApp(services) };
	return edge;
}

async function fetchAsset(assets: unknown, path: string): Promise<Asset | null> {
	if (!isFetcher<AssetFetcher>(assets)) return null;
	const response = await assets.fetch(`https://assets.invalid${path}`);
	if (!response.ok || response.body === null) return null;
	const contentType = response.headers.get("content-type") ?? "application/octet-stream";
	return { body: response.body, contentType };
}

/** Whether a binding is a service's: Workers give those a `fetch`. */
const isFetcher = <Fetcher extends { fetch: unknown }>(binding: unknown): binding is Fetcher =>
	typeof binding === "object" && binding !== null && "fetch" in binding;

/** Parts of searches. Reachable through the SEARCH binding alone: requests from outside only ever reach the default export. */
export class SearchCalls extends WorkerEntrypoint {
	override fetch(request: Request): Promise<Response> {
		return answerSearchCall(request);
	}
}

export default {
	fetch(request: Request, bindings: Bindings): Response | Promise<Response> {
		return edgeFor(bindings).app.fetch(request);
	},
	async scheduled(_event: unknown, bindings: Bindings): Promise<void> {
		const { services } = edgeFor(bindings);
		const report = await sweepJobs(services);
		if (report.sent > 0 || report.failures > 0) services.report({ event: "sweep", ...report });
	},
};
