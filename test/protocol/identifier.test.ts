import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "#shared/numeric/random.ts";
import { createIdentifier, identifierMilliseconds, jobIdSchema } from "#shared/protocol/identifier.ts";

const seed = Number(process.env.TEST_SEED);
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe("identifiers", () => {
	test("say when they were made and sort by it", () => {
		fc.assert(
			fc.property(time, time, fc.nat(), (one, other, randomSeed) => {
				const random = createRandom(randomSeed);
				const [first, second] = [
					createIdentifier("job", one, random),
					createIdentifier("job", other, random),
				];
				expect(jobIdSchema.safeParse(first).success).toBe(true);
				expect(identifierMilliseconds(first)).toBe(one);
				if (one !== other) expect(first < second).toBe(one < other);
			}),
			{ seed },
		);
	});

	test("made at one moment differ", () => {
		const random = createRandom(seed);
		const made = Array.from({ length: 1000 }, () => createIdentifier("req", 1, random));
		expect(new Set(made).size).toBe(made.length);
	});

	test.each([
		"job_",
		"JOB_00000000000000000000000000",
		"job_0000000000000000000000000I",
		"job_../x",
		"upl_00000000000000000000000000",
	])("%s is no job id", (text) => {
		expect(jobIdSchema.safeParse(text).success).toBe(false);
	});
});
