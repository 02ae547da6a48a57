// What an operator demands of an integer input: that each element is one of few numbers. The function of a model is
// defined for such inputs alone.

/** Ascending, each once. */
export type ValueDomain = readonly number[];

/** An input by its name, and what its elements may be. */
export interface InputDomain {
	readonly input: string;
	readonly values: ValueDomain;
}

/** Class indices in [0, classes), and one more number where one is ignored. */
export function classDomain(classes: number, ignored: number | null): ValueDomain {
	const values = new Set(Array.from({ length: classes }, (_, index) => index));
	if (ignored !== null) values.add(ignored);
	return [...values].sort((a, b) => a - b);
}

/** What both allow; may be empty. */
export function intersectDomains(one: ValueDomain, other: ValueDomain): ValueDomain {
	const allowed = new Set(other);
	return one.filter((value) => allowed.has(value));
}

/** `target = -1 or 0 <= target < 5`. */
export function describeDomain({ input, values }: InputDomain): string {
	const runs: { first: number; end: number }[] = [];
	for (const value of values) {
		const last = runs.at(-1);
		if (last?.end === value) last.end = value + 1;
		else runs.push({ first: value, end: value + 1 });
	}
	return runs
		.map(({ first, end }) => (end === first + 1 ? `${input} = ${first}` : `${first} <= ${input} < ${end}`))
		.join(" or ");
}
