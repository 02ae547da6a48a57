// Integer inputs of which it is known that they are one of few numbers: what is proven of functions of them.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { classDomain, describeDomain, intersectDomains } from "#shared/graph/value-domain.ts";
import { createRandom } from "#shared/numeric/random.ts";
import type { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { compareGraphs, type GraphComparison } from "#shared/verify/compare-graphs.ts";
import { tensorGraph } from "#test/support/tensor-graph.ts";

const rows = 2;
const classes = 3;
const freshSeed = Number(process.env.TEST_SEED);

interface Scores {
	readonly b: GraphBuilder;
	/** float32 [rows, classes]. */
	readonly scores: ValueId;
	/** float32 [classes]. */
	readonly weights: ValueId;
	/** int64 [rows]. */
	readonly target: ValueId;
}
type Formula = (given: Scores) => ValueId;

function graphOf(formula: Formula): Graph {
	return tensorGraph((b) => {
		const scores = b.input("scores", "float32", [rows, classes], "activation");
		const weights = b.input("weights", "float32", [classes], "activation");
		const target = b.input("target", "int64", [rows], "activation");
		return [formula({ b, scores, weights, target })];
	});
}

function compare(
	left: Formula,
	right: Formula,
	values: readonly number[] | null,
	seed: number,
): GraphComparison {
	const [one, other] = [graphOf(left), graphOf(right)].map((graph) => ({
		graph,
		inputs: graph.inputs.map(({ value }) => value),
	}));
	if (one === undefined || other === undefined) throw new Error("two graphs");
	const tensorElements = [rows * classes, classes, rows];
	return compareGraphs(one, other, { seed, tensorElements, domains: [null, null, values] });
}

const whole = (b: GraphBuilder, value: number): ValueId => b.scalar(value, "int64");
const zero = (b: GraphBuilder): ValueId => b.scalar(0, "float32");
const column: Formula = ({ b, target }) => b.reshape(target, [rows, 1]);

/** The score of the target's class, found by comparison with each class, plus `shift`. */
const compared =
	(shift = 0): Formula =>
	(given) => {
		const { b, scores } = given;
		const all = b.constant(
			writeElements(
				"int64",
				[classes],
				[0, 1, 2].map((index) => index + shift),
			),
		);
		return b.reduce("sum", b.select(b.binary("equal", column(given), all), scores, zero(b)), [1], false);
	};
/** The same by a gather. */
const gathered: Formula = (given) =>
	given.b.reshape(given.b.gatherElements(given.scores, column(given), 1), [rows]);
const isIgnored =
	(ignored: number): Formula =>
	({ b, target }) =>
		b.binary("equal", target, whole(b, ignored));
/** 0 where the target is ignored; gathered by class 0 there. */
const gatheredUnless =
	(ignored: number): Formula =>
	(given) => {
		const { b, target, scores } = given;
		const mask = isIgnored(ignored)(given);
		const index = b.reshape(b.select(mask, b.binary("subtract", target, target), target), [rows, 1]);
		const picked = b.reshape(b.gatherElements(scores, index, 1), [rows]);
		return b.select(mask, zero(b), picked);
	};
const weighted =
	(loss: Formula, weightOf: Formula): Formula =>
	(given) => {
		const { b } = given;
		const weight = weightOf(given);
		const sum = b.reduce("sum", b.binary("multiply", loss(given), weight), [0], false);
		return b.binary("divide", sum, b.reduce("sum", weight, [0], false));
	};
const weightCompared: Formula = (given) => {
	const { b, weights } = given;
	const isTarget = b.binary("equal", column(given), b.positions(classes));
	return b.reduce("sum", b.select(isTarget, weights, zero(b)), [1], false);
};
const weightGathered: Formula = ({ b, weights, target }) => b.gather(weights, target, 0);

const inClasses = classDomain(classes, null);
const equal: readonly (readonly [string, Formula, Formula, readonly number[]])[] = [
	["a class found by comparison and by a gather", compared(), gathered, inClasses],
	["an ignored class beside the others", compared(), gatheredUnless(-1), classDomain(classes, -1)],
	["an ignored class behind the others", compared(), gatheredUnless(7), classDomain(classes, 7)],
	["a weighted mean", weighted(compared(), weightCompared), weighted(gathered, weightGathered), inClasses],
	[
		"a target that is known",
		compared(),
		({ b, scores }) => b.reshape(b.slice(scores, [0, 1], [rows, 1], [1, 1]), [rows]),
		[1],
	],
	[
		"a target among two classes, by one bool",
		compared(),
		(given) => {
			const { b, scores } = given;
			const of = (index: number) => b.reshape(b.slice(scores, [0, index], [rows, 1], [1, 1]), [rows]);
			return b.select(isIgnored(2)(given), of(2), of(0));
		},
		[0, 2],
	],
	["negative indices count from the end", gathered, compared(-3), [-3, -2, -1]],
];

const different: readonly (readonly [string, Formula, Formula, readonly number[] | null])[] = [
	["a gather by any integer", compared(), gathered, null],
	["the next class", compared(1), gathered, inClasses],
	["an ignored class that is not ignored", compared(), gatheredUnless(1), inClasses],
	["an ignored class that counts from the end", compared(), gathered, classDomain(classes, -1)],
	["a class outside", compared(), gathered, classDomain(classes, 7)],
	[
		"a mean without weights",
		weighted(compared(), weightCompared),
		weighted(gathered, ({ b }) => b.constant(writeElements("float32", [rows], [1, 1]))),
		inClasses,
	],
	[
		"the target of the other row",
		compared(),
		(given) => gathered({ ...given, target: given.b.slice(given.target, [1], [rows], [-1]) }),
		inClasses,
	],
	[
		"one wrong case of three",
		gathered,
		(given) => given.b.select(isIgnored(2)(given), zero(given.b), gathered(given)),
		inClasses,
	],
];

describe.each([1, freshSeed])("seed %i", (seed) => {
	test.each(equal)(
		"%s: equal, with at most 2^-60, and the domain in the certificate",
		(_, left, right, values) => {
			const outcome = compare(left, right, values, seed);
			expect(outcome).toMatchObject({ kind: "equal", certificate: { domains: [{ tensor: 2, values }] } });
			if (outcome.kind === "equal") expect(outcome.certificate.errorProbabilityLog2).toBeLessThanOrEqual(-60);
			expect(compare(left, right, null, seed).kind).not.toBe("equal");
		},
	);
	test.each(different)("%s: never equal", (_, left, right, values) => {
		expect(compare(left, right, values, seed).kind).not.toBe("equal");
	});
});

/** A number for each choice that a random formula makes. */
type Script = readonly number[];

/** Some formula over the target, the scores and constants; equal scripts make equal formulas. */
function scripted(script: Script): Formula {
	return (given) => {
		const { b, target } = given;
		let at = 0;
		const next = (count: number): number => (script[at++ % script.length] ?? 0) % count;
		const integer = (depth: number): ValueId => {
			const kind = next(depth === 0 ? 2 : 5);
			if (kind === 0) return target;
			if (kind === 1) return whole(b, next(4) - 1);
			if (kind === 2) return b.binary("subtract", integer(depth - 1), integer(depth - 1));
			if (kind === 3) return b.binary("multiply", integer(depth - 1), integer(depth - 1));
			return b.select(bool(depth - 1), integer(depth - 1), integer(depth - 1));
		};
		const bool = (depth: number): ValueId => {
			const kind = next(depth === 0 ? 2 : 4);
			if (kind === 0) return b.binary("equal", integer(0), integer(0));
			if (kind === 1) return b.binary("less", integer(0), integer(0));
			if (kind === 2) return b.unary("not", bool(depth - 1));
			return b.binary(next(2) === 0 ? "and" : "or", bool(depth - 1), bool(depth - 1));
		};
		const real = (depth: number): ValueId => {
			const kind = next(depth === 0 ? 2 : 4);
			if (kind === 0) return b.reshape(b.slice(given.scores, [0, next(classes)], [rows, 1], [1, 1]), [rows]);
			if (kind === 1) return gathered({ ...given, target: b.broadcast(integer(1), [rows]) });
			if (kind === 2) return b.binary("multiply", real(depth - 1), real(depth - 1));
			return b.select(bool(depth - 1), real(depth - 1), real(depth - 1));
		};
		return b.broadcast(real(2), [rows]);
	};
}

/** Whether both agree for all targets of the domain, on random scores; null where one gathers out of range. */
function agreeEverywhere(left: Formula, right: Formula, values: readonly number[]): boolean | null {
	const random = createRandom(freshSeed);
	const scores = Float64Array.from({ length: rows * classes }, () => random.nextUnit() + 0.5);
	try {
		for (const first of values)
			for (const second of values) {
				const outputs = [left, right].map((formula) => {
					const graph = graphOf(formula);
					const tensors = [
						writeElements("float32", [rows, classes], scores),
						writeElements("float32", [classes], [1, 2, 3]),
						writeElements("int64", [rows], [first, second]),
					];
					const given = new Map(
						graph.inputs.flatMap(({ value }, at) => (tensors[at] ? [[value, tensors[at]] as const] : [])),
					);
					const [output] = interpretGraph(graph, given).values();
					return output === undefined ? [] : [...readElements(output)];
				});
				const isSame = outputs[0]?.every((value, at) => Math.abs(value - (outputs[1]?.[at] ?? 0)) < 1e-4);
				if (isSame !== true) return false;
			}
	} catch (error) {
		if (error instanceof OptimizeError) return null;
		throw error;
	}
	return true;
}

test("what is called equal agrees for every target of the domain", () => {
	const script = fc.array(fc.nat(23), { minLength: 3, maxLength: 10 });
	const domain = fc.constantFrom([0, 1], [0, 1, 2], [-1, 0, 1, 2]);
	let proven = 0;
	let refuted = 0;
	fc.assert(
		fc.property(script, script, domain, fc.boolean(), (one, other, values, isNear) => {
			// Near ones differ in one number of the script.
			const second = isNear ? one.with(one.length - 1, other[0] ?? 0) : other;
			const agrees = agreeEverywhere(scripted(one), scripted(second), values);
			fc.pre(agrees !== null);
			const outcome = compare(scripted(one), scripted(second), values, 1);
			if (outcome.kind === "equal") {
				proven++;
				expect(agrees).toBe(true);
			}
			if (agrees === false) refuted++;
			if (outcome.kind === "different") expect(agrees).not.toBe(true);
		}),
		{ seed: freshSeed, numRuns: 400 },
	);
	expect(proven).toBeGreaterThan(20);
	expect(refuted).toBeGreaterThan(20);
});

test.each([
	[[0, 1, 2], "0 <= t < 3"],
	[[-1, 0, 1, 2], "-1 <= t < 3"],
	[[-5, 0, 1], "t = -5 or 0 <= t < 2"],
	[[0, 1, 10], "0 <= t < 2 or t = 10"],
])("the domain %j reads %s", (values, text) => {
	expect(describeDomain({ input: "t", values })).toBe(text);
});

test("domains of both sides are assumed together", () => {
	expect(intersectDomains(classDomain(5, -1), classDomain(3, 4))).toEqual([0, 1, 2, 4]);
});
