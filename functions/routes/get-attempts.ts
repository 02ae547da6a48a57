import { createRoute, z } from "@hono/zod-openapi";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { visibleJob } from "#functions/jobs/job-store.ts";
import { Attempts, bearer, json, problems } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";
import { jobIdSchema } from "#shared/protocol/identifier.ts";
import { viewAttempts } from "#shared/protocol/optimization.ts";

const route = createRoute({
	method: "get",
	path: "/v1/optimizations/{id}/attempts",
	operationId: "getOptimizationAttempts",
	tags: ["optimizations"],
	summary: "Who tried, when, and why it ended",
	security: bearer,
	request: { params: z.object({ id: jobIdSchema }) },
	responses: { 200: { description: "Attempts, by task", content: json(Attempts) }, ...problems },
});

export function registerGetAttempts(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const { namespace } = callerWith(context, "cache:read");
		const stored = await visibleJob(services, namespace, context.req.valid("param").id);
		return context.json(viewAttempts(stored.value), 200);
	});
}
