import { z } from "zod";
import { targetIdSchema } from "./target.ts";

/** A runner's description of its machine, as manifests and training rows keep it. */
export const machineSchema = z.object({
	target: targetIdSchema,
	model: z.string(),
	cores: z.int(),
	instructionSets: z.array(z.string()),
	level1Bytes: z.number(),
	level2Bytes: z.number(),
	level3Bytes: z.number(),
	compiler: z.string(),
	baseline: z.string(),
	readGigabytesPerSecond: z.number(),
	fusedMultiplyAddGflops: z.number(),
});
