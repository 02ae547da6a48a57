import { assert } from "#shared/fault/assert.ts";

/**
 * The one JSON text of a value, after RFC 8785: members sorted by UTF-16 code units, no white space, numbers as
 * ECMAScript prints them. Members that are undefined are left out. What has no JSON form (NaN, infinities, functions) is
 * our own fault and asserted.
 */
export function canonicalJson(value: unknown): string {
	if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
	if (typeof value === "number") {
		assert(Number.isFinite(value), `canonical JSON: ${value} has no JSON form`);
		return JSON.stringify(value);
	}
	if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
	assert(typeof value === "object", `canonical JSON: a ${typeof value} has no JSON form`);
	const members = Object.entries(value)
		.filter(([, member]) => member !== undefined)
		.sort(([left], [right]) => (left < right ? -1 : 1))
		.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
	return `{${members.join(",")}}`;
}
