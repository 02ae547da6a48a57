import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	bfloat16ToNumber,
	float16ToNumber,
	numberToBfloat16,
	numberToFloat16,
	roundToBfloat16,
	roundToFloat16,
} from "#shared/tensor/float16.ts";

const seed = Number(process.env.TEST_SEED);

const formats = [
	{
		name: "binary16",
		read: float16ToNumber,
		write: numberToFloat16,
		round: roundToFloat16,
		infinity: 0x7c00,
	},
	{
		name: "bfloat16",
		read: bfloat16ToNumber,
		write: numberToBfloat16,
		round: roundToBfloat16,
		infinity: 0x7f80,
	},
];

describe.each(formats)("$name", ({ read, write, round, infinity }) => {
	test("every bit pattern but NaN's survives reading and writing", () => {
		const lost: number[] = [];
		for (let bits = 0; bits < 65536; bits++) {
			const value = read(bits);
			if (!Number.isNaN(value) && write(value) !== bits) lost.push(bits);
		}
		expect(lost).toEqual([]);
	});

	test("between two neighbours the nearer is taken, and the even one from the middle", () => {
		const wrong: number[] = [];
		for (let bits = 0; bits < infinity - 1; bits++) {
			const [low, high] = [read(bits), read(bits + 1)];
			const middle = (low + high) / 2;
			const even = bits % 2 === 0 ? bits : bits + 1;
			const fits =
				write(middle) === even &&
				write(low + (middle - low) * 0.999) === bits &&
				write(middle + (high - middle) * 0.001) === bits + 1;
			if (!fits) wrong.push(bits);
		}
		expect(wrong).toEqual([]);
	});

	test(`rounding is what writing and reading give, with the sign kept (seed ${seed})`, () => {
		fc.assert(
			fc.property(fc.double(), (value) => {
				expect(round(value)).toBe(read(write(value)));
				expect(round(-value)).toBe(-round(value));
			}),
			{ seed, numRuns: 2000 },
		);
	});

	test("too large a number becomes infinity, NaN stays NaN", () => {
		expect(write(1e300)).toBe(infinity);
		expect(write(Number.NEGATIVE_INFINITY)).toBe(infinity | 0x8000);
		expect(read(write(Number.NaN))).toBeNaN();
	});
});
