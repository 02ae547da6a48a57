import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeUntrusted, safeJson } from "#cli/escape-untrusted.ts";

describe("escapeUntrusted", () => {
	test.each([
		["an escape sequence", "\u001b[31mred", "\\u001b[31mred"],
		["a carriage return", "safe\rspoof", "safe\\u000dspoof"],
		["a C1 control", "\u009b2J", "\\u009b2J"],
		["a right-to-left override", "a\u202eb", "a\\u202eb"],
		["a line separator", "a\u2028b", "a\\u2028b"],
		["ordinary text of any script", "µGraph 行列 'x/y:0' 🙂", "µGraph 行列 'x/y:0' 🙂"],
	])("%s", (_, text, expected) => {
		expect(escapeUntrusted(text)).toBe(expected);
	});
});

describe("safeJson", () => {
	test("parses to the same value and shows no control character but its own line ends", () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), (value) => {
				const text = safeJson(value);
				expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
				expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
			}),
			{ seed: Number(process.env.TEST_SEED) },
		);
	});
});
