// Choice 1 of the superoptimizer: which DAG of primitive operators computes the program. In: the canonical program. Out:
// equal DAGs as programs, the program as written first. Not by enumerating operator sequences, most of which compute
// nothing that is wanted: first the set of all values that any DAG may contain (closure.ts), each known by its abstract
// expression (Mirage, OSDI'25, section 4.2) and by its residues for random inputs, which also make every derivation right by
// test; then, from the outputs down, the ways to choose one derivation for each value that is needed.

import { present } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { maskAxesMax } from "./axis-masks.ts";
import { assertWritten, closeValues, closureRules } from "./closure.ts";
import { type Dag, emptyDag, type RatedDag, rateDag, spaceValueOf } from "./dag.ts";
import { type DerivationSpace, usefulSpace } from "./derivation-space.ts";
import { dominantSpace } from "./dominance.ts";
import { enumerateAll } from "./enumerate-all.ts";
import { enumerateBest } from "./enumerate-best.ts";
import { hasSmallExpressions } from "./expression-size.ts";
import { type ProgramValues, valuesOfProgram } from "./program-values.ts";
import { writeProgram } from "./write-program.ts";

export interface AlgebraLimits {
	/** Values of the closure, the program's own included. Default 256. */
	readonly valuesMax?: number;
	/** Derivations of all values together. Default 8,000. */
	readonly derivationsMax?: number;
	/** DAGs returned. Default 48. */
	readonly dagsMax?: number;
	/** What keeps a value out of the closure: that no output's expression has its own inside (default), or nothing. */
	readonly prune?: "expressions" | "none";
	/** Whether choices that only cost more or spell the same differently are left out. Default true. */
	readonly dominance?: boolean;
}

export interface AlgebraReport {
	/** Distinct values of the closure. */
	readonly values: number;
	/** Those from which an output can be computed. */
	readonly usefulValues: number;
	/** Candidates tried. */
	readonly queries: number;
	/** Ways to get the useful values, after dominance. */
	readonly derivations: number;
	/** Positions of the extraction. */
	readonly extractionStates: number;
	readonly dags: number;
	readonly closure: "complete" | "valueLimit";
	/** Whether all DAGs over the values and derivations are returned. */
	readonly extraction: "complete" | "dagLimit";
}

export interface DagEnumeration {
	/** Each once. The first is the program as written, equal values merged and dead ones gone; then by cost. */
	readonly dags: readonly Program[];
	readonly report: AlgebraReport;
}

const valuesMaxDefault = 256;
const derivationsMaxDefault = 8000;
const dagsMaxDefault = 48;
/** About a fifth of a second. */
const queriesMax = 10_000;
/** Of an expression: a transformer block has 5 and 25, and questions about much larger ones cost seconds and gigabytes. */
const monomialsMax = 32;
const factorsMax = 48;
/** Above so many DAGs, or states to find them, the best are sought instead of all. */
const allDagsMax = 2048;
const allStatesMax = 8000;
const bestStatesMax = 2500;

/**
 * Deterministic. Every DAG computes the program's outputs for all real inputs on which both are defined, up to the test of
 * `residues.ts`; order and rounding of sums differ. A program with more nodes than the closure may have values, more axes
 * than a mask holds or expressions above the limits, or whose denominators are zero for all inputs, comes back alone.
 */
export function enumerateDags(program: Program, limits: AlgebraLimits = {}): DagEnumeration {
	const valuesMax = limits.valuesMax ?? valuesMaxDefault;
	const isWithin =
		program.nodes.length <= Math.max(valuesMax, valuesMaxDefault) &&
		program.axes.length <= maskAxesMax &&
		hasSmallExpressions(program, monomialsMax, factorsMax);
	const own = isWithin ? valuesOfProgram(program) : null;
	if (own === null) return asWritten(program);
	const closed = closeValues(own, closureRules(program, own.table.values), {
		valuesMax,
		derivationsMax: limits.derivationsMax ?? derivationsMaxDefault,
		queriesMax,
		prunesByExpression: limits.prune !== "none",
	});
	assertWritten(own);
	const useful = usefulSpace(program, own);
	const space = limits.dominance === false ? useful : dominantSpace(useful);
	const dagsMax = Math.max(1, limits.dagsMax ?? dagsMaxDefault);
	const { dags, states, isComplete } = extract(space, own, dagsMax);
	return {
		dags: dags.map(({ dag }) => writeProgram(program, own, space, dag)),
		report: {
			values: own.table.values.length,
			usefulValues: useful.values.filter((value) => value !== null).length,
			queries: closed.queries,
			derivations: space.values.reduce((count, value) => count + (value?.choices.length ?? 0), 0),
			extractionStates: states,
			dags: dags.length,
			closure: closed.stop,
			extraction: isComplete ? "complete" : "dagLimit",
		},
	};
}

function asWritten(program: Program): DagEnumeration {
	const values = program.nodes.length;
	return {
		dags: [program],
		report: {
			values,
			usefulValues: values,
			queries: 0,
			derivations: values,
			extractionStates: 0,
			dags: 1,
			closure: "valueLimit",
			extraction: "dagLimit",
		},
	};
}

interface Extraction {
	readonly dags: readonly RatedDag[];
	readonly states: number;
	readonly isComplete: boolean;
}

function extract(space: DerivationSpace, own: ProgramValues, dagsMax: number): Extraction {
	const written = writtenDag(space, own);
	const all = enumerateAll(space, Math.max(allDagsMax, dagsMax), Math.max(allStatesMax, 8 * dagsMax));
	if (all.isComplete) {
		const rated = all.dags.flatMap((dag) => rateDag(space, dag) ?? []);
		const dags = selectDags(rated, written, dagsMax);
		return { dags, states: all.states, isComplete: dags.length === rated.length };
	}
	const best = enumerateBest(space, written, bestStatesMax);
	const dags = selectDags(best.found, written, dagsMax);
	return { dags, states: all.states + best.states, isComplete: false };
}

function writtenDag(space: DerivationSpace, { targets }: ProgramValues): Dag {
	const dag = emptyDag(space);
	const pending = [...targets];
	for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
		if (dag[id] !== -1) continue;
		const { choices } = spaceValueOf(space, id);
		dag[id] = choices.findIndex(({ isWritten }) => isWritten);
		pending.push(...present(choices[dag[id] ?? -1], "what the program does").derivation.operands);
	}
	return dag;
}

/** The written one, then by cost; where not all can stay, one of each structure before the second of any. */
function selectDags(found: readonly RatedDag[], written: Dag, dagsMax: number): RatedDag[] {
	const isWritten = ({ dag }: RatedDag): boolean => dag.every((choice, id) => choice === written[id]);
	const byCost = found.toSorted((a, b) => a.cost - b.cost);
	const first = present(byCost.find(isWritten), "the program as written among the DAGs");
	const others = byCost.filter((dag) => dag !== first);
	const structures = new Set([first.structure]);
	const fresh = others.filter(({ structure }) => !structures.has(structure) && structures.add(structure));
	const freshSet = new Set(fresh);
	const kept = new Set([...fresh, ...others.filter((dag) => !freshSet.has(dag))].slice(0, dagsMax - 1));
	return [first, ...others.filter((dag) => kept.has(dag))];
}
