// Several candidates in one translation unit share the compiler's start (some 30 ms each). When a unit does not compile
// it is halved until the candidate at fault stands alone; the others go on.

import { join } from "node:path";
import type { CpuTarget } from "#shared/target/target.ts";
import { type CompileOptions, compileSharedLibrary } from "./compile-shared-library.ts";

/** C source whose exported names all begin with `prefix`, so that sources can be put behind one another. */
export interface CandidateSource {
	readonly candidate: number;
	readonly prefix: string;
	readonly source: string;
}

export interface CompiledCandidate {
	readonly candidate: number;
	readonly prefix: string;
	readonly library: string;
}

export interface CompileFailure {
	readonly candidate: number;
	readonly message: string;
}

/** Candidates in one unit: more gain little and lose more when one of them fails. */
const unitCandidatesMax = 16;

export async function compileCandidates(
	sources: readonly CandidateSource[],
	target: CpuTarget,
	directory: string,
	options: CompileOptions,
): Promise<{ readonly compiled: CompiledCandidate[]; readonly failed: CompileFailure[] }> {
	const compiled: CompiledCandidate[] = [];
	const failed: CompileFailure[] = [];
	const units: (readonly CandidateSource[])[] = [];
	for (let at = 0; at < sources.length; at += unitCandidatesMax)
		units.push(sources.slice(at, at + unitCandidatesMax));
	for (let unit = units.shift(); unit !== undefined; unit = units.shift()) {
		const [first] = unit;
		if (first === undefined) continue;
		const library = join(directory, `candidates-${first.candidate}-${unit.length}.so`);
		const text = unit.map((source) => source.source).join("\n");
		const outcome = await compileSharedLibrary(text, target, library, options);
		if (outcome.kind === "compiled")
			compiled.push(...unit.map(({ candidate, prefix }) => ({ candidate, prefix, library })));
		else if (unit.length === 1 || options.signal?.aborted)
			failed.push(...unit.map(({ candidate }) => ({ candidate, message: outcome.message })));
		else units.push(unit.slice(0, unit.length >> 1), unit.slice(unit.length >> 1));
	}
	return { compiled, failed };
}
