// Decides whether a µGraph computes its program. In: both. Out: a verdict, and with "equal" the only `VerifiedMuGraph`s
// there are. Both run on random inputs over pairs of finite fields (Mirage, OSDI'25, section 5), tile by tile as the
// µGraph will be executed, at two small members of the family of extents (shrink.ts, small-extents.ts). Unlike Mirage's,
// inputs are uniform and independent, trials are as many as the stated error needs (error-bound.ts), and what a field does
// not know is an uninterpreted function. Three readings are tried, the one with the strongest statement first: everything
// but + - · ÷ uninterpreted; exp interpreted; exp, sigmoid, tanh and square roots interpreted. Where constants may be
// extents in disguise, each is tried again with these linked to the extents (link-constants.ts).

import { checkMuGraph } from "#shared/mugraph/check.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { FieldFragment } from "#shared/numeric/field-buffer.ts";
import { fieldPairs } from "#shared/numeric/field-pair.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import type { MapOperator, Program } from "#shared/program/program.ts";
import { faultOfSplits, splitAxes } from "#shared/program/split-axes.ts";
import { exponentialLanesMax, lanesAfter, probeLanes } from "./batch-lanes.ts";
import type { Certificate, Verdict } from "./certificate.ts";
import { batchErrorLog2, type DifferenceSizes, hasExponentials, worstSizes } from "./error-bound.ts";
import { sizeMuGraph, sizeProgram } from "./function-sizes.ts";
import { type ConstantReading, linkedReading, literalReading, shrinkPair } from "./readings.ts";
import { elementsOf, runBatch, type SmallPair } from "./run-batch.ts";
import { catalogueAccesses, compareAccesses } from "./shrink.ts";
import type { VerifiedMuGraph } from "./verified-mugraph.ts";

export interface VerifyOptions {
	/** Everything random follows from it. */
	readonly seed: number;
	/** A wrong µGraph may pass with at most this probability, as a base-2 logarithm. Default -60. */
	readonly errorProbabilityLog2?: number;
}

export type VerifyOutcome =
	| (Extract<Verdict, { kind: "equal" }> & { readonly verified: VerifiedMuGraph })
	| Exclude<Verdict, { kind: "equal" }>;

const errorProbabilityLog2Default = -60;
const batchesMax = 64;
/** Elements of all values of both sides times lanes: 128 MiB. */
const elementsMax = 2 ** 23;

/**
 * Whether the µGraph computes the outputs of the program (`whole`: before the µGraph's splits of axes). Never throws for a
 * wrong µGraph. A wrong one is taken for equal with at most the certificate's probability. Cost: trials × operations at the small extents; milliseconds as a rule.
 */
export function verifyMuGraph(muGraph: MuGraph, whole: Program, options: VerifyOptions): VerifyOutcome {
	const different = (reason: string, output = 0): VerifyOutcome => ({
		kind: "different",
		seed: options.seed,
		output,
		reason,
	});
	const cut = faultOfSplits(
		whole.axes.map(({ extent }) => extent),
		muGraph.splits,
	);
	if (cut !== null) return different(cut);
	const program = splitAxes(whole, muGraph.splits);
	const signature = compareSignatures(muGraph, program);
	if (signature !== null) return different(signature);
	const [fault] = checkMuGraph(muGraph);
	if (fault !== undefined) return different(`not well formed: ${fault}`);
	const catalogue = catalogueAccesses(program);
	const access = compareAccesses(muGraph, catalogue);
	if (access !== null) return different(access);
	let last: VerifyOutcome = { kind: "inconclusive", reason: "no reading of the program was tried" };
	for (const { fragment, reading, smalls } of readingsOf(muGraph, program)) {
		// Linked constants can only mend a difference.
		if (reading.links !== null && last.kind !== "different") continue;
		const result = testFragment(smalls, fragment, options);
		if (result.kind === "agreed")
			return accept(muGraph, {
				programDigest: canonicalProgramDigest(whole),
				muGraphDigest: muGraphDigest(muGraph),
				fieldPairs,
				seeds: [options.seed],
				shrunkExtents: reading.instances.map(({ extents }) => extents),
				linkedConstants: reading.links?.constants ?? [],
				...result.evidence,
			});
		last = result.kind === "differed" ? different(result.reason, outputOf(program, result.output)) : result;
	}
	return last;
}

