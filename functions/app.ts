// The edge's HTTP application over its services: no platform in it, so that tests call `app.request()` in Node.

import { OpenAPIHono } from "@hono/zod-openapi";
import type { EdgeApp, EdgeHonoEnvironment } from "#functions/edge-context.ts";
import { isOurFault, problemResponse } from "#functions/errors.ts";
import { bearerAuthentication } from "#functions/middleware/bearer-authentication.ts";
import { jsonBodyLimit } from "#functions/middleware/json-body-limit.ts";
import { requestIdentity } from "#functions/middleware/request-identity.ts";
import { validationFault } from "#functions/openapi/validation-fault.ts";
import { registerCompleteUpload } from "#functions/routes/complete-upload.ts";
import { registerCreateAnalysis } from "#functions/routes/create-analysis.ts";
import { registerCreateModel } from "#functions/routes/create-model.ts";
import { registerCreateOptimization } from "#functions/routes/create-optimization.ts";
import { registerCreateUpload } from "#functions/routes/create-upload.ts";
import { registerGetAttempts } from "#functions/routes/get-attempts.ts";
import { registerGetBlob } from "#functions/routes/get-blob.ts";
import { registerGetKernel } from "#functions/routes/get-kernel.ts";
import { registerGetModel } from "#functions/routes/get-model.ts";
import { registerGetOptimization } from "#functions/routes/get-optimization.ts";
import { registerGetResult } from "#functions/routes/get-result.ts";
import { registerHealth } from "#functions/routes/health.ts";
import { registerListTargets } from "#functions/routes/list-targets.ts";
import { registerReference } from "#functions/routes/reference.ts";
import type { EdgeServices } from "#functions/services.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

export function createApp(services: EdgeServices): EdgeApp {
	const app = new OpenAPIHono<EdgeHonoEnvironment>({
		defaultHook: (result) => {
			if (!result.success) throw validationFault(result.error, result.target);
		},
	});
	app.onError((error, context) => {
		const requestId = context.get("requestId");
		if (isOurFault(error)) services.report({ event: "request.failed", requestId, ...describe(error) });
		return problemResponse(error, { requestId, path: context.req.path });
	});
	app.notFound((context) => {
		const error = new OptimizeError("auth.not_found_or_hidden", "there is nothing at this path");
		return problemResponse(error, { requestId: context.get("requestId"), path: context.req.path });
	});
	app.use("*", requestIdentity(services));
	app.use("/v1/*", bearerAuthentication(services));
	app.use("/v1/*", jsonBodyLimit);

	registerCreateModel(app, services);
	registerGetModel(app, services);
	registerCreateUpload(app, services);
	registerCompleteUpload(app, services);
	registerCreateAnalysis(app, services);
	registerCreateOptimization(app, services);
	registerGetOptimization(app, services);
	registerGetAttempts(app, services);
	registerGetResult(app, services);
	registerGetKernel(app, services);
	registerGetBlob(app, services);
	registerListTargets(app);
	registerHealth(app, services);
	registerReference(app, services);
	return app;
}

function describe(error: unknown): Readonly<Record<string, unknown>> {
	if (!(error instanceof Error)) return { error: String(error) };
	return {
		error: error.message,
		details: error instanceof OptimizeError ? error.details : {},
		stack: error.stack,
		cause: error.cause === undefined ? null : String(error.cause),
	};
}
