// The callee's side: a shard's request -> its part, µGraphs -> their certificates. Pure but for the body it reads: no store,
// no queue, no further calls.

import { problemResponse } from "#functions/errors.ts";
import { readBody } from "#functions/request-body.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { proveMuGraphs, searchPart } from "#shared/pipeline/search-part.ts";
import {
	decodeSearchCall,
	encodeProofs,
	encodeSearchPart,
	type SearchCall,
	searchCallBytesMax,
} from "#shared/protocol/search-call.ts";

/** Answers with a problem for what is no call of this version; never rejects. */
export async function answerSearchCall(request: Request): Promise<Response> {
	try {
		const bytes = await readBody(request, searchCallBytesMax);
		const text = compute(parseCall(new TextDecoder().decode(bytes)));
		return new Response(text, { headers: { "content-type": "application/json" } });
	} catch (error) {
		return problemResponse(error, { requestId: "", path: new URL(request.url).pathname });
	}
}

function compute(call: SearchCall): string {
	return call.kind === "search"
		? encodeSearchPart(searchPart(call))
		: encodeProofs(proveMuGraphs(call.program, call.muGraphs));
}

function parseCall(text: string): SearchCall {
	try {
		return decodeSearchCall(text);
	} catch (error) {
		const found = String(error).slice(0, 500);
		throw new OptimizeError("request.invalid", `no call of this version: ${found}`, {}, error);
	}
}
