import { createRoute } from "@hono/zod-openapi";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { bearer, json, problems, Upload, UploadExists, UploadRequest } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";
import { beginUpload } from "#functions/uploads/direct-upload.ts";

const route = createRoute({
	method: "post",
	path: "/v1/uploads",
	operationId: "createUpload",
	tags: ["models"],
	summary: "Get a URL to send a model's bytes to",
	security: bearer,
	request: { body: { required: true, content: json(UploadRequest) } },
	responses: {
		200: { description: "These bytes are here already", content: json(UploadExists) },
		201: { description: "Where and how to PUT the bytes", content: json(Upload) },
		...problems,
	},
});

export function registerCreateUpload(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const { namespace } = callerWith(context, "models:write");
		const { sha256, size } = context.req.valid("json");
		const offer = await beginUpload(services, namespace, { sha256, bytesCount: size });
		if (offer.kind === "exists") return context.json({ exists: true as const, blob: sha256 }, 200);
		const { id, expiresAt } = offer.record;
		const body = { upload: id, put_url: offer.url, headers: { ...offer.headers }, expires_at: expiresAt };
		return context.json(body, 201);
	});
}
