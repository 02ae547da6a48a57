import { createRoute, z } from "@hono/zod-openapi";
import { hiddenError } from "#functions/blobs/blob-store.ts";
import { matchesEntityTag } from "#functions/conditional.ts";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { awaitJob, waitSecondsMax } from "#functions/jobs/await-job.ts";
import { bearer, Job, json, problems } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";
import { jobIdSchema } from "#shared/protocol/identifier.ts";

const retryAfterSeconds = 2;

const route = createRoute({
	method: "get",
	path: "/v1/optimizations/{id}",
	operationId: "getOptimization",
	tags: ["optimizations"],
	summary: "A job's state",
	description:
		"`Prefer: wait=n` (RFC 7240, up to 30 s) answers when the job has ended, or, with If-None-Match, when it has changed.",
	security: bearer,
	request: {
		params: z.object({ id: jobIdSchema }),
		headers: z.object({
			prefer: z.string().max(200).optional(),
			"if-none-match": z.string().max(1000).optional(),
		}),
	},
	responses: {
		200: { description: "The job", content: json(Job) },
		304: { description: "It has not changed" },
		...problems,
	},
});

export function registerGetOptimization(app: EdgeApp, services: EdgeServices): void {
	app.openapi(route, async (context) => {
		const { namespace } = callerWith(context, "cache:read");
		const headers = context.req.valid("header");
		const seconds = waitSeconds(headers.prefer);
		const seenEtag = headers["if-none-match"] ?? null;
		const stored = await awaitJob(services, context.req.valid("param").id, { namespace, seconds, seenEtag });
		if (stored === null) throw hiddenError("job");
		context.header("etag", stored.etag);
		context.header("cache-control", "private, no-cache");
		if (seconds > 0) context.header("preference-applied", `wait=${seconds}`);
		if (matchesEntityTag(headers["if-none-match"], stored.etag)) return context.body(null, 304);
		if (!stored.value.terminal) context.header("retry-after", String(retryAfterSeconds));
		return context.json(stored.value, 200);
	});
}

/** At most the longest wait there is; 0 without the preference. */
function waitSeconds(prefer: string | undefined): number {
	const asked = Number(/(?:^|[,;\s])wait\s*=\s*"?(\d{1,4})"?/.exec(prefer ?? "")?.[1] ?? 0);
	return Math.min(asked, waitSecondsMax);
}
