// The program's own values: where the search of values begins, and how expressions and residues follow from a derivation.

import { createExpressions, type ExpressionId, type Expressions } from "#shared/expression/expression.ts";
import { present } from "#shared/fault/assert.ts";
import {
	type MapOperator,
	type Program,
	type ProgramNode,
	programNodeOperands,
} from "#shared/program/program.ts";
import { type AxisMask, axesOf, maskOf, volumeOf } from "./axis-masks.ts";
import { type Derivation, derivationKey, normalDerivation, type ValueId } from "./derivation.ts";
import { createResidues, inputKey, type ResidueArithmetic, type Residues } from "./residues.ts";
import { createValueTable, type ValueTable } from "./value-table.ts";

export interface ProgramValues {
	readonly table: ValueTable;
	readonly expressions: Expressions;
	/** Of each program node. */
	readonly ofNode: readonly ValueId[];
	/** Of the program's outputs, each once. */
	readonly targets: readonly ValueId[];
	/** Expressions of which every value of a DAG is a part: of outputs, and of what stands for itself in others. */
	readonly wholes: readonly ExpressionId[];
	expressionOf(derivation: Derivation, axes: AxisMask): ExpressionId;
	/** What a value is in the expressions of what reads it. */
	operandExpression(id: ValueId): ExpressionId;
	/** Null where a denominator is zero. */
	residuesOf(derivation: Derivation, axes: AxisMask): Residues | null;
}

/** Draws of random inputs before a denominator is taken to be zero for all inputs. */
const drawsMax = 8;
/** Positions of the largest loop nest of a node at the small extents. */
const nestPositionsMax = 128;

/** Null for a program whose own denominators are zero on every draw. */
export function valuesOfProgram(program: Program): ProgramValues | null {
	const extents = smallExtents(program);
	for (let seed = 1; seed <= drawsMax; seed++) {
		const values = seedValues(program, createResidues(extents, seed));
		if (values !== null) return values;
	}
	return null;
}

/** 2 and 3 in turn, so that axes and powers of 2 are not confused; 2 where a node's nest would be large. */
function smallExtents(program: Program): number[] {
	const extents = program.axes.map(({ extent }, axis) => Math.min(extent, 2 + (axis % 2)));
	for (const node of program.nodes) {
		const nest = maskOf(node.axes) | nodeSums(node);
		for (const axis of axesOf(nest)) if (volumeOf(nest, extents) > nestPositionsMax) extents[axis] = 2;
	}
	return extents;
}

function nodeSums(node: ProgramNode): AxisMask {
	return node.kind === "reduce" || node.kind === "contract" ? maskOf(node.over) : 0;
}

function seedValues(program: Program, residues: ResidueArithmetic): ProgramValues | null {
	const table = createValueTable();
	const expressions = createExpressions(program.axes.map(({ extent }) => extent));
	const ofNode: ValueId[] = [];
	const atoms = atomicOperands(program);
	const atomOf = new Map<ValueId, ExpressionId>();
	const wholes = new Set<ExpressionId>();
	const operandExpression = (id: ValueId): ExpressionId => atomOf.get(id) ?? table.value(id).expression;
	const expressionOf = (derivation: Derivation, axes: AxisMask): ExpressionId =>
		deriveExpression(expressions, derivation, axes, operandExpression);
	const residuesOf = (derivation: Derivation, axes: AxisMask): Residues | null =>
		residues.derive(
			derivation,
			derivation.operands.map((id) => table.value(id)),
			axes,
		);
	for (const [at, node] of program.nodes.entries()) {
		const derivation = normalDerivation(nodeDerivation(node, ofNode));
		const axes = maskOf(node.axes);
		const own = residuesOf(derivation, axes);
		if (own === null) return null;
		const expression = expressionOf(derivation, axes);
		const { id } = table.find(expression, axes, own) ?? table.add(expression, axes, own);
		// A value that is one of its own operands (x·1) is read where it is.
		if (!derivation.operands.some((operand) => operand >= id)) table.derive(id, derivation, true);
		ofNode.push(id);
		if (!isLawful(node))
			for (const operand of derivation.operands) wholes.add(table.value(operand).expression);
		if (!atoms.has(at) || atomOf.has(id)) continue;
		wholes.add(table.value(id).expression);
		atomOf.set(id, expressions.opaque(`value ${id}`, [], node.axes));
	}
	const outputs = program.outputs.flatMap(({ pieces }) =>
		pieces.map(({ node }) => present(ofNode[node], "value of an output")),
	);
	const targets = [...new Set(outputs)];
	for (const target of targets) wholes.add(table.value(target).expression);
	return {
		table,
		expressions,
		ofNode,
		targets,
		wholes: [...wholes],
		expressionOf,
		operandExpression,
		residuesOf,
	};
}

