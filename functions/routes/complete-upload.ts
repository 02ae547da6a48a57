import { createRoute, z } from "@hono/zod-openapi";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { bearer, json, problems, UploadComplete } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";
import { completeUpload } from "#functions/uploads/direct-upload.ts";
import { uploadIdSchema } from "#shared/protocol/identifier.ts";

const route = createRoute({
	method: "post",
	path: "/v1/uploads/{id}/complete",
	operationId: "completeUpload",
	tags: ["models"],
	summary: "Have the bytes that were sent checked",
	security: bearer,
	request: { params: z.object({ id: uploadIdSchema }) },
	responses: { 200: { description: "The blob they are now", content: json(UploadComplete) }, ...problems },
});

export function registerCompleteUpload(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const { namespace } = callerWith(context, "models:write");
		const blob = await completeUpload(services, namespace, context.req.valid("param").id);
		return context.json({ blob }, 200);
	});
}
