// JSON for data that holds numbers JSON cannot write: -Infinity begins a running maximum, and the sign of zero matters to
// a division. They are written as {"$number": "-Infinity"}; all else is plain JSON.

const unwritable: ReadonlyMap<string, number> = new Map([
	["Infinity", Number.POSITIVE_INFINITY],
	["-Infinity", Number.NEGATIVE_INFINITY],
	["NaN", Number.NaN],
	["-0", -0],
]);

/** parseExactJson(stringifyExactJson(x)) is x, number for number. */
export function stringifyExactJson(value: unknown): string {
	return JSON.stringify(value, (_, member: unknown) => {
		if (typeof member !== "number") return member;
		if (Object.is(member, -0)) return { $number: "-0" };
		return Number.isFinite(member) ? member : { $number: String(member) };
	});
}

/** Throws SyntaxError for what is not JSON. */
export function parseExactJson(text: string): unknown {
	return JSON.parse(text, (_, member: unknown) => {
		if (typeof member !== "object" || member === null || !("$number" in member)) return member;
		return unwritable.get(String(member.$number)) ?? member;
	});
}
