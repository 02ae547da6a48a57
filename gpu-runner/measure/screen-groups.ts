import type { CompiledCandidate } from "#runner/toolchain/compile-candidates.ts";
import type { Packing } from "./check-candidates.ts";

/** Memory that the packed weights of one process may take together. */
const packedBytesMax = 3 * 2 ** 30;
const candidatesMax = 16;
/** Two at least, to have anything to compare. */
const packingsMin = 2;

/** Divides candidates into groups to be timed in one process each: those that pack alike together, so that a group has few packings. */
export function screenGroups(
	candidates: readonly CompiledCandidate[],
	packings: ReadonlyMap<number, Packing>,
): CompiledCandidate[][] {
	const groups: CompiledCandidate[][] = [];
	let packed = new Map<string, number>();
	for (const candidate of alikeTogether(candidates, packings)) {
		const { digest, bytesCount } = packings.get(candidate.candidate) ?? { digest: "", bytesCount: 0 };
		const grown = new Map([...packed, [digest, bytesCount]]);
		const bytes = [...grown.values()].reduce((sum, each) => sum + each, 0);
		const last = groups.at(-1);
		const fits = grown.size <= packingsMin || bytes <= packedBytesMax;
		if (last !== undefined && last.length < candidatesMax && fits) {
			last.push(candidate);
			packed = grown;
		} else {
			groups.push([candidate]);
			packed = new Map([[digest, bytesCount]]);
		}
	}
	return groups;
}

function alikeTogether(
	candidates: readonly CompiledCandidate[],
	packings: ReadonlyMap<number, Packing>,
): readonly CompiledCandidate[] {
	const byDigest = new Map<string, CompiledCandidate[]>();
	for (const candidate of candidates) {
		const digest = packings.get(candidate.candidate)?.digest ?? "";
		const known = byDigest.get(digest);
		if (known === undefined) byDigest.set(digest, [candidate]);
		else known.push(candidate);
	}
	return [...byDigest.values()].flat();
}
