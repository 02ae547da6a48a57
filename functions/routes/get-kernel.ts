import { createRoute, z } from "@hono/zod-openapi";
import { matchesEntityTag } from "#functions/conditional.ts";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { readRecentKernel } from "#functions/kernels/cached-kernel.ts";
import { bearer, json, problems, SignedManifest } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { digestSchema } from "#shared/protocol/digest.ts";

const route = createRoute({
	method: "get",
	path: "/v1/kernels/{key}",
	operationId: "getKernel",
	tags: ["kernels"],
	summary: "The signed manifest of a cached kernel",
	security: bearer,
	request: { params: z.object({ key: digestSchema }) },
	responses: {
		200: { description: "The manifest, byte for byte as it was signed", content: json(SignedManifest) },
		304: { description: "It has not changed" },
		...problems,
	},
});

export function registerGetKernel(app: EdgeApp, services: EdgeServices): void {
	// Stored bytes are the answer: parsing and writing them again would cost more than all the rest.
	app.openAPIRegistry.registerPath(route);
	app.get("/v1/kernels/:key", async (context) => {
		const { namespace } = callerWith(context, "cache:read");
		const key = digestSchema.safeParse(context.req.param("key"));
		const manifest = key.success ? await readRecentKernel(services, namespace, key.data) : null;
		if (manifest === null) throw new OptimizeError("cache.miss", "there is no kernel under this key");
		const headers = { etag: manifest.etag, "cache-control": "private, no-cache" };
		if (matchesEntityTag(context.req.header("if-none-match"), manifest.etag))
			return context.body(null, 304, headers);
		return context.body(manifest.bytes, 200, { ...headers, "content-type": "application/json" });
	});
}
