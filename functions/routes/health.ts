import { createRoute, z } from "@hono/zod-openapi";
import type { EdgeApp } from "#functions/edge-context.ts";
import { json, problems } from "#functions/openapi/schemas.ts";
import type { EdgeServices } from "#functions/services.ts";

const status = z.object({ status: z.literal("ok") });

const healthRoute = createRoute({
	method: "get",
	path: "/healthz",
	operationId: "getHealth",
	tags: ["operations"],
	summary: "Whether the edge runs",
	responses: { 200: { description: "It does", content: json(status) } },
});

const readyRoute = createRoute({
	method: "get",
	path: "/readyz",
	operationId: "getReadiness",
	tags: ["operations"],
	summary: "Whether store and queue answer",
	responses: { 200: { description: "Both do", content: json(status) }, ...problems },
});

export function registerHealth(app: EdgeApp, services: EdgeServices): void {
	app.openapi(healthRoute, (context) => context.json({ status: "ok" as const }, 200));
	app.openapi(readyRoute, async (context) => {
		await Promise.all([
			services.store.head("readiness"),
			...Object.values(services.queues).map((queue) => queue.probe()),
		]);
		return context.json({ status: "ok" as const }, 200);
	});
}
