import { createRoute, z } from "@hono/zod-openapi";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { createJob } from "#functions/jobs/create-job.ts";
import { idempotentJob } from "#functions/jobs/idempotent-job.ts";
import { bearer, Job, json, OptimizationRequest, problems } from "#functions/openapi/schemas.ts";
import { createParallelCalls } from "#functions/search/parallel-calls.ts";
import type { EdgeServices } from "#functions/services.ts";

/** Seconds until it is worth asking again. */
const retryAfterSeconds = 2;

const route = createRoute({
	method: "post",
	path: "/v1/optimizations",
	operationId: "createOptimization",
	tags: ["optimizations"],
	summary: "Optimise a model for a target",
	security: bearer,
	request: {
		headers: z.object({ "idempotency-key": z.string().min(1).max(257).optional() }),
		body: { required: true, content: json(OptimizationRequest) },
	},
	responses: {
		200: { description: "Ended already: the cache had it", content: json(Job) },
		202: { description: "Begun; ask again at Location", content: json(Job) },
		...problems,
	},
});

export function registerCreateOptimization(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const { caller, namespace } = callerWith(context, "jobs:write");
		const request = context.req.valid("json");
		const key = unquote(context.req.valid("header")["idempotency-key"]);
		const calls = createParallelCalls();
		const jobCaller = { namespace, traceparent: context.get("traceparent"), calls };
		const make = () => createJob(services, jobCaller, request);
		const { stored, isReplay } =
			key === undefined
				? { stored: await make(), isReplay: false }
				: await idempotentJob(services, { namespace, caller, key, request }, make);
		const job = stored.value;
		context.header("location", `/v1/optimizations/${job.id}`);
		context.header("etag", stored.etag);
		if (calls.answeredCount > 0) context.header("search-calls", String(calls.answeredCount));
		if (isReplay) context.header("idempotent-replayed", "true");
		if (job.terminal) return context.json(job, 200);
		context.header("retry-after", String(retryAfterSeconds));
		return context.json(job, 202);
	});
}

/** The header is a structured-field string (`"abc"`); the bare form is taken too. */
const unquote = (key: string | undefined): string | undefined => key?.replace(/^"(.*)"$/, "$1");
