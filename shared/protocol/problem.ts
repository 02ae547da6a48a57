import { z } from "zod";

/** One fault within a request: where (JSON pointer, or the ONNX node) and what. */
const problemErrorSchema = z.object({
	pointer: z.string().optional(),
	node: z.string().optional(),
	message: z.string(),
});

/** RFC 9457 problem details with our extension members; the body of every answer that is not a success. */
export const problemSchema = z.object({
	type: z.string(),
	title: z.string(),
	status: z.int(),
	detail: z.string(),
	/** The request this happened in. */
	instance: z.string(),
	/** `class.name`; see shared/fault/optimize-error.ts. */
	code: z.string(),
	class: z.string(),
	/** Whether the same request may succeed later. */
	retryable: z.boolean(),
	request_id: z.string(),
	errors: z.array(problemErrorSchema),
	/** Plain facts of this code: limit, found, expected, node, operator… */
	details: z.record(z.string(), z.unknown()),
});
export type Problem = z.infer<typeof problemSchema>;
