// Decides whether two programs are the same function of the same tensors, at their real extents. In: two programs and what
// their inputs are. Out: equal with a bound, or inconclusive. The test is that of verify.ts: random inputs over pairs of
// finite fields, and three readings of the operators, the one with the strongest statement first.

import { present } from "#shared/fault/assert.ts";
import type { Arithmetic } from "#shared/numeric/arithmetic.ts";
import type { FieldBuffer, FieldFragment } from "#shared/numeric/field-buffer.ts";
import { dyadicModulo, type FieldPair, fieldPairs } from "#shared/numeric/field-pair.ts";
import { interpretProgram } from "#shared/program/interpret.ts";
import type { Program, ProgramNode } from "#shared/program/program.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { batchErrorLog2, type DifferenceSizes, worstSizes } from "./error-bound.ts";
import { sizeProgram } from "./function-sizes.ts";
import { type BatchSides, runTrials } from "./run-batch.ts";

/** What a program's input is: one of the tensors that both sides are given, or known values. */
export type ProgramBinding =
	| { readonly kind: "tensor"; readonly index: number }
	| { readonly kind: "values"; readonly values: Float64Array };

export interface BoundProgram {
	readonly program: Program;
	/** One for each of `program.inputs`. */
	readonly bindings: readonly ProgramBinding[];
}

export interface CompareOptions {
	readonly seed: number;
	/** Elements of each tensor that both sides are given. */
	readonly tensorElements: readonly number[];
	/** Default -60. */
	readonly errorProbabilityLog2?: number;
}

export type ProgramComparison =
	| { readonly kind: "equal"; readonly fragment: FieldFragment; readonly errorProbabilityLog2: number }
	| { readonly kind: "inconclusive"; readonly reason: string };

const errorProbabilityLog2Default = -60;
const fragments: readonly FieldFragment[] = ["rational", "exponential", "full"];
const lanes = 16;
const batchesMax = 24;
/** Operations times lanes of one batch: about ten seconds. */
const operationsMax = 2e8;

/**
 * Whether both sides compute the same outputs, one by one. Different functions are taken for equal with at most the stated
 * probability. A difference that shows under uninterpreted operators may be an identity that no reading knows: it is
 * `inconclusive`, and a counterexample has to come from real numbers.
 */
export function comparePrograms(
	left: BoundProgram,
	right: BoundProgram,
	options: CompareOptions,
): ProgramComparison {
	const operations = operationsOf(left.program) + operationsOf(right.program);
	if (operations * lanes > operationsMax)
		return { kind: "inconclusive", reason: `${operations} operations: more than a field test takes in` };
	let last: ProgramComparison = { kind: "inconclusive", reason: "no reading was tried" };
	for (const fragment of fragments) {
		last = compareInFragment(left, right, fragment, options);
		if (last.kind === "equal") return last;
	}
	return last;
}

function compareInFragment(
	left: BoundProgram,
	right: BoundProgram,
	fragment: FieldFragment,
	options: CompareOptions,
): ProgramComparison {
	const target = options.errorProbabilityLog2 ?? errorProbabilityLog2Default;
	const sizes: DifferenceSizes = worstSizes(
		sizeProgram(left.program, fragment),
		sizeProgram(right.program, fragment),
	);
	const uninterpreted = new Set<string>();
	let errorLog2 = 0;
	for (let batch = 0; batch < batchesMax; batch++) {
		const pair = fieldPairs[batch % 2 === 0 ? 0 : 1];
		const outcome = runTrials(
			sidesOver(left, right, pair, options.tensorElements),
			{ pair, fragment, lanes, seed: options.seed, batch },
			uninterpreted,
		);
		if (outcome.kind === "differed")
			return { kind: "inconclusive", reason: `output ${outcome.output} differs in the ${fragment} reading` };
		if (outcome.kind === "spoiled") continue;
		errorLog2 += batchErrorLog2(sizes, pair, outcome);
		if (errorLog2 <= target) return { kind: "equal", fragment, errorProbabilityLog2: errorLog2 };
	}
	return {
		kind: "inconclusive",
		reason: `error 2^${errorLog2.toFixed(1)} after ${batchesMax * lanes} trials`,
	};
}

function sidesOver(
	left: BoundProgram,
	right: BoundProgram,
	pair: FieldPair,
	tensorElements: readonly number[],
): BatchSides {
	const run =
		({ program, bindings }: BoundProgram) =>
		(tensors: readonly FieldBuffer[], arithmetic: Arithmetic<FieldBuffer>): readonly FieldBuffer[] => {
			const inputs = bindings.map((binding) =>
				binding.kind === "tensor"
					? present(tensors[binding.index], "a tensor that both sides are given")
					: constantField(binding.values, pair),
			);
			return interpretProgram(program, inputs, arithmetic);
		};
	return { inputElements: tensorElements, expected: run(left), found: run(right) };
}

/** Known values are exact dyadic rationals, in every lane the same. */
function constantField(values: Float64Array, { p, q }: FieldPair): FieldBuffer {
	const buffer = {
		outside: new Float64Array(values.length * lanes),
		inside: new Float64Array(values.length * lanes),
	};
	values.forEach((value, element) => {
		buffer.outside.fill(dyadicModulo(value, p), element * lanes, (element + 1) * lanes);
		buffer.inside.fill(dyadicModulo(value, q), element * lanes, (element + 1) * lanes);
	});
	return { ...buffer, bag: null };
}

/** Scalar operations of a run at the real extents. */
function operationsOf(program: Program): number {
	const extentOf = (axis: number): number => present(program.axes[axis], "axis of the program").extent;
	const ofNode = (node: ProgramNode): number => {
		const over = node.kind === "reduce" || node.kind === "contract" ? node.over : [];
		return elementCount([...node.axes, ...over].map(extentOf));
	};
	return program.nodes.reduce((sum, node) => sum + ofNode(node), 0);
}
