// What the edge asks itself in parallel requests while it plans: one shard of a program's search, or proofs of some of the
// µGraphs that came out; and the answers.

import { z } from "zod";
import { kilnVersion } from "#shared/artefact/version.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { SearchPart, SearchPartRequest } from "#shared/pipeline/search-part.ts";
import type { Program } from "#shared/program/program.ts";
import type { Certificate } from "#shared/verify/certificate.ts";
import { certificateSchema } from "./certificate-schema.ts";
import { parseExactJson, stringifyExactJson } from "./exact-json.ts";
import { muGraphSchema } from "./mugraph-schema.ts";
import { programSchema } from "./program-document.ts";

/** One shard of a search. */
export interface ShardCall extends SearchPartRequest {
	readonly kind: "search";
	readonly shard: NonNullable<SearchPartRequest["shard"]>;
}

/** µGraphs of the program that are to be proven. */
export interface ProofCall {
	readonly kind: "prove";
	readonly program: Program;
	readonly muGraphs: readonly MuGraph[];
}

export type SearchCall = ShardCall | ProofCall;

/** UTF-8 bytes of a call: some dozens of the largest µGraphs that an island has. */
export const searchCallBytesMax = 4 << 20;
/** Shards of one search. */
export const shardsMax = 64;
/** Nodes, axes, inputs and outputs of a program, each: far above an island's, and kernels are built by recursion over nodes. */
const programPartsMax = 256;
/** Above what any effort asks for. */
const statesMax = 10_000_000;
const muGraphsMax = 256;
const cursorLengthMax = 40;

const boundedProgramSchema = programSchema.refine(
	({ nodes, axes, inputs, outputs }) =>
		[nodes, axes, inputs, outputs].every(({ length }) => length <= programPartsMax),
	`at most ${programPartsMax} nodes, axes, inputs and outputs each expected`,
);

const callBase = {
	schema: z.literal("kiln.search-call/1"),
	/** Caller and callee may differ while a deployment is rolled out, and another version finds other µGraphs. */
	version: z.literal(kilnVersion),
	program: boundedProgramSchema,
};

const callSchema = z.discriminatedUnion("kind", [
	z.strictObject({
		...callBase,
		kind: z.literal("search"),
		cursor: z.string().max(cursorLengthMax).nullable(),
		statesMax: z.int().min(0).max(statesMax),
		muGraphsMax: z.int().min(0).max(muGraphsMax),
		shard: z
			.strictObject({ index: z.int().min(0), count: z.int().min(1).max(shardsMax) })
			.refine(({ index, count }) => index < count, "an index below the count expected"),
	}),
	z.strictObject({
		...callBase,
		kind: z.literal("prove"),
		muGraphs: z.array(muGraphSchema).max(muGraphsMax),
	}),
]);

export const encodeSearchCall = (call: SearchCall): string =>
	stringifyExactJson({ schema: "kiln.search-call/1", version: kilnVersion, ...call });

/** Throws ZodError or SyntaxError for what is no call of this version. */
export function decodeSearchCall(text: string): SearchCall {
	const { schema: _, version: __, ...call } = callSchema.parse(parseExactJson(text));
	return call;
}

const partSchema = z.object({
	found: z.array(z.object({ muGraph: muGraphSchema, position: z.int().min(0) })).max(muGraphsMax),
	statesVisited: z.int().min(0),
	statesPruned: z.record(z.string(), z.int()),
	stop: z.enum(["saturated", "stateLimit"]),
	cursor: z.string().max(cursorLengthMax).nullable(),
});

export const encodeSearchPart = (part: SearchPart): string => stringifyExactJson(part);
/** Throws ZodError or SyntaxError for what is no part. */
export const decodeSearchPart = (text: string): SearchPart => partSchema.parse(parseExactJson(text));

const proofsSchema = z.array(certificateSchema.nullable()).max(muGraphsMax);
export type Proofs = readonly (Certificate | null)[];

export const encodeProofs = (proofs: Proofs): string => stringifyExactJson(proofs);
/** Throws ZodError or SyntaxError for what are no proofs. */
export const decodeProofs = (text: string): Proofs => proofsSchema.parse(parseExactJson(text));
