// Element-wise nodes in the fields. Sums, products and quotients are exact; a bool is a variable that stands for 0 or 1,
// so that and, or, not and where are polynomials: two that agree for every number agree for 0 and 1.

import { present } from "#shared/fault/assert.ts";
import type {
	BinaryNode,
	BinaryOperator,
	SelectNode,
	UnaryNode,
	UnaryOperator,
} from "#shared/graph/graph.ts";
import { allocateField } from "#shared/numeric/field-buffer.ts";
import { type FieldElement, fieldOperator } from "#shared/numeric/field-operators.ts";
import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { readElements } from "#shared/tensor/elements.ts";
import { learnSelection, writeAbsentSum, writeIsAbsent } from "./field-absence.ts";
import { writeByCase } from "./field-choice.ts";
import { type ElementFunction, first, forEachElement, uninterpreted } from "./field-each-element.ts";
import { learnSummand, learnSumOfExponentials, writeLogOfSum } from "./field-log-sum.ts";
import { learnExponential, learnMagnitude, writeSoftplus } from "./field-logarithm.ts";
import {
	learnGap,
	learnGuard,
	learnShare,
	writeGuardedShare,
	writePeak,
	writeSafeSum,
} from "./field-masked-rows.ts";
import {
	extremumOfSelection,
	writeEquality,
	writeExtremum,
	writeNot,
	writeOrder,
	writeOrderUnion,
} from "./field-order.ts";
import {
	copyElement,
	type EvaluateInFields,
	type FieldRun,
	type FieldTensor,
	fillElement,
} from "./field-tensor.ts";

const both = ([a, b]: readonly FieldElement[]): readonly [FieldElement, FieldElement] => [
	present(a, "a first operand"),
	present(b, "a second operand"),
];

function scratch({ trials }: FieldRun): FieldElement {
	return { buffer: allocateField(1, trials.lanes), at: 0 };
}

/** Unary operators that are more than a name: `run` and type -> function, or null to leave it a name. */
const unaries: Partial<Readonly<Record<UnaryOperator, (run: FieldRun) => ElementFunction>>> = {
	negate:
		({ trials }) =>
		(operands, result) =>
			fieldOperator(trials, "negate")(trials, operands, result),
	not: (run) => (operands, result) => writeNot(run, first(operands), result),
	/** max(x, -x). */
	abs: (run) => {
		const { trials } = run;
		const opposite = scratch(run);
		return (operands, result) => {
			const fact = run.facts.find(run.facts.identityOf(first(operands)));
			fieldOperator(trials, "negate")(trials, operands, opposite);
			if (fact?.kind === "constant")
				copyElement(trials.lanes, fact.value < 0 ? opposite : first(operands), result);
			else writeExtremum(run, "maximum", [first(operands), opposite], result);
			learnMagnitude(run, first(operands), result);
		};
	},
	log: (run) => {
		const otherwise = uninterpreted(run, "log", "float64");
		return (operands, result) => {
			const isKnown =
				writeSoftplus(run, first(operands), result) || writeLogOfSum(run, first(operands), result);
			if (!isKnown) otherwise(operands, result);
		};
	},
	isInfinite: (run) => {
		const otherwise = uninterpreted(run, "isInfinite", "float64");
		return (operands, result) => {
			if (run.facts.isFinite(first(operands).buffer)) fillElement(run.trials.lanes, 0, result);
			else otherwise(operands, result);
		};
	},
	reciprocal: (run) => {
		const { trials } = run;
		const unit = scratch(run);
		fillElement(trials.lanes, 1, unit);
		return (operands, result) => fieldOperator(trials, "divide")(trials, [unit, first(operands)], result);
	},
};
/** What the fragment may interpret. */
const transcendental: ReadonlySet<UnaryOperator> = new Set<UnaryOperator>(["exp", "sigmoid", "tanh", "sqrt"]);

