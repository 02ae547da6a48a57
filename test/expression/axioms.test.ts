import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createExpressions, type Expressions } from "#shared/expression/expression.ts";
import { createRandom } from "#shared/numeric/random.ts";
import {
	axesOf,
	axisExtents,
	expressionOf,
	randomTerm,
	stepsOf,
	subtermsOf,
	type Term,
	textOf,
} from "./support/axiom-terms.ts";

const seed = Number(process.env.TEST_SEED);
const stepsMax = 20;
const termNodesMax = 60;

/** Squares of sums are atoms: regrouping a product with two equal sums among its factors is no axiom here. */
const hasSquare = (e: Expressions, term: Term): boolean =>
	subtermsOf(term).some((part) => e.print(expressionOf(e, part)).includes("²"));

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

describe("random steps of the axioms", () => {
	test("keep the normal form, and no term on the way is cut", () => {
		let checked = 0;
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (walkSeed) => {
				const e = createExpressions(axisExtents, { monomialsMax: 4096 });
				const walk = randomWalk(walkSeed, 4);
				const first = walk[0] ?? expect.unreachable();
				const whole = expressionOf(e, first);
				for (const term of walk) {
					if (hasSquare(e, term)) return;
					expect(e.print(expressionOf(e, term)), textOf(term)).toBe(e.print(whole));
					for (const part of subtermsOf(term))
						expect(
							e.isSubexpression(expressionOf(e, part), whole),
							`${textOf(part)} in ${textOf(first)}`,
						).toBe(true);
				}
				checked++;
			}),
			{ seed, numRuns: 1000 },
		);
		expect(checked).toBeGreaterThan(500);
	});
	test("find the free axes that the term has", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (walkSeed) => {
				const e = createExpressions(axisExtents);
				for (const term of randomWalk(walkSeed, 3))
					expect(e.freeAxes(expressionOf(e, term)), textOf(term)).toEqual(
						[...(axesOf(term)?.keys() ?? [])].sort(),
					);
			}),
			{ seed, numRuns: 300 },
		);
	});
	test.each([1, 2, 4])(
		"cut no term where products of more than %i monomials are left standing",
		(monomialsMax) => {
			fc.assert(
				fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (walkSeed) => {
					const e = createExpressions(axisExtents, { monomialsMax });
					const walk = randomWalk(walkSeed, 4);
					const whole = expressionOf(e, walk[0] ?? expect.unreachable());
					for (const term of walk) {
						if (hasSquare(e, term)) return;
						for (const part of subtermsOf(term))
							expect(e.isSubexpression(expressionOf(e, part), whole), textOf(part)).toBe(true);
					}
				}),
				{ seed, numRuns: 300 },
			);
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
		const e = createExpressions(axisExtents);
		if (members === null || members.some((member) => hasSquare(e, member))) continue;
		classes++;
		const whole = expressionOf(e, term);
		const inside = new Set(members.flatMap(subtermsOf).map((part) => expressionOf(e, part)));
		for (const part of inside)
			expect(e.isSubexpression(part, whole), `seed ${seed}: ${e.print(part)} in ${e.print(whole)}`).toBe(
				true,
			);
		for (let tries = 0; tries < 40; tries++) {
			const [a, b] = [0, 1].map(() => [...inside][random.nextBelow(inside.size)] ?? whole);
			const made = [e.add, e.multiply, e.divide][random.nextBelow(3)]?.(a ?? whole, b ?? whole) ?? whole;
			if (inside.has(made)) continue;
			if (e.isSubexpression(made, whole)) strangersKept++;
			else strangersCut++;
		}
	}
	expect(strangersCut).toBeGreaterThan(1000);
	expect(strangersKept / strangersCut).toBeLessThan(0.05);
});
