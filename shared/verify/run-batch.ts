import { present } from "#shared/fault/assert.ts";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import type { Arithmetic } from "#shared/numeric/arithmetic.ts";
import { createFieldArithmetic } from "#shared/numeric/field-arithmetic.ts";
import {
	type FieldBuffer,
	type FieldFragment,
	type FieldTrials,
	randomField,
} from "#shared/numeric/field-buffer.ts";
import type { FieldPair } from "#shared/numeric/field-pair.ts";
import { findIntegerRelations } from "#shared/numeric/integer-relations.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import { interpretProgram } from "#shared/program/interpret.ts";
import type { AxisId, Program } from "#shared/program/program.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { AgreedBatch, ExponentStructure } from "./error-bound.ts";

/** A program and a µGraph over the same small extents and independent tensors. */
export interface SmallPair {
	readonly program: Program;
	readonly muGraph: MuGraph;
	readonly tiles: readonly KernelTiles[];
}

/** Elements of all values of both. */
export function elementsOf({ program, muGraph }: SmallPair): number {
	const nodes = [...program.nodes, ...muGraph.kernels.flatMap((kernel) => kernel.nodes)];
	const countOf = (axes: readonly AxisId[]): number =>
		axes.reduce((count, axis) => count * present(program.axes[axis], "axis").extent, 1);
	return nodes.reduce((sum, { axes }) => sum + countOf(axes), 0);
}

/** Two functions of the same independent tensors. */
export interface BatchSides {
	/** Elements of each input. */
	readonly inputElements: readonly number[];
	readonly expected: BatchSide;
	readonly found: BatchSide;
}

type BatchSide = (
	inputs: readonly FieldBuffer[],
	arithmetic: Arithmetic<FieldBuffer>,
	trials: FieldTrials,
) => readonly FieldBuffer[];

export interface BatchOptions {
	readonly pair: FieldPair;
	readonly fragment: FieldFragment;
	readonly lanes: number;
	/** Whether few lanes are compared, since exponentials come up and each of them mixes all lanes. */
	readonly mixesLanes: boolean;
	readonly seed: number;
	/** Batches of one seed draw from different streams. */
	readonly batch: number;
}

export type BatchOutcome =
	/** `lanes` is how many counted; the others had a zero denominator or a radicand without a root. */
	| ({ readonly kind: "agreed" } & AgreedBatch)
	| { readonly kind: "differed"; readonly output: number; readonly index: number }
	/** No lane could be counted. */
	| { readonly kind: "spoiled" };

/** Lanes compared where exponentials mix all lanes: each proves 2^-10 or better, as a rule. */
const comparedMax = 16;
/** Lanes that must confirm what the others say of exponents. */
const confirmationsMin = 4;
/** An integer above this makes no useful bound. */
const exponentWeightMax = 4096;
/** Rounds in which failed lanes are masked and the batch is run again. */
const roundsMax = 8;

/** One batch of random trials of a program against a µGraph. */
export function runBatch(small: SmallPair, options: BatchOptions, uninterpreted: Set<string>): BatchOutcome {
	const { program, muGraph, tiles } = small;
	const sides: BatchSides = {
		inputElements: program.inputs.map(({ shape }) => elementCount(shape)),
		expected: (inputs, arithmetic) => interpretProgram(program, inputs, arithmetic),
		found: (inputs, arithmetic) => interpretMuGraph(muGraph, inputs, tiles, arithmetic),
	};
	return runTrials(sides, options, uninterpreted);
}

/**
 * One batch of random trials. Inputs are uniform and independent in both fields, for every tensor, element and lane. Lanes
 * that fail are left out and the rest is run again, since uninterpreted functions see all counted lanes together.
 * Adds the names of uninterpreted operators to `uninterpreted`.
 */