export const evaluateUnary: EvaluateInFields<UnaryNode> = (run, { operator }, operands, output) => {
	const { trials } = run;
	const { dataType } = present(operands[0], "a unary node's operand");
	const known = unaries[operator];
	let apply = uninterpreted(run, operator, dataType);
	if (known !== undefined) apply = known(run);
	else if (transcendental.has(operator)) {
		const interpreted = fieldOperator(trials, operator as "exp" | "sigmoid" | "tanh" | "sqrt");
		apply = (elements, result) => {
			if (operator === "exp" && isZero(run, first(elements))) {
				fillElement(trials.lanes, 1, result);
				learnSummand(run, first(elements), result);
				return;
			}
			const limit = run.facts.isMinusInfinity(first(elements)) ? limits.get(operator) : undefined;
			if (limit !== undefined) fillElement(trials.lanes, limit, result);
			else interpreted(trials, elements, result);
			if (limit !== undefined || operator !== "exp") return;
			learnShare(run, first(elements), result);
			learnExponential(run, first(elements), result);
			learnSummand(run, first(elements), result);
		};
	}
	return forEachElement(
		run,
		operands,
		output,
		operator === "negate" || operator === "not" ? byCase(run, apply) : apply,
	);
};

/** The function case by case where operands depend on a choice (field-choice.ts). */
function byCase(run: FieldRun, apply: ElementFunction, isOfNumbers = false): ElementFunction {
	if (!run.facts.hasChoice()) return apply;
	return (operands, result) => {
		if (!writeByCase(run, apply, operands, result, isOfNumbers)) apply(operands, result);
	};
}

/** Whether the value is 0 in all lanes, inside exponents too: its exponential is the number 1, which may stand in exponents. */
function isZero({ trials }: FieldRun, { buffer, at }: FieldElement): boolean {
	for (let lane = at; lane < at + trials.lanes; lane++)
		if (buffer.outside[lane] !== 0 || buffer.inside[lane] !== 0) return false;
	return true;
}

/** At minus infinity. */
const limits: ReadonlyMap<UnaryOperator, 0> = new Map<UnaryOperator, 0>([
	["exp", 0],
	["sigmoid", 0],
]);

type BinaryFunction = (run: FieldRun, dataType: DataType) => ElementFunction;

const ring =
	(operator: "add" | "subtract" | "multiply"): BinaryFunction =>
	(run, dataType) => {
		const { trials, facts } = run;
		const apply = fieldOperator(trials, operator);
		return (operands, result) => {
			const [left, right] = both(operands);
			// Minus infinity absorbs what is added to it.
			if (operator !== "multiply" && facts.isMinusInfinity(left)) copyElement(trials.lanes, left, result);
			else if (operator === "add" && facts.isMinusInfinity(right)) copyElement(trials.lanes, right, result);
			else {
				apply(trials, operands, result);
				if (operator === "add") {
					writeAbsentSum(run, left, right, result);
					learnSumOfExponentials(run, operands, result);
				}
			}
			if (operator === "subtract") learnGap(run, [left, right], result, dataType);
		};
	};
const extremum =
	(operator: "maximum" | "minimum"): BinaryFunction =>
	(run, dataType) =>
	(operands, result) => {
		if (operator === "maximum" && writePeak(run, both(operands), dataType, result)) return;
		if (operator === "maximum" && writeSafeSum(run, operands, result)) return;
		writeExtremum(run, operator, operands, result);
		if (operator === "maximum") learnGuard(run, operands, result);
	};
const order =
	(isSwapped: boolean, acceptsEqual: boolean): BinaryFunction =>
	(run) =>
	(operands, result) => {
		const [left, right] = both(operands);
		writeOrder(run, isSwapped ? [right, left] : [left, right], acceptsEqual, result);
	};

/** a + b - c·ab, which is `or` for c = 1 and `xor` for c = 2. */
const union =
	(times: 1 | 2): BinaryFunction =>
	(run) => {
		const { trials } = run;
		const product = scratch(run);
		return (operands, result) => {
			if (times === 1 && writeOrderUnion(run, both(operands), result)) return;
			fieldOperator(trials, "multiply")(trials, operands, product);
			fieldOperator(trials, "add")(trials, operands, result);
			for (let time = 0; time < times; time++)
				fieldOperator(trials, "subtract")(trials, [result, product], result);
		};
	};

const binaries: Partial<Readonly<Record<BinaryOperator, BinaryFunction>>> = {
	add: ring("add"),
	subtract: ring("subtract"),
	multiply: ring("multiply"),
	maximum: extremum("maximum"),
	minimum: extremum("minimum"),
	less: order(false, false),
	lessOrEqual: order(false, true),
	greater: order(true, false),
	greaterOrEqual: order(true, true),
	equal: (run) => (operands, result) => {
		if (!writeIsAbsent(run, both(operands), result)) writeEquality(run, both(operands), result);
	},
	and: ring("multiply"),
	or: union(1),
	xor: union(2),
};

