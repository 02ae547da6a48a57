import { Scalar } from "@scalar/hono-api-reference";
import type { EdgeApp } from "#functions/edge-context.ts";
import type { EdgeServices } from "#functions/services.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

const scriptPath = "/assets/scalar.js";
/** Nothing the page's script may want to load comes from elsewhere, and no other page may frame it. */
const pagePolicy = "connect-src 'self'; font-src 'self' data:; img-src 'self' data:; frame-ancestors 'none'";
const scriptSeconds = 86_400;

/** The contract as OpenAPI 3.1, and a page to read it: everything from here, nothing from elsewhere. */
export function registerReference(app: EdgeApp, services: EdgeServices): void {
	app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
	app.doc31("/openapi.json", {
		openapi: "3.1.0",
		info: {
			title: "Kiln",
			version: kilnVersion,
			description: "Kernels for ONNX models: proven, measured, never slower than what you have.",
			license: { name: "Apache-2.0" },
		},
		servers: [{ url: "/" }],
	});
	app.use("/docs", async (context, next) => {
		await next();
		context.header("content-security-policy", pagePolicy);
	});
	app.get(
		"/docs",
		Scalar({
			url: "/openapi.json",
			cdn: scriptPath,
			pageTitle: "Kiln API",
			telemetry: false,
			withDefaultFonts: false,
		}),
	);
	app.get(scriptPath, async () => {
		const asset = await services.asset(scriptPath);
		if (asset === null) throw new OptimizeError("auth.not_found_or_hidden", "there is no such asset");
		return new Response(asset.body, {
			headers: { "content-type": asset.contentType, "cache-control": `public, max-age=${scriptSeconds}` },
		});
	});
}
