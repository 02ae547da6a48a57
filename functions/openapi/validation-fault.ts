import type { z } from "zod";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** request.invalid with a JSON pointer for every part of the request that does not fit. */
export function validationFault(error: z.core.$ZodError, part: string): OptimizeError {
	const errors = error.issues.map((issue) => ({
		pointer: `/${[part, ...issue.path].map((step) => escapePointer(String(step))).join("/")}`,
		message: issue.message,
	}));
	return new OptimizeError("request.invalid", `the request's ${part} does not fit`, { errors });
}

/** RFC 6901. */
const escapePointer = (step: string): string => step.replaceAll("~", "~0").replaceAll("/", "~1");
