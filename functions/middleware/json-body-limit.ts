import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

const jsonBytesMax = 256 * 1024;

const limit = bodyLimit({
	maxSize: jsonBytesMax,
	onError: () => {
		throw new OptimizeError("upload.too_large", `a JSON body may have ${jsonBytesMax} bytes`, {
			limit: jsonBytesMax,
		});
	},
});

/** For every route that takes a body, before anything parses it. Models' own bytes have a limit of their own. */
export const jsonBodyLimit: MiddlewareHandler = (context, next) => {
	const isModel = /^\s*application\/octet-stream\b/i.test(context.req.header("content-type") ?? "");
	return isModel ? next() : limit(context, next);
};
