// Fans a program's search and then its proofs out, and loses nothing: what a call fails to answer is sent once more and then
// computed here. However it was divided and wherever it was computed, the outcome is the same.

import type { ParallelCalls } from "#functions/search/parallel-calls.ts";
import type { SendSearchCall } from "#functions/search/search-binding.ts";
import { assert } from "#shared/fault/assert.ts";
import {
	mergeParts,
	type ProvenSearch,
	proveMuGraphs,
	type SearchPart,
	type SearchPartRequest,
	searchPart,
} from "#shared/pipeline/search-part.ts";
import {
	decodeProofs,
	decodeSearchPart,
	type Proofs,
	type SearchCall,
} from "#shared/protocol/search-call.ts";

export interface SearchRoute {
	/** Null: everything is computed here, one part after the other. */
	readonly send: SendSearchCall | null;
	readonly calls: ParallelCalls;
	/** Where a call that failed is written down. */
	readonly report: (entry: Readonly<Record<string, unknown>>) => void;
}

/** Calls for one part: the second may reach another instance. */
const triesMax = 2;

/** The search in `wanted` shards, fewer where calls are short, then what they chose in as many slices. */
export async function searchInParallel(
	request: SearchPartRequest,
	wanted: number,
	{ calls, ...rest }: SearchRoute,
): Promise<ProvenSearch> {
	const width = rest.send === null ? wanted : calls.divide(wanted);
	// An undivided search would gain nothing by going elsewhere.
	const route = { ...rest, calls, send: width === 1 ? null : rest.send };
	const indices = Array.from({ length: width }, (_, index) => index);
	const parts = await Promise.all(
		indices.map((index) => searchShard(request, { index, count: width }, route)),
	);
	const search = mergeParts(parts, request.muGraphsMax);
	const slices = await Promise.all(
		indices.map((index) => proveSlice(request, search, { index, count: width }, route)),
	);
	const certificates = search.found.map((_, at) => slices[at % width]?.[Math.floor(at / width)] ?? null);
	return { search, certificates };
}

interface Share {
	readonly index: number;
	readonly count: number;
}

function searchShard(request: SearchPartRequest, shard: Share, route: SearchRoute): Promise<SearchPart> {
	const call = { ...request, kind: "search", shard } as const;
	return callOrCompute(call, route, decodeSearchPart, () => searchPart(call));
}

/** Every `count`-th µGraph: neighbours in rank are alike, and cost alike to prove. */
async function proveSlice(
	{ program }: SearchPartRequest,
	{ found }: SearchPart,
	{ index, count }: Share,
	route: SearchRoute,
): Promise<Proofs> {
	const muGraphs = found.filter((_, at) => at % count === index).map(({ muGraph }) => muGraph);
	if (muGraphs.length === 0) return [];
	const decode = (text: string): Proofs => {
		const proofs = decodeProofs(text);
		assert(proofs.length === muGraphs.length, "a certificate or null for each µGraph");
		return proofs;
	};
	const compute = (): Proofs => proveMuGraphs(program, muGraphs);
	return callOrCompute({ kind: "prove", program, muGraphs }, route, decode, compute);
}

async function callOrCompute<T>(
	call: SearchCall,
	{ send, calls, report }: SearchRoute,
	decode: (text: string) => T,
	compute: () => T,
): Promise<T> {
	for (let attempt = 1; send !== null && attempt <= triesMax; attempt++) {
		if (attempt > 1 && !calls.take()) break;
		try {
			const answer = decode(await send(call));
			calls.answered();
			return answer;
		} catch (error) {
			report({ event: "search.callFailed", kind: call.kind, attempt, error: String(error).slice(0, 1000) });
		}
	}
	return compute();
}