/** Each reading of the operators with constants as they stand, then linked to extents where there is something to link. */
function* readingsOf(
	muGraph: MuGraph,
	program: Program,
): Generator<{
	readonly fragment: FieldFragment;
	readonly reading: ConstantReading;
	readonly smalls: readonly SmallPair[];
}> {
	const literal = literalReading(muGraph, program);
	const literalSmalls = shrinkPair(muGraph, program, literal);
	let linked: ConstantReading | null | undefined;
	for (const fragment of fragmentsOf(muGraph, program)) {
		yield { fragment, reading: literal, smalls: literalSmalls };
		if (linked === undefined) linked = linkedReading(muGraph, program);
		if (linked !== null) yield { fragment, reading: linked, smalls: shrinkPair(muGraph, program, linked) };
	}
}

/** A planned µGraph as a runner receives it. */
export interface PlannedEvidence {
	readonly digest: string;
	readonly muGraph: MuGraph;
	readonly certificate: Certificate;
}

/**
 * Verifies again a µGraph that came from elsewhere, on inputs that its certificate does not speak of, and that digests and
 * program are the ones it names.
 */
export function recheckPlanned(planned: PlannedEvidence, program: Program): VerifyOutcome {
	const seed = ((planned.certificate.seeds[0] ?? 0) + 1) >>> 0;
	const digest = muGraphDigestOf(planned.muGraph);
	if (digest !== planned.digest || digest !== planned.certificate.muGraphDigest)
		return {
			kind: "different",
			seed,
			output: 0,
			reason: `digest ${digest}, the plan says ${planned.digest}`,
		};
	const programDigest = canonicalProgramDigest(program);
	if (programDigest !== planned.certificate.programDigest)
		return {
			kind: "different",
			seed,
			output: 0,
			reason: `program ${programDigest}, certified for ${planned.certificate.programDigest}`,
		};
	return verifyMuGraph(planned.muGraph, program, { seed });
}

/** A digest even of what is not well formed: then none. */
function muGraphDigestOf(muGraph: MuGraph): string | null {
	return checkMuGraph(muGraph).length === 0 ? muGraphDigest(muGraph) : null;
}

/** The only place where the proof is made. */
function accept(muGraph: MuGraph, certificate: Certificate): VerifyOutcome {
	const evidence: Omit<VerifiedMuGraph, symbol> = { muGraph, digest: certificate.muGraphDigest, certificate };
	// The proof is a type without a value: nothing else can be cast to it, and this is what it stands for.
	const verified = evidence as VerifiedMuGraph;
	return { kind: "equal", certificate, verified };
}

function compareSignatures(muGraph: MuGraph, program: Program): string | null {
	const parts = (of: Pick<MuGraph, "axes" | "inputs" | "outputs">): string[] => [
		JSON.stringify(of.axes.map(({ extent }) => extent)),
		JSON.stringify(of.inputs.map(({ shape, dataType }) => [shape, dataType])),
		JSON.stringify(of.outputs.map(({ shape, dataType }) => [shape, dataType])),
	];
	const expected = parts(program);
	const found = parts(muGraph);
	const names = ["axes", "inputs", "outputs"];
	const at = names.findIndex((_, i) => expected[i] !== found[i]);
	return at < 0 ? null : `${names[at]} ${found[at]}, the program has ${expected[at]}`;
}

/** The program's output that a small output tensor is a piece of. */
function outputOf(program: Program, tensor: number): number {
	const keys = [...catalogueAccesses(program).outputs.keys()];
	const [output]: unknown[] = JSON.parse(keys[tensor] ?? "[0]");
	return typeof output === "number" ? output : 0;
}

/** Readings that can differ from the one before for these operators. */
function fragmentsOf(muGraph: MuGraph, program: Program): FieldFragment[] {
	const operators = new Set<MapOperator>();
	for (const node of program.nodes) if (node.kind === "map") operators.add(node.operator);
	for (const kernel of muGraph.kernels) {
		for (const node of kernel.nodes) {
			if (node.kind === "map") operators.add(node.operator);
			if (node.kind === "accumulate" && node.rescale !== null) operators.add("exp");
		}
	}
	const fragments: FieldFragment[] = ["rational"];
	if (operators.has("exp")) fragments.push("exponential");
	if (operators.has("sigmoid") || operators.has("tanh") || operators.has("sqrt")) fragments.push("full");
	return fragments;
}