export const evaluateBinary: EvaluateInFields<BinaryNode> = (run, { operator }, operands, output) => {
	const { trials } = run;
	const { dataType } = present(operands[0], "a binary node's operand");
	let apply = binaries[operator]?.(run, dataType) ?? uninterpreted(run, operator, dataType);
	if (operator === "divide" && isFloat(dataType))
		apply = (elements, result) => {
			if (!writeGuardedShare(run, both(elements), result))
				fieldOperator(trials, "divide")(trials, elements, result);
		};
	if (operator === "power" && isFloat(dataType)) {
		const exponent = constantExponent(operands[1]);
		if (exponent !== null) apply = powerBy(run, exponent);
	}
	if (polynomials.has(operator)) apply = byCase(run, apply);
	else if (comparisons.has(operator)) apply = byCase(run, apply, true);
	return forEachElement(run, operands, output, apply);
};

const polynomials: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>([
	"add",
	"subtract",
	"multiply",
	"and",
	"or",
	"xor",
]);
const comparisons: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>([
	"equal",
	"less",
	"lessOrEqual",
	"greater",
	"greaterOrEqual",
]);

const exponentMax = 16;

/** The exponent where it is one small whole number or a half for all elements, else null. */
export function constantExponent(operand: Pick<FieldTensor, "known"> | undefined): number | null {
	const known = operand?.known;
	if (known === null || known === undefined) return null;
	const exponents = readElements(known);
	const exponent = exponents[0] ?? Number.NaN;
	const isInterpreted =
		(Number.isInteger(exponent) && exponent >= 1 && exponent <= exponentMax) || exponent === 0.5;
	return isInterpreted && exponents.every((other) => other === exponent) ? exponent : null;
}

function powerBy(run: FieldRun, exponent: number): ElementFunction {
	const { trials } = run;
	if (exponent === 0.5)
		return (operands, result) => fieldOperator(trials, "sqrt")(trials, [first(operands)], result);
	return (operands, result) => {
		const base = first(operands);
		copyElement(trials.lanes, base, result);
		for (let power = 1; power < exponent; power++)
			fieldOperator(trials, "multiply")(trials, [result, base], result);
	};
}

/** whenFalse + condition · (whenTrue - whenFalse), or the extremum that it is. */
export const evaluateSelect: EvaluateInFields<SelectNode> = (run, _node, operands, output) => {
	const { trials } = run;
	const scaled = scratch(run);
	const apply: ElementFunction = ([condition, whenTrue, whenFalse], result) => {
		if (condition === undefined || whenTrue === undefined || whenFalse === undefined) return;
		const truth = truthOf(run, condition);
		if (truth !== null) {
			copyElement(trials.lanes, truth ? whenTrue : whenFalse, result);
			learnSelection(run, condition, [whenTrue, whenFalse], result);
			return;
		}
		const operator = extremumOfSelection(run, condition, whenTrue, whenFalse);
		if (operator !== null) {
			writeExtremum(run, operator, [whenTrue, whenFalse], result);
			return;
		}
		if (run.facts.isMinusInfinity(whenFalse)) {
			// t where c, else -∞: as t + (1 - c)·(-∞), which it is in the limit, so that sums with it obey their laws.
			writeNot(run, condition, scaled);
			fieldOperator(trials, "multiply")(trials, [scaled, whenFalse], scaled);
			fieldOperator(trials, "add")(trials, [whenTrue, scaled], result);
		} else {
			fieldOperator(trials, "subtract")(trials, [whenTrue, whenFalse], scaled);
			fieldOperator(trials, "multiply")(trials, [condition, scaled], scaled);
			fieldOperator(trials, "add")(trials, [whenFalse, scaled], result);
		}
		learnSelection(run, condition, [whenTrue, whenFalse], result);
	};
	return forEachElement(run, operands, output, byCase(run, apply));
};

/** A bool that is the same number in all lanes, or null. */
function truthOf({ trials }: FieldRun, { buffer, at }: FieldElement): boolean | null {
	const value = buffer.outside[at] as number;
	if (value > 1) return null;
	for (let lane = 1; lane < trials.lanes; lane++) if (buffer.outside[at + lane] !== value) return null;
	return value === 1;
}
