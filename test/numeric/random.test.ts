import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "#shared/numeric/random.ts";

const seed = Number(process.env.TEST_SEED);
const draw = (from: number, stream: number, count: number): number[] => {
	const random = createRandom(from, stream);
	return Array.from({ length: count }, () => random.nextUint32());
};

describe("createRandom", () => {
	test("the same seed and stream give the same numbers", () => {
		expect(draw(seed, 3, 50)).toEqual(draw(seed, 3, 50));
	});

	test("neighbouring seeds and streams share next to no numbers", () => {
		fc.assert(
			fc.property(fc.nat({ max: 2 ** 32 - 2 }), fc.nat({ max: 1000 }), (from, stream) => {
				const own = new Set(draw(from, stream, 1000));
				// 1000² / 2^32 are expected to meet by chance.
				for (const other of [draw(from, stream + 1, 1000), draw(from + 1, stream, 1000)])
					expect(other.filter((number) => own.has(number)).length).toBeLessThanOrEqual(2);
			}),
			{ seed, numRuns: 50 },
		);
	});

	test("numbers of neighbouring streams do not go together", () => {
		const count = 4000;
		for (let stream = 0; stream < 20; stream++) {
			const [a, b] = [createRandom(0, stream), createRandom(0, stream + 1)];
			let sum = 0;
			for (let at = 0; at < count; at++) sum += (a.nextUnit() - 0.5) * (b.nextUnit() - 0.5) * 12;
			// The mean of a correlation of nothing has a deviation of 1/sqrt(count); five of them are no accident.
			expect(Math.abs(sum / count)).toBeLessThan(5 / Math.sqrt(count));
		}
	});

	test.each([1, 2, 3, 10, 2 ** 31 - 1, 2 ** 53])("below %i every number is in range", (limit) => {
		const random = createRandom(seed);
		for (let at = 0; at < 100; at++) {
			const number = random.nextBelow(limit);
			expect(Number.isSafeInteger(number)).toBe(true);
			expect(number).toBeGreaterThanOrEqual(0);
			expect(number).toBeLessThan(limit);
		}
	});
});
