import { createRoute } from "@hono/zod-openapi";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { analyseModel } from "#functions/jobs/analyse-model.ts";
import { Analysis, AnalysisRequest, bearer, json, problems } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";

const route = createRoute({
	method: "post",
	path: "/v1/analyses",
	operationId: "createAnalysis",
	tags: ["models"],
	summary: "What an optimisation would find in the cache; runs nothing",
	security: bearer,
	request: { body: { required: true, content: json(AnalysisRequest) } },
	responses: {
		200: { description: "Programs, keys and the share that is cached", content: json(Analysis) },
		...problems,
	},
});

export function registerCreateAnalysis(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const caller = callerWith(context, "cache:read");
		return context.json(await analyseModel(services, caller, context.req.valid("json")), 200);
	});
}
