import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createExpressions, type ExpressionId, type Expressions } from "#shared/expression/expression.ts";
import { createRandom } from "#shared/numeric/random.ts";
import {
	axesOf,
	axisExtents,
	expressionOfTerms,
	randomTerm,
	stepsOf,
	subtermsOf,
	type Term,
	textOf,
} from "./support/axiom-terms.ts";

const seed = Number(process.env.TEST_SEED);
const stepsMax = 20;
const termNodesMax = 50;
const walkSeeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Squares of sums are atoms: regrouping a product with two equal sums among its factors is no axiom here. */
const hasSquare = (e: Expressions, ids: Iterable<ExpressionId>): boolean =>
	[...ids].some((id) => e.print(id).includes("²"));

/** What is its own negation, as x - x, is zero: dividing by it is no use, and has more quotients than one. */
const hasZeroDenominator = (
	e: Expressions,
	term: Term,
	expressionOf: (term: Term) => ExpressionId,
): boolean =>
	subtermsOf(term).some((part) => {
		if (part.kind !== "divide") return false;
		const denominator = expressionOf(part.of[1]);
		return e.negate(denominator) === denominator;
	});

/** A random term and where random steps of the axioms lead from it. */
function randomWalk(walkSeed: number, depth: number): readonly Term[] {
	const random = createRandom(walkSeed);
	let term = randomTerm(random, depth);
	while (axesOf(term) === null || subtermsOf(term).length > termNodesMax / 2)
		term = randomTerm(random, depth);
	const walk = [term];
	for (let step = 0; step < stepsMax; step++) {
		const next = stepsOf(term).filter((changed) => subtermsOf(changed).length <= termNodesMax);
		if (next.length === 0) break;
		term = next[random.nextBelow(next.length)] ?? term;
		walk.push(term);
	}
	return walk;
}

/** The terms of a walk up to the first with a square of a sum in it. */
function* termsWithoutSquares(
	e: Expressions,
	walk: readonly Term[],
): Generator<{ readonly term: Term; readonly id: ExpressionId; readonly parts: ReadonlySet<ExpressionId> }> {
	const expressionOf = expressionOfTerms(e);
	const known = new Set<ExpressionId>();
	for (const term of walk) {
		if (hasZeroDenominator(e, term, expressionOf)) return;
		const parts = new Set(subtermsOf(term).map(expressionOf));
		if (
			hasSquare(
				e,
				[...parts].filter((part) => !known.has(part)),
			)
		)
			return;
		for (const part of parts) known.add(part);
		yield { term, id: expressionOf(term), parts };
	}
}

describe("random steps of the axioms", () => {
	test("keep the normal form, and no term on the way is cut", () => {
		let steps = 0;
		const check = (walkSeed: number): void => {
			const e = createExpressions(axisExtents, { monomialsMax: 4096 });
			const walk = randomWalk(walkSeed, 4);
			let whole: ExpressionId | null = null;
			for (const { term, id, parts } of termsWithoutSquares(e, walk)) {
				whole ??= id;
				expect(e.print(id), textOf(term)).toBe(e.print(whole));
				for (const part of parts)
					if (!e.isSubexpression(part, whole)) expect.fail(`${e.print(part)} is cut from ${e.print(whole)}`);
				steps++;
			}
		};
		fc.assert(fc.property(walkSeeds, check), { seed, numRuns: 500 });
		expect(steps).toBeGreaterThan(4000);
	});

	test("find the free axes that the term has", () => {
		const check = (walkSeed: number): void => {
			const e = createExpressions(axisExtents);
			const expressionOf = expressionOfTerms(e);
			for (const term of randomWalk(walkSeed, 3)) {
				const axes = [...(axesOf(term)?.keys() ?? [])].sort();
				expect(e.freeAxes(expressionOf(term)), textOf(term)).toEqual(axes);
			}
		};
		fc.assert(fc.property(walkSeeds, check), { seed, numRuns: 200 });
	});

	test.each([1, 2, 4])(
		"lose no term where products of over %i monomials are left standing",
		(monomialsMax) => {
			const check = (walkSeed: number): void => {
				const e = createExpressions(axisExtents, { monomialsMax });
				let whole: ExpressionId | null = null;
				for (const { id, parts } of termsWithoutSquares(e, randomWalk(walkSeed, 4))) {
					whole ??= id;
					for (const part of parts)
						if (!e.isSubexpression(part, whole))
							expect.fail(`${e.print(part)} is cut from ${e.print(whole)}`);
				}
			};
			fc.assert(fc.property(walkSeeds, check), { seed, numRuns: 200 });
		},
	);
});

/** Every term equal to this one by the axioms; null when there are too many. */
function saturate(term: Term, termsMax: number): readonly Term[] | null {
	const members = new Map([[textOf(term), term]]);
	for (const member of members.values()) {
		for (const next of stepsOf(member)) members.set(textOf(next), members.get(textOf(next)) ?? next);
		if (members.size > termsMax) return null;
	}
	return [...members.values()];
}

test("of a saturated class of equal terms, every subterm is kept, and of strangers few", () => {
	const random = createRandom(seed);
	let classes = 0;
	let strangersCut = 0;
	let strangersKept = 0;
	while (classes < 80) {
		const term = randomTerm(random, 3);
		const nodes = subtermsOf(term).length;
		if (axesOf(term) === null || nodes < 5 || nodes > 10) continue;
		const members = saturate(term, 400);
		if (members === null) continue;
		const e = createExpressions(axisExtents);
		const expressionOf = expressionOfTerms(e);
		const inside = new Set(members.flatMap(subtermsOf).map(expressionOf));
		if (hasSquare(e, inside) || hasZeroDenominator(e, term, expressionOf)) continue;
		classes++;
		const whole = expressionOf(term);
		for (const part of inside)
			if (!e.isSubexpression(part, whole))
				expect.fail(`seed ${seed}: ${e.print(part)} is cut from ${e.print(whole)}`);
		const pick = (): ExpressionId => [...inside][random.nextBelow(inside.size)] ?? whole;
		for (let tries = 0; tries < 40; tries++) {
			const made = [e.add, e.multiply, e.divide][random.nextBelow(3)]?.(pick(), pick()) ?? whole;
			if (inside.has(made)) continue;
			if (e.isSubexpression(made, whole)) strangersKept++;
			else strangersCut++;
		}
	}
	expect(strangersCut).toBeGreaterThan(1000);
	expect(strangersKept / strangersCut).toBeLessThan(0.05);
});
