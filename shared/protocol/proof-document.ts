// `proof.json` of a kernel folder: what a certificate speaks about, so that it can be checked again without a service.

import { z } from "zod";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { parseExactJson, stringifyExactJson } from "./exact-json.ts";
import { muGraphSchema } from "./mugraph-schema.ts";
import { scheduleSchema } from "./plan-document.ts";
import { programSchema } from "./program-document.ts";

export interface ProofDocument {
	readonly schema: "kiln.proof/1";
	/** What the kernel is to compute. */
	readonly program: Program;
	/** How it does, as it was proven. */
	readonly muGraph: MuGraph;
	/** What the code generator was given beside it. */
	readonly schedule: Schedule;
}

const proofDocumentSchema = z.object({
	schema: z.literal("kiln.proof/1"),
	program: programSchema,
	muGraph: muGraphSchema,
	schedule: scheduleSchema,
});

export const encodeProofDocument = (document: ProofDocument): string => stringifyExactJson(document);
/** Throws ZodError or SyntaxError for what is no proof document. What it means is not checked here. */
export const decodeProofDocument = (text: string): ProofDocument =>
	proofDocumentSchema.parse(parseExactJson(text));
