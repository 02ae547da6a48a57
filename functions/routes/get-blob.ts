import { createRoute, z } from "@hono/zod-openapi";
import { canReach, hiddenError, readBlob } from "#functions/blobs/blob-store.ts";
import { parseRange } from "#functions/blobs/byte-range.ts";
import { matchesEntityTag } from "#functions/conditional.ts";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { bearer, problems } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";
import { digestSchema } from "#shared/protocol/digest.ts";

const route = (method: "get" | "head") =>
	createRoute({
		method,
		path: "/v1/blobs/{sha256}",
		operationId: method === "get" ? "getBlob" : "headBlob",
		tags: ["kernels"],
		summary: "Immutable bytes by their digest, if something of yours refers to them",
		security: bearer,
		request: {
			params: z.object({ sha256: digestSchema }),
			headers: z.object({ range: z.string().optional() }),
		},
		responses: {
			200: {
				description: "The bytes",
				content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
			},
			206: { description: "The part asked for" },
			304: { description: "You have them" },
			416: { description: "No such part" },
			...problems,
		},
	});

export function registerGetBlob(app: EdgeApp, services: EdgeServices): void {
	app.openAPIRegistry.registerPath(route("get"));
	app.openAPIRegistry.registerPath(route("head"));
	// Hono answers HEAD with GET's headers.
	app.get("/v1/blobs/:sha256", async (context) => {
		const { namespace } = callerWith(context, "cache:read");
		const digest = digestSchema.safeParse(context.req.param("sha256"));
		if (!digest.success || !(await canReach(services, namespace, digest.data))) throw hiddenError("blob");
		const headers = {
			etag: `"sha256-${digest.data}"`,
			"cache-control": "private, max-age=31536000, immutable",
			"accept-ranges": "bytes",
		};
		if (matchesEntityTag(context.req.header("if-none-match"), headers.etag))
			return context.body(null, 304, headers);
		const bytes = await readBlob(services, digest.data);
		if (bytes === null) throw hiddenError("blob");
		const part = parseRange(context.req.header("range"), bytes.length);
		const typed = { ...headers, "content-type": "application/octet-stream" };
		if (part === null) return context.body(bytes, 200, { ...typed, "content-length": String(bytes.length) });
		if (part === "unsatisfiable")
			return context.body(null, 416, { ...headers, "content-range": `bytes */${bytes.length}` });
		const range = `bytes ${part.first}-${part.last}/${bytes.length}`;
		return context.body(bytes.slice(part.first, part.last + 1), 206, { ...typed, "content-range": range });
	});
}
