import { z } from "zod";
import { type TargetId, targets } from "#shared/target/target.ts";

export const targetIdSchema = z.enum(Object.keys(targets) as [TargetId, ...TargetId[]]);

/** What `GET /v1/targets` says of one. */
export const targetViewSchema = z.object({
	id: targetIdSchema,
	kind: z.literal("cpu"),
	vectorLanes: z.int(),
	level1Bytes: z.int(),
	level2Bytes: z.int(),
	level3Bytes: z.int(),
	compilerFlags: z.array(z.string()),
});
export type TargetView = z.infer<typeof targetViewSchema>;

export function viewTarget(id: TargetId): TargetView {
	const { kind, vectorLanes, level1Bytes, level2Bytes, level3Bytes, compilerFlags } = targets[id];
	return {
		id,
		kind,
		vectorLanes,
		level1Bytes,
		level2Bytes,
		level3Bytes,
		compilerFlags: [...compilerFlags],
	};
}
