import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExactJson, stringifyExactJson } from "#shared/protocol/exact-json.ts";

const seed = Number(process.env.TEST_SEED);

describe("exact JSON", () => {
	test("gives back every number there is, in any nesting", () => {
		const { tree } = fc.letrec((tie) => ({
			tree: fc.oneof(
				{ maxDepth: 4 },
				fc.double(),
				fc.string(),
				fc.boolean(),
				fc.constant(null),
				fc.array(tie("tree")),
				fc.dictionary(
					fc.string().filter((name) => name !== "$number" && name !== "__proto__"),
					tie("tree"),
					{
						noNullPrototype: true,
					},
				),
			),
		}));
		fc.assert(
			fc.property(tree, (value) => {
				expect(parseExactJson(stringifyExactJson(value))).toEqual(value);
			}),
			{ seed },
		);
	});

	test.each([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, -0])("keeps %s", (value) => {
		const [back] = parseExactJson(stringifyExactJson([value])) as readonly [number];
		expect(Object.is(back, value)).toBe(true);
	});
});
