// How large the abstract expressions of a program would be, without making them: a value squared twenty times has a million
// factors, one added to itself twenty times a million terms.

import { present } from "#shared/fault/assert.ts";
import { type Program, type ProgramNode, programNodeOperands } from "#shared/program/program.ts";

/** Bounds for a normal form (shared/expression/terms.ts). */
interface ExpressionSize {
	readonly monomials: number;
	/** Atoms of one monomial, above and below its denominator, and monomials of its exponent. */
	readonly factors: number;
}

/** A product of more monomials stays one: `monomialsMax` of shared/expression. */
const multipliedOutMax = 64;
const leaf: ExpressionSize = { monomials: 1, factors: 1 };

/** Whether no expression of the program has more monomials, or more factors in one, than the limits. */
export function hasSmallExpressions(program: Program, monomialsMax: number, factorsMax: number): boolean {
	const sizes: ExpressionSize[] = [];
	for (const node of program.nodes) {
		const operands = programNodeOperands(node).map((id) => present(sizes[id], "nodes are sorted"));
		const size = sizeOfNode(node, operands);
		if (size.monomials > monomialsMax || size.factors > factorsMax) return false;
		sizes.push(size);
	}
	return true;
}

function sizeOfNode(node: ProgramNode, [a = leaf, b = leaf]: readonly ExpressionSize[]): ExpressionSize {
	const factors = a.factors + b.factors;
	const product = { monomials: Math.min(a.monomials * b.monomials, multipliedOutMax), factors };
	if (node.kind === "contract") return product;
	if (node.kind === "reduce") return node.operator === "sum" ? a : leaf;
	if (node.kind !== "map") return leaf;
	switch (node.operator) {
		case "add":
		case "subtract":
			return { monomials: a.monomials + b.monomials, factors: Math.max(a.factors, b.factors) };
		case "multiply":
			return product;
		case "divide":
			return { monomials: a.monomials, factors };
		case "negate":
			return a;
		case "exp":
			return { monomials: 1, factors: a.monomials };
		default:
			return leaf;
	}
}
