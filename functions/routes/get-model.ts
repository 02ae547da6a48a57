import { createRoute, z } from "@hono/zod-openapi";
import { hiddenError } from "#functions/blobs/blob-store.ts";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { readModel } from "#functions/models/ensure-model.ts";
import { bearer, json, Model, problems } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";
import { modelIdSchema } from "#shared/protocol/identifier.ts";

const route = createRoute({
	method: "get",
	path: "/v1/models/{id}",
	operationId: "getModel",
	tags: ["models"],
	summary: "A model's islands, refusals and coverage",
	security: bearer,
	request: { params: z.object({ id: modelIdSchema }) },
	responses: { 200: { description: "The model", content: json(Model) }, ...problems },
});

export function registerGetModel(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const { namespace } = callerWith(context, "cache:read");
		const model = await readModel(services, namespace, context.req.valid("param").id);
		if (model === null) throw hiddenError("model");
		return context.json(model, 200);
	});
}
