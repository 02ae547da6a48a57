// Several candidates in one translation unit share the compiler's start (some 30 ms each). When a unit does not compile
// it is halved until the candidate at fault stands alone; the others go on.

import { join } from "node:path";
import type { CpuTarget } from "#shared/target/target.ts";
import { type CompileOptions, type CompileOutcome, compileSharedLibrary } from "./compile-shared-library.ts";

export interface UnitPart {
	readonly candidate: number;
	/** All exported names of the candidate begin with it. */
	readonly prefix: string;
}

/** C source of one translation unit that holds the candidates named, each under its prefix. */
export type EmitUnit = (parts: readonly UnitPart[]) => string;

export interface CompiledCandidate extends UnitPart {
	readonly library: string;
}

export interface CompileFailure {
	readonly candidate: number;
	readonly message: string;
}

/** Candidates in one unit: more gain little and lose more when one of them fails. */
const unitCandidatesMax = 16;

export async function compileCandidates(
	parts: readonly UnitPart[],
	emitUnit: EmitUnit,
	target: CpuTarget,
	directory: string,
	options: CompileOptions,
): Promise<{ readonly compiled: CompiledCandidate[]; readonly failed: CompileFailure[] }> {
	const compiled: CompiledCandidate[] = [];
	const failed: CompileFailure[] = [];
	const units: (readonly UnitPart[])[] = [];
	for (let at = 0; at < parts.length; at += unitCandidatesMax)
		units.push(parts.slice(at, at + unitCandidatesMax));
	for (let unit = units.shift(); unit !== undefined; unit = units.shift()) {
		const [first] = unit;
		if (first === undefined) continue;
		const library = join(directory, `candidates-${first.candidate}-${unit.length}.so`);
		const outcome = await compileUnit(unit, emitUnit, target, library, options);
		if (outcome.kind === "compiled") compiled.push(...unit.map((part) => ({ ...part, library })));
		else if (unit.length === 1 || options.signal?.aborted)
			failed.push(...unit.map(({ candidate }) => ({ candidate, message: outcome.message })));
		else units.push(unit.slice(0, unit.length >> 1), unit.slice(unit.length >> 1));
	}
	return { compiled, failed };
}

/** Emitting may fail too, for one candidate of many: that is its failure, not the end of the task. */
async function compileUnit(
	unit: readonly UnitPart[],
	emitUnit: EmitUnit,
	target: CpuTarget,
	library: string,
	options: CompileOptions,
): Promise<CompileOutcome> {
	let source: string;
	try {
		source = emitUnit(unit);
	} catch (fault) {
		return { kind: "failed", message: `no code: ${fault instanceof Error ? fault.message : String(fault)}` };
	}
	return compileSharedLibrary(source, target, library, options);
}
