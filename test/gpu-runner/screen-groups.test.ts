import { expect, test } from "vitest";
import type { Packing } from "#runner/measure/check-candidates.ts";
import { screenGroups } from "#runner/measure/screen-groups.ts";

const gibibyte = 2 ** 30;

/** One letter a candidate: its packing; groups come back in the same writing. */
function groupsOf(packed: string, bytesCount: number): string[] {
	const candidates = [...packed].map((_, candidate) => ({ candidate, prefix: "", library: "" }));
	const packings = new Map<number, Packing>(
		[...packed].map((digest, candidate) => [candidate, { digest, bytesCount }]),
	);
	return screenGroups(candidates, packings).map((group) =>
		group.map(({ candidate }) => packed[candidate]).join(""),
	);
}

test.each([
	["small weights come all together", "abcabc", 1000, ["aabbcc"]],
	["a group has as many packings as fit its memory", "abcdabcd", gibibyte, ["aabbcc", "dd"]],
	["large weights of one packing need one group", "aaaaaa", 8 * gibibyte, ["aaaaaa"]],
	["two packings meet whatever they take, to have something to compare", "abc", 8 * gibibyte, ["ab", "c"]],
	["no more than sixteen to a process", "a".repeat(18), 1000, ["a".repeat(16), "aa"]],
])("%s", (_, packed, bytesCount, expected) => {
	expect(groupsOf(packed, bytesCount)).toEqual(expected);
});
