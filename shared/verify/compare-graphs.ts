// Decides whether two graphs are the same function of the same tensors, at their real extents. In: two graphs and what
// their inputs are. Out: equal with a certificate, different with a witness, or inconclusive. The test is that of
// verify.ts: random inputs over pairs of finite fields, and three readings of the operators, the one with the strongest
// statement first.

import { present } from "#shared/fault/assert.ts";
import { type Graph, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import type { ValueDomain } from "#shared/graph/value-domain.ts";
import type { FieldBuffer, FieldFragment, FieldTrials } from "#shared/numeric/field-buffer.ts";
import { fieldPairs } from "#shared/numeric/field-pair.ts";
import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { readElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { exponentialLanesMax, lanesAfter } from "./batch-lanes.ts";
import type { Certificate } from "./certificate.ts";
import { batchErrorLog2, type DifferenceSizes, hasExponentials, worstSizes } from "./error-bound.ts";
import { choiceVariables, writeChoices } from "./field-choice.ts";
import { createFieldFacts } from "./field-facts.ts";
import type { FieldRun } from "./field-tensor.ts";
import { sizeGraph } from "./graph-sizes.ts";
import { interpretGraphInFields, neededNodes } from "./interpret-graph-in-fields.ts";
import { type BatchSides, runTrials } from "./run-batch.ts";

export interface BoundGraph {
	readonly graph: Graph;
	/** For each tensor that both sides are given the graph's input that it is; null where the side does not use it. */
	readonly inputs: readonly (ValueId | null)[];
}

export interface CompareGraphsOptions {
	readonly seed: number;
	/** Elements of each tensor that both sides are given. */
	readonly tensorElements: readonly number[];
	/** For each tensor the numbers that its elements are among, or null where they are any. Default: any in all. */
	readonly domains?: readonly (ValueDomain | null)[];
	/** Default -60. */
	readonly errorProbabilityLog2?: number;
}

/** As a µGraph's certificate; both sides are whole models at their own extents. */
export interface EquivalenceCertificate
	extends Pick<
		Certificate,
		| "fieldPairs"
		| "seeds"
		| "trials"
		| "degree"
		| "exponentialTerms"
		| "uninterpreted"
		| "errorProbabilityLog2"
	> {
	readonly fragment: FieldFragment;
	/** `ideal`: float constants were read as the fractions and roots that they are rounded from (ideal-constant.ts). */
	readonly constants: "exact" | "ideal";
	/** Numbers that the elements of a tensor were taken to be among; the others are any. */
	readonly domains: readonly { readonly tensor: number; readonly values: ValueDomain }[];
}

/** Where two sides differ: an element of an output, under the inputs that follow from the seed. */
export interface FieldWitness {
	readonly seed: number;
	readonly output: number;
	/** Row-major position in the output. */
	readonly index: number;
	readonly fragment: FieldFragment;
	readonly batch: number;
}

export type GraphComparison =
	| { readonly kind: "equal"; readonly certificate: EquivalenceCertificate }
	/** No operator was uninterpreted and no constant rounded: as exact functions they differ. */
	| { readonly kind: "different"; readonly witness: FieldWitness }
	| { readonly kind: "inconclusive"; readonly reason: string; readonly witness: FieldWitness | null };

const errorProbabilityLog2Default = -60;
const fragments: readonly FieldFragment[] = ["rational", "exponential", "full"];
/** Few suffice where no exponential is interpreted: each lane is wrong with the degree over 2^25. */
const lanesOfFragment: Readonly<Record<FieldFragment, number>> = { rational: 4, exponential: 16, full: 16 };
const batchesMax = 24;
/** Both pairs of fields are used at the least: a coefficient may vanish modulo one prime. */
const batchesMin = 2;
/** Operations times lanes of one batch: about ten seconds. */
const operationsMax = 1e8;
/** Elements of all values times lanes: 1 GiB. */
const elementsMax = 2 ** 26;

/**
 * Whether both sides compute the same outputs, one by one, over the reals: rounding and the wrap-around of integers are no
 * differences. Different functions are taken for equal with at most the stated probability.
 */
export function compareGraphs(
	left: BoundGraph,
	right: BoundGraph,
	options: CompareGraphsOptions,
): GraphComparison {
	const cases = Math.max(1, ...(options.domains ?? []).map((values) => values?.length ?? 1));
	const tooLarge = excessOf(left.graph, cases) ?? excessOf(right.graph, cases);
	if (tooLarge !== null) return { kind: "inconclusive", reason: tooLarge, witness: null };
	let last: GraphComparison = { kind: "inconclusive", reason: "no reading was tried", witness: null };
	for (const constants of ["exact", "ideal"] as const) {
		for (const fragment of fragmentsOf(left.graph, right.graph)) {
			last = compareInFragment(left, right, { fragment, constants }, options);
			if (last.kind !== "inconclusive") return last;
		}
		if ([left, right].every(({ graph }) => hasExactConstants(graph))) break;
	}
	return last;
}

/** Readings that can differ from the one before for these operators. */
function fragmentsOf(...graphs: readonly Graph[]): readonly FieldFragment[] {
	const operators = new Set(
		graphs.flatMap(({ nodes }) => nodes.flatMap((node) => ("operator" in node ? [node.operator] : []))),
	);
	const has = (...names: readonly Parameters<typeof operators.has>[0][]): boolean =>
		names.some((name) => operators.has(name));
	return fragments.filter((fragment) => {
		if (fragment === "rational") return true;
		return fragment === "exponential" ? has("exp") : has("sigmoid", "tanh", "sqrt", "power");
	});
}

type Reading = Pick<EquivalenceCertificate, "fragment" | "constants">;

function compareInFragment(
	left: BoundGraph,
	right: BoundGraph,
	{ fragment, constants }: Reading,
	options: CompareGraphsOptions,
): GraphComparison {
	const { seed } = options;
	const target = options.errorProbabilityLog2 ?? errorProbabilityLog2Default;
	const domains = options.domains ?? [];
	const hasChoice = domains.some((values) => values !== null);
	const sizes = worstSizes(
		sizesOf(left.graph, fragment, hasChoice),
		sizesOf(right.graph, fragment, hasChoice),
	);
	const uninterpreted = new Set<string>();
	const mixesLanes = hasExponentials(sizes);
	const lanesMax = Math.min(lanesWithin(left.graph), lanesWithin(right.graph), exponentialLanesMax);
	let lanes = lanesOfFragment[fragment];
	let errorLog2 = 0;
	let trials = 0;
	for (let batch = 0; batch < batchesMax; batch++) {
		const pair = fieldPairs[batch % 2 === 0 ? 0 : 1];
		const sides = sidesOver(left, right, options, constants === "ideal");
		const outcome = runTrials(sides, { pair, fragment, lanes, mixesLanes, seed, batch }, uninterpreted);
		if (outcome.kind === "differed") {
			const { output, index } = outcome;
			const readsBools = hasChoice || [left, right].some(({ graph }) => hasBoolInput(graph));
			const witness = { seed, output, index, fragment, batch };
			return judgeDifference(left, right, { uninterpreted, readsBools }, witness);
		}
		const gain = outcome.kind === "agreed" ? batchErrorLog2(sizes, pair, outcome) : 0;
		if (outcome.kind === "agreed") trials += outcome.lanes;
		errorLog2 += gain;
		if (errorLog2 <= target && batch + 1 >= batchesMin) {
			const certificate = certify(sizes, {
				seed,
				trials,
				uninterpreted,
				errorLog2,
				fragment,
				constants,
				domains,
			});
			return { kind: "equal", certificate };
		}
		lanes = lanesAfter(lanes, gain, target - errorLog2, lanesMax) ?? lanes;
	}
	const reason = `agrees in ${trials} trials, which leaves an error of 2^${errorLog2.toFixed(1)}: degrees are too high`;
	return { kind: "inconclusive", reason, witness: null };
}

function sizesOf(graph: Graph, fragment: FieldFragment, hasChoice: boolean) {
	return sizeGraph(graph, neededNodes(graph), fragment, hasChoice);
}

function certify(
	sizes: DifferenceSizes,
	found: {
		readonly seed: number;
		readonly trials: number;
		readonly uninterpreted: ReadonlySet<string>;
		readonly errorLog2: number;
		readonly domains: readonly (ValueDomain | null)[];
	} & Reading,
): EquivalenceCertificate {
	return {
		fragment: found.fragment,
		constants: found.constants,
		domains: found.domains.flatMap((values, tensor) => (values === null ? [] : [{ tensor, values }])),
		fieldPairs,
		seeds: [found.seed],
		trials: found.trials,
		degree: sizes.output.degree,
		exponentialTerms: sizes.output.exponentials === 0 ? 0 : sizes.output.terms,
		uninterpreted: [...found.uninterpreted].sort(),
		errorProbabilityLog2: found.errorLog2,
	};
}

/** What a reading leaves free, so that a difference in it need not be one of the models. */
interface Freedoms {
	readonly uninterpreted: ReadonlySet<string>;
	readonly readsBools: boolean;
}

function judgeDifference(
	left: BoundGraph,
	right: BoundGraph,
	{ uninterpreted, readsBools }: Freedoms,
	witness: FieldWitness,
): GraphComparison {
	const { output, index, fragment } = witness;
	const isExact =
		uninterpreted.size === 0 && !readsBools && [left, right].every(({ graph }) => hasExactConstants(graph));
	if (isExact) return { kind: "different", witness };
	const cause =
		uninterpreted.size > 0
			? `with ${[...uninterpreted].sort().join(", ")} as uninterpreted functions`
			: readsBools
				? "with bools of inputs as variables that may be any number"
				: "with its constants taken for exact, which may be rounded ones";
	const reason = `output ${output} element ${index} differs in the ${fragment} reading, ${cause}`;
	return { kind: "inconclusive", reason, witness };
}

function hasBoolInput({ inputs, values }: Graph): boolean {
	return inputs.some(({ value }) => values[value]?.dataType === "bool");
}

/** Constants of few significant bits are what the author wrote; others may have been rounded. About half a type's bits. */
const exactBits: Partial<Readonly<Record<DataType, number>>> = { float16: 6, bfloat16: 4 };
const exactBitsDefault = 12;

function hasExactConstants(graph: Graph): boolean {
	const used = new Set(graph.nodes.flatMap(nodeOperands));
	for (const [id, constant] of graph.constants) {
		if (!used.has(id) || !isFloat(constant.dataType)) continue;
		const bits = exactBits[constant.dataType] ?? exactBitsDefault;
		for (const value of readElements(constant)) {
			if (!Number.isFinite(value)) continue;
			const scaled = value === 0 ? 0 : Math.abs(value) / 2 ** Math.floor(Math.log2(Math.abs(value)));
			if (!Number.isInteger(scaled * 2 ** bits)) return false;
		}
	}
	return true;
}

function sidesOver(
	left: BoundGraph,
	right: BoundGraph,
	{ tensorElements, domains = [] }: CompareGraphsOptions,
	readsIdealConstants: boolean,
): BatchSides {
	// Both sides of a round share what it has learnt, and the tensors.
	let current: { readonly run: FieldRun; readonly given: readonly FieldBuffer[] } | null = null;
	const begin = (drawn: readonly FieldBuffer[], trials: FieldTrials) => {
		if (current?.run.trials === trials) return current;
		const run: FieldRun = { trials, facts: createFieldFacts(trials), readsIdealConstants };
		const given = drawn.map((buffer, at) => {
			const values = domains[at] ?? null;
			return values === null ? buffer : writeChoices(run, values, tensorElements[at] ?? 0, buffer);
		});
		current = { run, given };
		return current;
	};
	const runSide =
		({ graph, inputs }: BoundGraph) =>
		(drawn: readonly FieldBuffer[], _: unknown, trials: FieldTrials): readonly FieldBuffer[] => {
			const { run, given } = begin(drawn, trials);
			const bound = inputs.flatMap((id, at) =>
				id === null ? [] : [[id, present(given[at], "a tensor that both sides are given")] as const],
			);
			return interpretGraphInFields(graph, new Map(bound), run);
		};
	const inputElements = tensorElements.map((elements, at) => {
		const values = domains[at] ?? null;
		return values === null ? elements : elements * choiceVariables(values);
	});
	return { inputElements, expected: runSide(left), found: runSide(right) };
}

/** Why the graph is more than a field test takes in, or null. A choice computes every case. */
function excessOf(graph: Graph, cases: number): string | null {
	const lanes = lanesOfFragment.rational * cases;
	const { operations, elements } = costOf(graph);
	if (operations * lanes > operationsMax)
		return `too large: ${operations} operations, at most ${operationsMax / lanes}`;
	if (elements * lanes > elementsMax)
		return `too large: ${elements} elements, at most ${elementsMax / lanes}`;
	return null;
}

/** Lanes to which batches may grow: a tenth of the limit on one, as there will be many. */
function lanesWithin(graph: Graph): number {
	const { operations, elements } = costOf(graph);
	return Math.min(operationsMax / 10 / operations, elementsMax / elements);
}

/** Of one trial. */
function costOf(graph: Graph): { readonly operations: number; readonly elements: number } {
	let operations = 0;
	let elements = 0;
	for (const node of neededNodes(graph)) {
		const shapes = [...nodeOperands(node), node.output].map((id) => graph.values[id]?.shape ?? []);
		const counts = shapes.map(elementCount);
		elements += counts.at(-1) ?? 0;
		operations +=
			node.kind === "matmul" ? (counts.at(-1) ?? 0) * (shapes[0]?.at(-1) ?? 1) : Math.max(...counts);
	}
	for (const constant of graph.constants.values()) elements += elementCount(constant.shape);
	return { operations, elements };
}
