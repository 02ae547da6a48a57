import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256Hex, utf8Bytes } from "#shared/numeric/sha256.ts";

const seed = Number(process.env.TEST_SEED);

describe("sha256Hex", () => {
	test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000])(
		"agrees with the platform's digest on %i bytes",
		(length) => {
			const bytes = Uint8Array.from({ length }, (_, index) => index * 7);
			expect(sha256Hex(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
		},
	);

	test("hashes text as UTF-8, whatever its planes", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				expect(utf8Bytes(text)).toEqual(new TextEncoder().encode(text));
				expect(sha256Hex(text)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
			}),
			{ seed },
		);
	});
});
