import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	createRootPowers,
	dyadicModulo,
	fieldPairs,
	invertModulo,
	multiplyModulo,
	powerModulo,
	principalRootModulo,
} from "#shared/numeric/field-pair.ts";

const seed = Number(process.env.TEST_SEED ?? "1");
const options = { seed, numRuns: 500 };

function isPrime(n: number): boolean {
	for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
	return n > 1;
}

describe.each(fieldPairs)("p = $p, q = $q", (pair) => {
	const { p, q } = pair;
	const element = fc.integer({ min: 1, max: q - 1 });

	test("primes, p = 2q + 1, both 3 modulo 4, products exact", () => {
		expect([isPrime(p), isPrime(q), p === 2 * q + 1, p % 4, q % 4]).toEqual([true, true, true, 3, 3]);
		expect((p - 1) ** 2).toBeLessThan(2 ** 53);
	});

	test("products are those of big integers", () => {
		fc.assert(
			fc.property(fc.nat(p - 1), fc.nat(p - 1), (a, b) => {
				expect(multiplyModulo(a, b, p, 1 / p)).toBe(Number((BigInt(a) * BigInt(b)) % BigInt(p)));
			}),
			options,
		);
	});

	test("inverses, and roots of squares", () => {
		fc.assert(
			fc.property(element, (a) => {
				for (const prime of [p, q]) {
					expect(multiplyModulo(a, invertModulo(a, prime), prime, 1 / prime)).toBe(1);
					const square = multiplyModulo(a, a, prime, 1 / prime);
					expect([a, prime - a]).toContain(principalRootModulo(square, prime));
					expect(principalRootModulo(prime - square, prime)).toBe(null);
				}
			}),
			options,
		);
	});

	test("a float64 is the rational it is", () => {
		for (const prime of [p, q]) {
			const tenth = dyadicModulo(0.1, prime);
			const scaled = multiplyModulo(tenth, powerModulo(2, 55, prime), prime, 1 / prime);
			expect(scaled).toBe(Number(3602879701896397n % BigInt(prime)));
			expect(dyadicModulo(-3, prime)).toBe(prime - 3);
			expect(dyadicModulo(2 ** 60, prime)).toBe(Number(2n ** 60n % BigInt(prime)));
			expect(dyadicModulo(0, prime)).toBe(0);
		}
	});

	test("powers of the root of unity turn sums modulo q into products modulo p", () => {
		const powers = createRootPowers(pair);
		fc.assert(
			fc.property(fc.nat(q - 1), fc.nat(q - 1), (a, b) => {
				expect(powers.power((a + b) % q)).toBe(multiplyModulo(powers.power(a), powers.power(b), p, 1 / p));
			}),
			options,
		);
	});
});
