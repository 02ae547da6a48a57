import { bodyLimit } from "hono/body-limit";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

const jsonBytesMax = 256 * 1024;

/** For every route that takes JSON; models have a limit of their own. */
export const jsonBodyLimit = bodyLimit({
	maxSize: jsonBytesMax,
	onError: () => {
		throw new OptimizeError("upload.too_large", `a JSON body may have ${jsonBytesMax} bytes`, {
			limit: jsonBytesMax,
		});
	},
});
