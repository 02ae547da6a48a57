// What a value computes, up to Mirage's axioms (OSDI'25, table 2), as a hash-consed polynomial normal form: equal normal
// forms have equal ids, and whether one value can be part of another is decided on the normal forms alone, with no solver
// and no e-graph. Axioms: + and · commutative and associative; · over +; the rules of ÷; a sum composes, and commutes with
// what does not have its axis; exp(x)·exp(y) = exp(x + y); numbers fold by value. There is no cancellation.

import type { AxisId } from "#shared/program/program.ts";
import type { AxisSetId } from "./axis-sets.ts";
import {
	addPolynomials,
	atomPolynomial,
	negatePolynomial,
	sumPartially,
	sumPolynomial,
} from "./polynomial.ts";
import { printPolynomial } from "./print.ts";
import { createProducts } from "./product.ts";
import { ratioOfNumber } from "./rational.ts";
import { createSubexpression } from "./subexpression.ts";
import { createTerms, type Terms } from "./terms.ts";

/** Of one `Expressions`. Interned: equal normal forms have equal ids. */
export type ExpressionId = number;

export interface Expressions {
	/** One atom: a tensor under one access, both named by `key`. */
	input(key: string, axes: readonly AxisId[]): ExpressionId;
	/** The exact rational value of a float64; the one nearest to 1/n reads as 1/n, for integers n up to 2^31. */
	constant(value: number): ExpressionId;
	add(a: ExpressionId, b: ExpressionId): ExpressionId;
	subtract(a: ExpressionId, b: ExpressionId): ExpressionId;
	multiply(a: ExpressionId, b: ExpressionId): ExpressionId;
	divide(a: ExpressionId, b: ExpressionId): ExpressionId;
	negate(a: ExpressionId): ExpressionId;
	/** Over whole axes. */
	sum(a: ExpressionId, over: readonly AxisId[]): ExpressionId;
	/**
	 * One tile's part of a sum over `axis`: `extent` of its positions, or of the partial sums over them. The axis stays free
	 * until the parts make up its whole extent.
	 */
	partialSum(a: ExpressionId, axis: AxisId, extent: number): ExpressionId;
	exp(a: ExpressionId): ExpressionId;
	sqrt(a: ExpressionId): ExpressionId;
	/** What the axioms know nothing of (a maximum over axes, erf, select): equal operands, equal value. */
	opaque(name: string, operands: readonly ExpressionId[], axes: readonly AxisId[]): ExpressionId;
	freeAxes(expression: ExpressionId): readonly AxisId[];
	/** Whether some term equal to `whole` has one equal to `part` inside. Errs only on the side of yes. */
	isSubexpression(part: ExpressionId, whole: ExpressionId): boolean;
	print(expression: ExpressionId): string;
}

export interface ExpressionLimits {
	/** A product of sums with more terms than this is not multiplied out. Default 64. */
	readonly monomialsMax?: number;
}

/** Terms of one program: `extents[axis]` is the whole extent of an axis. */
export function createExpressions(extents: readonly number[], limits: ExpressionLimits = {}): Expressions {
	const terms = createTerms(extents, limits.monomialsMax ?? monomialsMaxDefault);
	const products = createProducts(terms);
	const free = (id: ExpressionId): AxisSetId => terms.polynomial(id).free;
	return {
		input: (key, axes) => atomPolynomial(terms, { kind: "input", key }, terms.axisSets.of(axes)),
		constant: (value) => constantPolynomial(terms, value),
		add: (a, b) => addPolynomials(terms, a, b),
		subtract: (a, b) => addPolynomials(terms, a, negatePolynomial(terms, b)),
		multiply: products.multiply,
		divide: products.divide,
		negate: (a) => negatePolynomial(terms, a),
		sum: (a, over) => sumPolynomial(terms, a, over, extents),
		partialSum: (a, axis, extent) => sumPartially(terms, a, axis, extent),
		exp: (a) => terms.polynomialOf([terms.monomialOf({ ...terms.unit, exponent: a, free: free(a) })]),
		sqrt: (a) => atomPolynomial(terms, { kind: "sqrt", argument: a }, free(a)),
		opaque: (name, operands, axes) =>
			atomPolynomial(terms, { kind: "opaque", name, operands }, terms.axisSets.of(axes)),
		freeAxes: (id) => terms.axisSets.axesOf(free(id)),
		isSubexpression: createSubexpression(terms, products),
		print: (id) => printPolynomial(terms, id),
	};
}

const monomialsMaxDefault = 64;

/** What is no number (an infinity, NaN) is an atom of its own. */
function constantPolynomial(terms: Terms, value: number): ExpressionId {
	if (!Number.isFinite(value))
		return atomPolynomial(terms, { kind: "opaque", name: `${value}`, operands: [] }, terms.axisSets.empty);
	const coefficient = terms.coefficients.of(ratioOfNumber(value));
	return terms.polynomialOf([terms.monomialOf({ ...terms.unit, coefficient, isNegative: value < 0 })]);
}
