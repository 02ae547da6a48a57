import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ApiKeyRecord, Scope } from "#shared/protocol/api-key.ts";

/** What middleware leaves for handlers. */
export interface EdgeHonoEnvironment {
	readonly Variables: {
		requestId: string;
		traceparent: string;
		/** Set on every path under /v1. */
		caller: ApiKeyRecord | undefined;
	};
}

export type EdgeApp = OpenAPIHono<EdgeHonoEnvironment>;
export type EdgeContext = Context<EdgeHonoEnvironment>;

/** The caller, if its key has the scope; throws auth.scope otherwise. `admin` has every scope. */
export function callerWith(context: EdgeContext, scope: Scope): ApiKeyRecord {
	const caller = present(context.get("caller"), "authentication runs before every /v1 handler");
	if (caller.scopes.includes(scope) || caller.scopes.includes("admin")) return caller;
	throw new OptimizeError("auth.scope", `this key lacks the scope ${scope}`, {
		expected: scope,
		found: caller.scopes,
	});
}
