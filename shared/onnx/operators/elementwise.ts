// Element-wise arithmetic, comparison, logic, bits and casts.

import type { BinaryOperator, UnaryOperator, ValueId } from "#shared/graph/graph.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { broadcastShapes, elementCount, equalShapes } from "#shared/tensor/shape.ts";
import { dataTypeOfCode, elementTypeName } from "../element-type.ts";
import type { NodeContext, OperatorEntry, OperatorImporter } from "../node-context.ts";
import { demandFloat, demandNumber } from "./accepted-types.ts";
import { chain, square, withScalar } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";

/** y = operator(x); `floats` demands a float operand where the primitive would take integers too. */
function unary(operator: UnaryOperator, floats: "floats" | "any" = "any"): OperatorImporter {
	return (context) => {
		const x = context.input(0);
		if (floats === "floats") demandFloat(context, x);
		context.output(0, context.build.unary(operator, x));
	};
}

function binary(operator: BinaryOperator): OperatorImporter {
	return (context) => {
		context.output(0, context.build.binary(operator, context.input(0), context.input(1)));
	};
}

/** Folds any number of operands from the left. */
function variadic(operator: BinaryOperator): OperatorImporter {
	return (context) => context.output(0, foldOperands(context, operator));
}

function foldOperands(context: NodeContext, operator: BinaryOperator): ValueId {
	demandNumber(context, context.input(0));
	let result = context.input(0);
	for (let index = 1; index < context.inputCount; index++) {
		result = context.build.binary(operator, result, context.input(index));
	}
	return result;
}

function importMean(context: NodeContext): void {
	demandFloat(context, context.input(0));
	const sum = foldOperands(context, "add");
	const { build } = context;
	context.output(
		0,
		context.inputCount === 1 ? sum : withScalar(build, "multiply", sum, 1 / context.inputCount),
	);
}

function importNeg(context: NodeContext): void {
	const x = context.input(0);
	demandNumber(context, x);
	context.output(0, context.build.unary("negate", x));
}

/** Base and exponent may differ in type; the result has the base's. Small constant powers become products and roots. */
function importPow(context: NodeContext): void {
	const { build } = context;
	const base = context.input(0);
	const exponent = context.input(1);
	const baseType = demandNumber(context, base);
	const exponentType = demandNumber(context, exponent);
	const simple = simplePower(context, base, exponent);
	if (simple !== null) {
		context.output(0, simple);
		return;
	}
	// An integer base with a float exponent is raised in float64, as ONNX Runtime does, and truncated back.
	const computed: DataType = !isFloat(baseType) && isFloat(exponentType) ? "float64" : baseType;
	const power = build.binary("power", build.cast(base, computed), build.cast(exponent, computed));
	context.output(0, build.cast(power, baseType));
}

/**
 * x^1, x^2, x^3 as products, x^0.5 and x^-0.5 through sqrt, x^-1 as a reciprocal; null for other exponents. Half powers
 * agree with pow everywhere but at -infinity and, in sign, at -0.
 */
function simplePower(context: NodeContext, base: ValueId, exponent: ValueId): ValueId | null {
	const { build } = context;
	const shape = build.shapeOf(base);
	const broadcast = broadcastShapes(shape, build.shapeOf(exponent));
	if (broadcast === null || !equalShapes(broadcast, shape)) return null;
	const known = build.constantNumbers(exponent);
	const power = known?.[0];
	if (power === undefined || !known?.every((value) => value === power)) return null;
	if (power === 1) return base;
	if (power === 2) return square(build, base);
	if (power === 3) return build.binary("multiply", square(build, base), base);
	if (!isFloat(build.dataTypeOf(base))) return null;
	if (power === 0.5) return build.unary("sqrt", base);
	if (power === -0.5) return chain(build, base, "sqrt", "reciprocal");
	if (power === -1) return build.unary("reciprocal", base);
	return null;
}

/** `fmod` 0: the result has the divisor's sign, as Python's %, also for floats; otherwise the dividend's, as C's. */
function importMod(context: NodeContext): void {
	const operator = context.attributeInt("fmod", 0) === 0 ? "remainder" : "fmod";
	context.output(0, context.build.binary(operator, context.input(0), context.input(1)));
}

function importBitShift(context: NodeContext): void {
	const direction = context.attributeString("direction");
	const operators: Readonly<Record<string, BinaryOperator>> = { LEFT: "shiftLeft", RIGHT: "shiftRight" };
	const operator = operators[direction];
	if (operator === undefined) {
		context.refuse("model.op_attribute_invalid", `found direction '${direction}', expected LEFT or RIGHT`, {
			attribute: "direction",
		});
	}
	context.output(0, context.build.binary(operator, context.input(0), context.input(1)));
}

function importIsInf(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	demandFloat(context, x);
	const negative = context.attributeInt("detect_negative", 1) !== 0;
	const positive = context.attributeInt("detect_positive", 1) !== 0;
	if (negative && positive) {
		context.output(0, build.unary("isInfinite", x));
		return;
	}
	if (negative) {
		context.output(0, withScalar(build, "equal", x, Number.NEGATIVE_INFINITY));
		return;
	}
	if (positive) {
		context.output(0, withScalar(build, "equal", x, Number.POSITIVE_INFINITY));
		return;
	}
	context.output(0, build.broadcast(build.scalar(0, "bool"), build.shapeOf(x)));
}