export function runTrials(
	sides: BatchSides,
	options: BatchOptions,
	uninterpreted: Set<string>,
): BatchOutcome {
	const masked = new Uint8Array(options.lanes);
	for (let round = 0; round < roundsMax; round++) {
		const trials = drawTrials(options, masked, uninterpreted);
		const random = createRandom(options.seed, 2 * options.batch + 1);
		const inputs = sides.inputElements.map((elements) => randomField(trials, elements, random));
		const arithmetic = createFieldArithmetic(trials);
		const expected = sides.expected(inputs, arithmetic, trials);
		const found = sides.found(inputs, arithmetic, trials);
		if (!hasNewFailure(trials, masked)) return compareOutputs(expected, found, trials);
		trials.failed.forEach((failed, lane) => {
			if (failed === 1) masked[lane] = 1;
		});
		if (masked.every((lane) => lane === 1)) break;
	}
	return { kind: "spoiled" };
}

function drawTrials(options: BatchOptions, masked: Uint8Array, uninterpreted: Set<string>): FieldTrials {
	const { pair, fragment, lanes, mixesLanes, seed, batch } = options;
	const random = createRandom(seed, 2 * batch);
	const compared = chooseCompared(masked, mixesLanes);
	let mixing: Float64Array | null = null;
	return {
		pair,
		fragment,
		lanes,
		keys: [random.nextUint32() | 0, random.nextUint32() | 0],
		mixing: () => {
			mixing ??= drawMixing(masked, compared, pair.q, random);
			return mixing;
		},
		compared,
		exponents: new Map(),
		radicands: new Set(),
		masked,
		failed: new Uint8Array(lanes),
		uninterpreted,
		evaluations: { count: 0 },
	};
}

/** All lanes that count, or the first few of them. */
function chooseCompared(masked: Uint8Array, isFew: boolean): Uint8Array {
	let left = isFew ? comparedMax : masked.length;
	return masked.map((isMasked) => (isMasked === 0 && left-- > 0 ? 1 : 0));
}

/** Uniform; nothing from lanes that are left out. */
function drawMixing(masked: Uint8Array, compared: Uint8Array, q: number, random: Random): Float64Array {
	const lanes = masked.length;
	const rows = countOf(compared);
	return new Float64Array(rows * lanes).map((_, at) => (masked[at % lanes] === 1 ? 0 : random.nextBelow(q)));
}

const countOf = (flags: Uint8Array): number => flags.reduce((count, flag) => count + flag, 0);

/** Rank and weights of the exponents that came up; null when there are too many, or large weights, for the lanes. */
function structureOf({ exponents, pair }: FieldTrials, lanes: number): ExponentStructure | null {
	if (exponents.size === 0 || lanes <= confirmationsMin) return null;
	const rankMax = lanes - confirmationsMin;
	const relations = findIntegerRelations([...exponents.values()], pair.q, rankMax, exponentWeightMax);
	if (relations === null || lanes - relations.pivotsEnd < confirmationsMin) return null;
	return {
		count: exponents.size,
		rank: relations.rank,
		weight: relations.weight,
		confirmations: lanes - relations.pivotsEnd,
	};
}

function hasNewFailure(trials: FieldTrials, masked: Uint8Array): boolean {
	return trials.failed.some((failed, lane) => failed === 1 && masked[lane] !== 1);
}

/** Both components are compared where both sides have them. */
function compareOutputs(
	expected: readonly FieldBuffer[],
	found: readonly FieldBuffer[],
	trials: FieldTrials,
): BatchOutcome {
	const { lanes, masked, compared } = trials;
	for (const [output, buffer] of expected.entries()) {
		const other = present(found[output], "output of the other side");
		for (let at = 0; at < buffer.outside.length; at++) {
			if (masked[at % lanes] === 1) continue;
			const inside = buffer.inside[at] as number;
			const otherInside = other.inside[at] as number;
			const isBoth = !Number.isNaN(inside) && !Number.isNaN(otherInside);
			const isOutside = compared[at % lanes] === 1 && buffer.outside[at] !== other.outside[at];
			if (isOutside || (isBoth && inside !== otherInside))
				return { kind: "differed", output, index: Math.floor(at / lanes) };
		}
	}
	const exponents = structureOf(trials, lanes - countOf(masked));
	return {
		kind: "agreed",
		lanes: countOf(compared),
		evaluations: trials.evaluations.count,
		radicands: trials.radicands.size,
		exponents,
	};
}
