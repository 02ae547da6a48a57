// Integer expressions that are linear in loop variables: all that addresses and loop bounds need.

export interface AffineTerm {
	readonly variable: string;
	readonly factor: number;
}

/** `constant + sum(factor · variable)`; every variable occurs once and no factor is 0. */
export interface Affine {
	readonly constant: number;
	readonly terms: readonly AffineTerm[];
}

export const zero: Affine = { constant: 0, terms: [] };

export function affineConstant(constant: number): Affine {
	return { constant, terms: [] };
}

export function affineVariable(variable: string, factor = 1): Affine {
	return factor === 0 ? zero : { constant: 0, terms: [{ variable, factor }] };
}

export function addAffine(left: Affine, right: Affine): Affine {
	if (left.terms.length === 0 && left.constant === 0) return right;
	if (right.terms.length === 0) return { constant: left.constant + right.constant, terms: left.terms };
	const factors = new Map<string, number>();
	for (const { variable, factor } of [...left.terms, ...right.terms]) {
		factors.set(variable, (factors.get(variable) ?? 0) + factor);
	}
	const terms: AffineTerm[] = [];
	for (const [variable, factor] of factors) if (factor !== 0) terms.push({ variable, factor });
	return { constant: left.constant + right.constant, terms };
}

export function scaleAffine(value: Affine, factor: number): Affine {
	if (factor === 0) return zero;
	if (factor === 1) return value;
	return {
		constant: value.constant * factor,
		terms: value.terms.map((term) => ({ variable: term.variable, factor: term.factor * factor })),
	};
}