/** Sums, and maps whose laws expressions know. */
function isLawful(node: ProgramNode): boolean {
	if (node.kind === "map") return node.operator in lawful;
	return node.kind !== "reduce" || node.operator === "sum";
}

/**
 * Nodes that stand for themselves where they are read: of two different values multiplied element by element, both, where
 * both hold sums (the halves of a gated MLP) or both have several terms (x and 1 + erf(x) in GELU). Multiplied out, what
 * could be drawn from both at once would be no saving, but many values. Each is a whole of its own, so that everything
 * inside it is still found.
 */
function atomicOperands(program: Program): ReadonlySet<number> {
	const sizes: TermSize[] = [];
	const atoms = new Set<number>();
	program.nodes.forEach((node, id) => {
		const operands = programNodeOperands(node).map((operand) =>
			present(sizes[operand], "size of an operand"),
		);
		sizes[id] = termSize(node, operands);
		if (node.kind !== "map" || node.operator !== "multiply") return;
		const [a = id, b = id] = node.operands;
		const [sizeA, sizeB] = operands;
		if (a === b || sizeA === undefined || sizeB === undefined) return;
		if (!(sizeA.holdsSum && sizeB.holdsSum) && !(sizeA.terms > 1 && sizeB.terms > 1)) return;
		atoms.add(a);
		atoms.add(b);
	});
	return atoms;
}

interface TermSize {
	readonly holdsSum: boolean;
	/** Of the value multiplied out, at most. */
	readonly terms: number;
}

function termSize(node: ProgramNode, operands: readonly TermSize[]): TermSize {
	if (!isLawful(node)) return { holdsSum: false, terms: 1 };
	const [a, b] = operands;
	const isSum = node.kind === "contract" || node.kind === "reduce";
	const isAddition = node.kind === "map" && (node.operator === "add" || node.operator === "subtract");
	const isQuotient = node.kind === "map" && node.operator === "divide";
	const [left, right] = [a?.terms ?? 1, isQuotient ? 1 : (b?.terms ?? 1)];
	return {
		holdsSum: isSum || operands.some(({ holdsSum }) => holdsSum),
		terms: isAddition ? left + right : left * right,
	};
}

function nodeDerivation(node: ProgramNode, ofNode: readonly ValueId[]): Derivation {
	const value = (id: number): ValueId => present(ofNode[id], "value of an earlier node");
	switch (node.kind) {
		case "input":
			return { kind: "input", input: node.input, access: node.access, operands: [] };
		case "constant":
			return { kind: "constant", value: node.value, operands: [] };
		case "map":
			return { kind: "map", operator: node.operator, operands: node.operands.map(value) };
		case "reduce":
			return {
				kind: "reduce",
				operator: node.operator,
				over: maskOf(node.over),
				operands: [value(node.operand)],
			};
		case "contract":
			return { kind: "contract", over: maskOf(node.over), operands: [value(node.left), value(node.right)] };
	}
}

type OfOperands = (expressions: Expressions, a: ExpressionId, b: ExpressionId) => ExpressionId;

/**
 * Operators with laws. All others, exponentials and roots among them, are atoms named by the values they are applied to:
 * what can be part of an argument is asked of the argument, which is a whole of its own.
 */
const lawful: Partial<Readonly<Record<MapOperator, OfOperands>>> = {
	add: (expressions, a, b) => expressions.add(a, b),
	subtract: (expressions, a, b) => expressions.subtract(a, b),
	multiply: (expressions, a, b) => expressions.multiply(a, b),
	divide: (expressions, a, b) => expressions.divide(a, b),
	negate: (expressions, a) => expressions.negate(a),
};

function deriveExpression(
	expressions: Expressions,
	derivation: Derivation,
	axes: AxisMask,
	expressionOfValue: (id: ValueId) => ExpressionId,
): ExpressionId {
	const operands = derivation.operands.map(expressionOfValue);
	const [a = 0, b = a] = operands;
	switch (derivation.kind) {
		case "input":
			return expressions.input(inputKey(derivation.input, derivation.access), axesOf(axes));
		case "constant": {
			const { value } = derivation;
			if (Number.isFinite(value) && !Object.is(value, -0)) return expressions.constant(value);
			return expressions.opaque(Object.is(value, -0) ? "-0" : `${value}`, [], []);
		}
		case "map": {
			const apply = lawful[derivation.operator];
			if (apply !== undefined) return apply(expressions, a, b);
			return expressions.opaque(derivationKey(derivation), [], axesOf(axes));
		}
		case "reduce":
			if (derivation.operator === "sum") return expressions.sum(a, axesOf(derivation.over));
			return expressions.opaque(derivationKey(derivation), [], axesOf(axes));
		case "contract":
			return expressions.sum(expressions.multiply(a, b), axesOf(derivation.over));
	}
}
