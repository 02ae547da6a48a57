import { createRoute, z } from "@hono/zod-openapi";
import { canReach, digestOf, hiddenError } from "#functions/blobs/blob-store.ts";
import { callerWith, type EdgeApp, type EdgeContext } from "#functions/edge-context.ts";
import { ensureModel, type ModelSource } from "#functions/models/ensure-model.ts";
import { bearer, json, Model, ModelRequest, problems } from "#functions/openapi/schemas.ts";
import { validationFault } from "#functions/openapi/validation-fault.ts";
import { readBody } from "#functions/request-body.ts";
import type { EdgeServices } from "#functions/services.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { modelRequestSchema, shapeBindingsSchema, weightsSchema } from "#shared/protocol/model.ts";
import { modelBytesMax } from "#shared/protocol/upload.ts";

const route = createRoute({
	method: "post",
	path: "/v1/models",
	operationId: "createModel",
	tags: ["models"],
	summary: "Send a model: its bytes, or the digest of an upload",
	description:
		"Bytes as application/octet-stream (up to 32 MiB), bindings in the query: `?shape=batch=8&weight=W1`. " +
		"Or JSON naming a completed upload. The same model under the same bindings is the same resource.",
	security: bearer,
	request: {
		query: z.object({
			shape: z.union([z.string(), z.array(z.string())]).optional(),
			weight: z.union([z.string(), z.array(z.string())]).optional(),
		}),
		body: {
			content: {
				"application/octet-stream": { schema: z.string().openapi({ type: "string", format: "binary" }) },
				...json(ModelRequest),
			},
		},
	},
	responses: { 201: { description: "The model as it was understood", content: json(Model) }, ...problems },
});

export function registerCreateModel(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const { namespace } = callerWith(context, "models:write");
		const source = await readSource(services, context, namespace);
		const model = await ensureModel(services, source);
		return context.json(model, 201, { location: `/v1/models/${model.id}` });
	});
}

async function readSource(
	services: EdgeServices,
	context: EdgeContext,
	namespace: string,
): Promise<ModelSource> {
	const contentType = (context.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
	if (contentType === "application/json") {
		const request = modelRequestSchema.safeParse(await context.req.json());
		if (!request.success) throw validationFault(request.error, "body");
		if (!(await canReach(services, namespace, request.data.blob))) throw hiddenError("blob");
		return { ...request.data, namespace, bytes: null };
	}
	if (contentType !== "application/octet-stream")
		throw new OptimizeError("request.invalid", "send application/octet-stream or application/json", {
			found: contentType,
		});
	const bindings = readBindings(context.req.queries("shape") ?? [], context.req.queries("weight") ?? []);
	const bytes = await readBody(context.req.raw, modelBytesMax);
	return { ...bindings, namespace, bytes, blob: await digestOf(bytes) };
}

/** `["batch=8"]` -> `{batch: 8}`. A name may hold `=`; the extent may not. No weight named: `auto`. */
function readBindings(shapes: readonly string[], weights: readonly string[]) {
	const pairs = shapes.map((text) => {
		const cut = text.lastIndexOf("=");
		return [text.slice(0, cut), Number(text.slice(cut + 1))] as const;
	});
	const bindings = z
		.object({ shapes: shapeBindingsSchema, weights: weightsSchema })
		.safeParse({ shapes: Object.fromEntries(pairs), weights: weights.length === 0 ? "auto" : weights });
	if (!bindings.success) throw validationFault(bindings.error, "query");
	return bindings.data;
}
