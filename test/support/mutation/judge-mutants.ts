// The verifier on mutants, and the float oracle on the verifier: counts by rule, and what was accepted wrongly.

import { checkMuGraph } from "#shared/mugraph/check.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import type { Program } from "#shared/program/program.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import type { Mutant } from "../mutate-mugraph.ts";
import { FloatOracle } from "./float-oracle.ts";

export interface MutantCounts {
	/** Not well formed, or of other splits than the program allows: refused before any trial. */
	malformed: number;
	/** Refused by trials, and different by the oracle or reading elsewhere. */
	refused: number;
	/** Of the refused: without a counterexample. */
	inconclusive: number;
	/** Accepted, and equal by the oracle. */
	equal: number;
	/** Refused, and equal by the oracle: the price of asking for equality of polynomials and not of floats. */
	refusedEqual: number;
	/** The digest is the original's: the same µGraph written otherwise. */
	same: number;
}

export interface Judgement {
	readonly counts: Map<string, MutantCounts>;
	/** A description of each mutant that was accepted and computes something else. */
	readonly wronglyAccepted: string[];
	/** One example a rule of what was refused and equal by the oracle. */
	readonly refusedEqual: Map<string, string>;
}

export function createJudgement(): Judgement {
	return { counts: new Map(), wronglyAccepted: [], refusedEqual: new Map() };
}

export interface JudgedCase {
	readonly name: string;
	readonly program: Program;
	readonly muGraph: MuGraph;
	readonly seed: number;
}

/** Adds the mutants' verdicts. All have the original's splits, or are refused. */
export function judgeMutants(
	{ name, program, muGraph, seed }: JudgedCase,
	mutants: readonly Mutant[],
	judgement: Judgement,
): void {
	const oracle = new FloatOracle(program, muGraph.splits, seed);
	const original = muGraphDigest(muGraph);
	for (const mutant of mutants) {
		const counts = countsOf(judgement, mutant.rule);
		const isWellFormed = checkMuGraph(mutant.muGraph).length === 0;
		if (isWellFormed && muGraphDigest(mutant.muGraph) === original) {
			counts.same++;
			continue;
		}
		const verdict = verifyMuGraph(mutant.muGraph, program, { seed });
		const comparable =
			isWellFormed && JSON.stringify(mutant.muGraph.splits) === JSON.stringify(muGraph.splits);
		const judged = comparable ? oracle.judge(mutant.muGraph) : "foreign";
		if (verdict.kind === "equal") {
			if (judged === "equal") counts.equal++;
			else
				judgement.wronglyAccepted.push(
					`${name}, seed ${seed}: ${mutant.rule} (${judged})\n${printMuGraph(mutant.muGraph)}`,
				);
			continue;
		}
		if (verdict.kind === "inconclusive") counts.inconclusive++;
		if (!comparable) counts.malformed++;
		else if (judged !== "equal") counts.refused++;
		else {
			counts.refusedEqual++;
			const text = `${name}: ${mutant.rule}, ${verdict.reason}\n${printMuGraph(mutant.muGraph)}`;
			if (!judgement.refusedEqual.has(mutant.rule)) judgement.refusedEqual.set(mutant.rule, text);
		}
	}
}

function countsOf({ counts }: Judgement, rule: string): MutantCounts {
	const none = { malformed: 0, refused: 0, inconclusive: 0, equal: 0, refusedEqual: 0, same: 0 };
	const own = counts.get(rule) ?? none;
	counts.set(rule, own);
	return own;
}

/** A table of the counts, rules in alphabetical order. */
export function formatCounts({ counts }: Judgement): string {
	const columns = ["refused", "malformed", "equal", "refusedEqual", "inconclusive", "same"] as const;
	const total = { malformed: 0, refused: 0, inconclusive: 0, equal: 0, refusedEqual: 0, same: 0 };
	for (const own of counts.values()) for (const column of columns) total[column] += own[column];
	const rows = [...counts.entries()].sort(([a], [b]) => a.localeCompare(b));
	const line = (rule: string, cells: readonly (string | number)[]): string =>
		rule.padEnd(32) + cells.map((cell) => `${cell}`.padStart(13)).join("");
	return [
		line("rule", columns),
		...[...rows, ["all", total] as const].map(([rule, own]) =>
			line(
				rule,
				columns.map((column) => own[column]),
			),
		),
	].join("\n");
}
