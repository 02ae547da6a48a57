// The Workers entry: the application over the services that this deployment's environment names.

import { createApp } from "#functions/app.ts";
import type { EdgeApp } from "#functions/edge-context.ts";
import { createEdgeServices } from "#functions/edge-services.ts";
import { parseEnvironment } from "#functions/env.ts";
import { sweepJobs } from "#functions/jobs/sweep.ts";
import { createModelCompiler } from "#functions/models/compile-model.ts";
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
	const services = createEdgeServices(parseEnvironment(bindings), {
		compiler: createModelCompiler(),
		asset: (path) => fetchAsset(bindings.ASSETS, path),
		report: (entry) => console.error(JSON.stringify(entry)),
	});
	edge = { services, app: createApp(services) };
	return edge;
}

async function fetchAsset(assets: unknown, path: string): Promise<Asset | null> {
	if (!isAssetFetcher(assets)) return null;
	const response = await assets.fetch(`https://assets.invalid${path}`);
	if (!response.ok || response.body === null) return null;
	const contentType = response.headers.get("content-type") ?? "application/octet-stream";
	return { body: response.body, contentType };
}

const isAssetFetcher = (binding: unknown): binding is AssetFetcher =>
	typeof binding === "object" && binding !== null && "fetch" in binding;

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
