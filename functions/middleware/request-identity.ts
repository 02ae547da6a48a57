import type { MiddlewareHandler } from "hono";
import type { EdgeHonoEnvironment } from "#functions/edge-context.ts";
import type { EdgeServices } from "#functions/services.ts";
import type { Random } from "#shared/numeric/random.ts";
import { createIdentifier } from "#shared/protocol/identifier.ts";

const traceparentPattern = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Names every request, answers with the name, and carries the caller's trace on or begins one (W3C Trace Context). */
export function requestIdentity(services: EdgeServices): MiddlewareHandler<EdgeHonoEnvironment> {
	return async (context, next) => {
		const id = createIdentifier("req", services.clock.nowMilliseconds(), services.random);
		const given = context.req.header("traceparent");
		context.set("requestId", id);
		context.set(
			"traceparent",
			given !== undefined && traceparentPattern.test(given) ? given : newTraceparent(services.random),
		);
		await next();
		context.res.headers.set("request-id", id);
	};
}

/** The root of a trace of our own. */
export function newTraceparent(random: Random): string {
	const hex = (words: number): string =>
		Array.from({ length: words }, () => random.nextUint32().toString(16).padStart(8, "0")).join("");
	return `00-${hex(4)}-${hex(2)}-01`;
}
