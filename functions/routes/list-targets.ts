import { createRoute, z } from "@hono/zod-openapi";
import { callerWith, type EdgeApp } from "#functions/edge-context.ts";
import { bearer, json, problems, Target } from "#functions/openapi/schemas.ts";
import { targetIdSchema, viewTarget } from "#shared/protocol/target.ts";

const route = createRoute({
	method: "get",
	path: "/v1/targets",
	operationId: "listTargets",
	tags: ["targets"],
	summary: "What kernels can be made for",
	security: bearer,
	responses: {
		200: { description: "All targets", content: json(z.object({ targets: z.array(Target) })) },
		...problems,
	},
});

export function registerListTargets(app: EdgeApp): void {
	app.openapi(route, (context) => {
		callerWith(context, "cache:read");
		return context.json({ targets: targetIdSchema.options.map(viewTarget) }, 200);
	});
}
