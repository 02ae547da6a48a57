import { describe, expect, test } from "vitest";
import { winners } from "./support/mirage-winners.ts";

describe.each(Object.entries(winners))("%s", (_, build) => {
	const { expressions: e, target, prefixes, strangers } = build();

	test("the winning kernel's result is the program's", () => {
		expect(e.print(Object.values(prefixes).at(-1) ?? -1)).toBe(e.print(target));
	});
	test.each(Object.entries(prefixes))("its value %s is kept", (_, prefix) => {
		expect(e.isSubexpression(prefix, target)).toBe(true);
	});
	test.each(Object.entries(strangers))("%s is cut", (_, stranger) => {
		expect(e.isSubexpression(stranger, target)).toBe(false);
	});
	test("with products left standing, no value is lost either", () => {
		for (const monomialsMax of [1, 2, 3]) {
			const tight = build({ monomialsMax });
			for (const prefix of Object.values(tight.prefixes))
				expect(tight.expressions.isSubexpression(prefix, tight.target)).toBe(true);
		}
	});
});

test("a gated MLP with its down projection is one monomial", () => {
	const { expressions, target } = winners["gated MLP with down projection"]?.() ?? expect.unreachable();
	expect(expressions.print(target)).toMatch(/^S\{1:4096 2:14336\}·.*W3.*\[0 3\]$/);
	expect(expressions.print(target)).not.toContain(" + ");
});
