import { type Atom, type Monomial, none, type PolynomialId, type Terms } from "./terms.ts";

/** Stable within one table: `-3/4·S{0:64}·x·exp(…)/(…)[1 2]`, the free axes in brackets. */
export function printPolynomial(terms: Terms, polynomial: PolynomialId): string {
	return terms
		.polynomial(polynomial)
		.monomials.map((id) => printMonomial(terms, terms.monomial(id)))
		.join(" + ");
}

function printMonomial(terms: Terms, monomial: Monomial): string {
	const { numerator, denominator } = terms.coefficients.ratioOf(monomial.coefficient);
	const factors: string[] = [];
	if (denominator !== 1n) factors.push(`${numerator}/${denominator}`);
	else if (numerator !== 1n) factors.push(`${numerator}`);
	const degree = [...terms.degrees.factorsOf(monomial.degree)].map(([axis, terms]) => `${axis}:${terms}`);
	if (degree.length > 0) factors.push(`S{${degree.join(" ")}}`);
	for (const atom of monomial.atoms) factors.push(printAtom(terms, terms.atom(atom)));
	if (monomial.exponent !== none) factors.push(`exp(${printPolynomial(terms, monomial.exponent)})`);
	const product = factors.length === 0 ? "1" : factors.join("·");
	const quotient =
		monomial.denominator === none ? product : `${product}/(${printPolynomial(terms, monomial.denominator)})`;
	const free = terms.axisSets.axesOf(monomial.free);
	return `${monomial.isNegative ? "-" : ""}${quotient}${free.length > 0 ? `[${free.join(" ")}]` : ""}`;
}

function printAtom(terms: Terms, { form }: Atom): string {
	const print = (id: PolynomialId): string => printPolynomial(terms, id);
	switch (form.kind) {
		case "input":
			return form.key;
		case "opaque":
			return `${form.name}(${form.operands.map(print).join(", ")})`;
		case "sqrt":
			return `sqrt(${print(form.argument)})`;
		case "square":
			return `(${print(form.argument)})²`;
		case "product":
			return form.factors.map((factor) => `(${print(factor)})`).join("·");
	}
}
