import { createRoute, z } from "@hono/zod-openapi";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { jobResult } from "#functions/jobs/job-result.ts";
import { visibleJob } from "#functions/jobs/job-store.ts";
import { settleJob } from "#functions/jobs/settle-job.ts";
import { bearer, json, OptimizationResult, problems } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";
import { jobIdSchema } from "#shared/protocol/identifier.ts";

const route = createRoute({
	method: "get",
	path: "/v1/optimizations/{id}/result",
	operationId: "getOptimizationResult",
	tags: ["optimizations"],
	summary: "Kernels, verdicts and evidence of an ended job",
	security: bearer,
	request: { params: z.object({ id: jobIdSchema }) },
	responses: { 200: { description: "One entry a program", content: json(OptimizationResult) }, ...problems },
});

export function registerGetResult(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const { namespace } = callerWith(context, "cache:read");
		const stored = await visibleJob(services, namespace, context.req.valid("param").id);
		const settled = await settleJob(services, stored);
		return context.json(await jobResult(services, settled.value), 200);
	});
}
