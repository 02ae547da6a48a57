// Are two models the same function? First on real numbers, where a difference is a counterexample; then over finite
// fields, where agreement is a proof up to a stated error. For any inputs, or else for those alone that operators of the
// models are defined for.

import type { Graph } from "#shared/graph/graph.ts";
import { describeDomain, type ValueDomain } from "#shared/graph/value-domain.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import {
	compareGraphs,
	type EquivalenceCertificate,
	type FieldWitness,
} from "#shared/verify/compare-graphs.ts";
import { type Counterexample, compareOnReals } from "./compare-on-reals.ts";
import {
	compareSignatures,
	type DeclaredDomains,
	matchInputs,
	type SharedInput,
	sharedDomains,
} from "./match-inputs.ts";

export interface ModelComparison {
	readonly verdict: "equal" | "different" | "inconclusive";
	readonly reason: string;
	/** What the verdict assumes of the inputs, as `0 <= target < 5`; it says nothing of others. */
	readonly given: readonly string[];
	/** Of a wrong `equal`; 1 where nothing was proven. */
	readonly errorProbabilityMax: number;
	readonly counterexample: Counterexample | null;
	/** Which operators the proof gave their meaning: rational, exponential, full; null without a proof. */
	readonly fragment: string | null;
	/** What the proof rests on; null without one. */
	readonly certificate: EquivalenceCertificate | null;
	/** Where a test over finite fields saw a difference; null when none did. */
	readonly witness: FieldWitness | null;
}

const realTrials = 4;
/**
 * Inputs are matched by name where one side has all of the other's names, else by position; outputs by position. What
 * operators demand of an input (`declared`) is assumed only where the models are not proven equal for all inputs.
 */
export function compareModels(
	left: Graph,
	right: Graph,
	seed: number,
	declared: DeclaredDomains = { left: [], right: [] },
): ModelComparison {
	if ([left, right].some(({ inputs }) => inputs.some(({ role }) => role === "foreign")))
		return judged("inconclusive", "operators were refused; `kiln analyze` names them");
	const inputs = matchInputs(left, right);
	if (inputs === null) return judged("different", `${left.inputs.length} and ${right.inputs.length} inputs`);
	const signature = compareSignatures(left, right, inputs);
	if (signature !== null) return judged("different", signature);
	const pair = { left, right, inputs, seed };
	const unconditional = compareWithin(
		pair,
		inputs.map(() => null),
	);
	const domains = sharedDomains(left, right, inputs, declared);
	if (unconditional.verdict === "equal" || domains.every((values) => values === null)) return unconditional;
	const given = domains.flatMap((values, at) =>
		values === null ? [] : [describeDomain({ input: inputs[at]?.value.name ?? "", values })],
	);
	if (domains.some((values) => values?.length === 0))
		return judged("inconclusive", "operators demand of an input what no number is");
	return { ...compareWithin(pair, domains), given };
}

interface ModelPair {
	readonly left: Graph;
	readonly right: Graph;
	readonly inputs: readonly SharedInput[];
	readonly seed: number;
}

/** Inputs are any, or among the numbers of their domain. */
function compareWithin(pair: ModelPair, domains: readonly (ValueDomain | null)[]): ModelComparison {
	const { left, right, inputs, seed } = pair;
	for (let trial = 0; trial < realTrials; trial++) {
		const outcome = compareOnReals(left, right, inputs, domains, seed + trial);
		if (outcome?.kind === "stopped") return judged("inconclusive", outcome.reason);
		if (outcome === null) continue;
		const { counterexample } = outcome;
		const reason = `output '${counterexample.output}' differs on random inputs`;
		return { ...judged("different", reason), counterexample };
	}
	return proveEqual(pair, domains);
}

/** Over the graphs as they are. */
function proveEqual(
	{ left, right, inputs, seed }: ModelPair,
	domains: readonly (ValueDomain | null)[],
): ModelComparison {
	const tensorElements = inputs.map(({ value }) => elementCount(value.shape));
	const proof = compareGraphs(
		{ graph: left, inputs: inputs.map((input) => input.left) },
		{ graph: right, inputs: inputs.map((input) => input.right) },
		{ seed, tensorElements, domains },
	);
	if (proof.kind === "equal") {
		const { certificate } = proof;
		const { fragment, errorProbabilityLog2 } = certificate;
		return {
			...judged("equal", "agrees over finite fields"),
			errorProbabilityMax: 2 ** errorProbabilityLog2,
			fragment,
			certificate,
		};
	}
	if (proof.kind === "different") {
		const { witness } = proof;
		const reason = `output ${witness.output} element ${witness.index} differs over finite fields; on ${realTrials} random inputs by no more than rounding`;
		return { ...judged("different", reason), witness };
	}
	const reason = `agrees on ${realTrials} random inputs; ${proof.reason}`;
	return { ...judged("inconclusive", reason), witness: proof.witness };
}

function judged(verdict: ModelComparison["verdict"], reason: string): ModelComparison {
	return {
		verdict,
		reason,
		given: [],
		errorProbabilityMax: 1,
		counterexample: null,
		fragment: null,
		certificate: null,
		witness: null,
	};
}