type Evidence = Pick<
	Certificate,
	"trials" | "degree" | "exponentialTerms" | "uninterpreted" | "errorProbabilityLog2"
>;

type FragmentResult =
	| { readonly kind: "agreed"; readonly evidence: Evidence }
	| { readonly kind: "differed"; readonly output: number; readonly reason: string }
	| { readonly kind: "inconclusive"; readonly reason: string };

function testFragment(
	smalls: readonly SmallPair[],
	fragment: FieldFragment,
	options: VerifyOptions,
): FragmentResult {
	const uninterpreted = new Set<string>();
	let evidence: Omit<Evidence, "uninterpreted"> = {
		trials: 0,
		degree: 0,
		exponentialTerms: 0,
		errorProbabilityLog2: Number.NEGATIVE_INFINITY,
	};
	for (const [instance, small] of smalls.entries()) {
		const result = testInstance(small, instance, fragment, options, uninterpreted);
		if (result.kind !== "agreed") return result;
		const { sizes } = result;
		evidence = {
			trials: evidence.trials + result.lanes,
			degree: Math.max(evidence.degree, sizes.output.degree),
			exponentialTerms: Math.max(
				evidence.exponentialTerms,
				sizes.output.exponentials === 0 ? 0 : sizes.output.terms,
			),
			errorProbabilityLog2: Math.max(evidence.errorProbabilityLog2, result.errorLog2),
		};
	}
	return { kind: "agreed", evidence: { ...evidence, uninterpreted: [...uninterpreted].sort() } };
}

type InstanceResult =
	| {
			readonly kind: "agreed";
			readonly lanes: number;
			readonly errorLog2: number;
			readonly sizes: DifferenceSizes;
	  }
	| Exclude<FragmentResult, { kind: "agreed" }>;

/** Batches until the error is as small as asked; the first is small, to refuse quickly. */
function testInstance(
	small: SmallPair,
	instance: number,
	fragment: FieldFragment,
	options: VerifyOptions,
	uninterpreted: Set<string>,
): InstanceResult {
	const target = options.errorProbabilityLog2 ?? errorProbabilityLog2Default;
	const sizes = worstSizes(
		sizeProgram(small.program, fragment),
		sizeMuGraph(small.muGraph, small.tiles, fragment),
	);
	const mixesLanes = hasExponentials(sizes);
	const elements = elementsOf(small);
	const lanesMax = Math.min(elementsMax / elements, mixesLanes ? exponentialLanesMax : Infinity);
	if (lanesMax < probeLanes)
		return { kind: "inconclusive", reason: `${elements} elements, at most ${elementsMax / probeLanes}` };
	let errorLog2 = 0;
	let counted = 0;
	let lanes: number | null = probeLanes;
	for (let batch = 0; !(errorLog2 <= target); batch++) {
		if (lanes === null || batch >= batchesMax)
			return { kind: "inconclusive", reason: `error 2^${errorLog2.toFixed(1)} after ${counted} trials` };
		// Both pairs of fields are used: a coefficient may vanish modulo one prime.
		const pair = fieldPairs[(batch + instance) % 2 === 0 ? 0 : 1];
		const stream = 2 * batch + instance;
		const outcome = runBatch(
			small,
			{ pair, fragment, lanes, mixesLanes, seed: options.seed, batch: stream },
			uninterpreted,
		);
		if (outcome.kind === "differed")
			return { ...outcome, reason: `outputs differ in the ${fragment} reading, batch ${stream}` };
		const gain = outcome.kind === "agreed" ? batchErrorLog2(sizes, pair, outcome) : 0;
		if (outcome.kind === "agreed") counted += outcome.lanes;
		errorLog2 += gain;
		lanes = lanesAfter(lanes, gain, target - errorLog2, lanesMax);
	}
	return { kind: "agreed", lanes: counted, errorLog2, sizes };
}