function importWhere(context: NodeContext): void {
	context.output(0, context.build.select(context.input(0), context.input(1), context.input(2)));
}

function importCast(context: NodeContext): void {
	const code = context.attributeInt("to");
	const dataType = dataTypeOfCode(code);
	if (dataType === null) {
		context.refuse(
			"model.type_unsupported",
			`found a cast to ${elementTypeName(code)}, supported: float32, float16, bfloat16, float64, bool and 8 to 64-bit integers`,
			{ attribute: "to", found: code },
		);
	}
	context.output(0, context.build.cast(context.input(0), dataType));
}

function importCastLike(context: NodeContext): void {
	const { build } = context;
	context.output(0, build.cast(context.input(0), build.dataTypeOf(context.input(1))));
}

/** Bounds are attributes below opset 11 and optional scalar operands from there on. */
function importClip(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const dataType = demandNumber(context, x);
	const bound = (name: "min" | "max", index: number): ValueId | null => {
		if (context.opset < 11) {
			return context.hasAttribute(name) ? build.scalar(context.attributeFloat(name), dataType) : null;
		}
		const operand = context.optionalInput(index);
		if (operand === null) return null;
		const shape = build.shapeOf(operand);
		if (elementCount(shape) !== 1) {
			context.refuse("model.shape_invalid", `${name} has shape [${shape.join(", ")}], expected a scalar`);
		}
		return build.reshape(operand, []);
	};
	const lowest = bound("min", 1);
	const highest = bound("max", 2);
	const raised = lowest === null ? x : build.binary("maximum", x, lowest);
	context.output(0, highest === null ? raised : build.binary("minimum", raised, highest));
}

export const elementwiseOperators: Readonly<Record<string, OperatorEntry>> = {
	Abs: operatorEntry(unary("abs")),
	Neg: operatorEntry(importNeg),
	Exp: operatorEntry(unary("exp")),
	Log: operatorEntry(unary("log")),
	Sqrt: operatorEntry(unary("sqrt")),
	Reciprocal: operatorEntry(unary("reciprocal")),
	Erf: operatorEntry(unary("erf"), 9),
	Sin: operatorEntry(unary("sin")),
	Cos: operatorEntry(unary("cos")),
	Tan: operatorEntry(unary("tan")),
	Asin: operatorEntry(unary("asin")),
	Acos: operatorEntry(unary("acos")),
	Atan: operatorEntry(unary("atan")),
	Sinh: operatorEntry(unary("sinh"), 9),
	Cosh: operatorEntry(unary("cosh"), 9),
	Asinh: operatorEntry(unary("asinh"), 9),
	Acosh: operatorEntry(unary("acosh"), 9),
	Atanh: operatorEntry(unary("atanh"), 9),
	Floor: operatorEntry(unary("floor", "floats")),
	Ceil: operatorEntry(unary("ceil", "floats")),
	Round: operatorEntry(unary("roundHalfEven", "floats"), 11),
	Sign: operatorEntry(unary("sign"), 9),
	Not: operatorEntry(unary("not")),
	BitwiseNot: operatorEntry(unary("bitwiseNot"), 18),
	IsNaN: operatorEntry(unary("isNaN"), 9),
	IsInf: operatorEntry(importIsInf, 10),
	Add: operatorEntry(binary("add")),
	Sub: operatorEntry(binary("subtract")),
	Mul: operatorEntry(binary("multiply")),
	Div: operatorEntry(binary("divide")),
	Pow: operatorEntry(importPow),
	Mod: operatorEntry(importMod, 10),
	Sum: operatorEntry(variadic("add")),
	Max: operatorEntry(variadic("maximum")),
	Min: operatorEntry(variadic("minimum")),
	Mean: operatorEntry(importMean),
	Equal: operatorEntry(binary("equal")),
	Less: operatorEntry(binary("less")),
	LessOrEqual: operatorEntry(binary("lessOrEqual"), 12),
	Greater: operatorEntry(binary("greater")),
	GreaterOrEqual: operatorEntry(binary("greaterOrEqual"), 12),
	And: operatorEntry(binary("and")),
	Or: operatorEntry(binary("or")),
	Xor: operatorEntry(binary("xor")),
	BitwiseAnd: operatorEntry(binary("bitwiseAnd"), 18),
	BitwiseOr: operatorEntry(binary("bitwiseOr"), 18),
	BitwiseXor: operatorEntry(binary("bitwiseXor"), 18),
	BitShift: operatorEntry(importBitShift, 11),
	Where: operatorEntry(importWhere, 9),
	Cast: operatorEntry(importCast, 7, "Not to strings, complex, 8-bit floats or types below 8 bits."),
	CastLike: operatorEntry(importCastLike, 15, "Not to strings, complex, 8-bit floats or types below 8 bits."),
	Clip: operatorEntry(importClip),
};
