// Expressions of the loop IR as C expressions.

import { present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant } from "#shared/loop-ir/affine.ts";
import type { Expression, LoadExpression, LoopOperator, Microkernel } from "#shared/loop-ir/loop-ir.ts";
import { expressionLanes } from "#shared/loop-ir/loop-ir.ts";
import type { ReduceOperator } from "#shared/program/program.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { Prelude } from "./c-prelude.ts";

export interface CScope {
	readonly prelude: Prelude;
	/** Element type of each buffer that may be named. */
	readonly elementTypes: ReadonlyMap<string, DataType>;
	readonly microkernels: ReadonlyMap<string, Microkernel>;
}

export const cTypes: Readonly<Record<DataType, string>> = {
	float32: "float",
	float16: "unsigned short",
	bfloat16: "unsigned short",
	float64: "double",
	int8: "signed char",
	int16: "short",
	int32: "int",
	int64: "long",
	uint8: "unsigned char",
	uint16: "unsigned short",
	uint32: "unsigned int",
	uint64: "unsigned long",
	bool: "unsigned char",
};

export function printAffine(value: Affine): string {
	const parts = value.terms.map(({ variable, factor }) =>
		factor === 1 ? variable : `${variable} * ${factor}`,
	);
	if (value.constant !== 0 || parts.length === 0) parts.push(`${value.constant}`);
	return parts.join(" + ").replaceAll("+ -", "- ");
}

export function printNumber(value: number): string {
	const rounded = Math.fround(value);
	if (Number.isNaN(rounded)) return '__builtin_nanf("")';
	if (rounded === Number.POSITIVE_INFINITY) return "__builtin_inff()";
	if (rounded === Number.NEGATIVE_INFINITY) return "(-__builtin_inff())";
	const text = Number(rounded.toPrecision(9)).toString();
	const decimal = /[.e]/.test(text) ? text : `${text}.0`;
	return rounded < 0 || Object.is(rounded, -0)
		? `(${Object.is(rounded, -0) ? "-0.0" : decimal}f)`
		: `${decimal}f`;
}

export function printExpression(scope: CScope, expression: Expression): string {
	switch (expression.kind) {
		case "number":
			return printNumber(expression.value);
		case "local":
			return expression.name;
		case "load":
			return printLoad(scope, expression);
		case "apply": {
			const operands = expression.operands.map((operand) => printAs(scope, operand, expression.lanes));
			return operators[expression.operator](scope.prelude, operands, expression.lanes);
		}
		case "horizontal": {
			const lanes = expressionLanes(expression.operand);
			const name = horizontalFunctions[expression.operator];
			return `${scope.prelude.call(name, lanes)}(${printExpression(scope, expression.operand)})`;
		}
		case "keep": {
			const lanes = expressionLanes(expression.operand);
			const operand = printExpression(scope, expression.operand);
			const neutral = printNumber(expression.neutral);
			return `${scope.prelude.call("keep", lanes)}(${operand}, ${expression.active}, ${neutral})`;
		}
	}
}

/** The expression with `lanes` lanes: a scalar fills all of them. */
export function printAs(scope: CScope, expression: Expression, lanes: number): string {
	const text = printExpression(scope, expression);
	if (lanes === 1 || expressionLanes(expression) === lanes) return text;
	return `${scope.prelude.call("splat", lanes)}(${text})`;
}

const horizontalFunctions: Readonly<Record<ReduceOperator, string>> = {
	sum: "sum",
	product: "product",
	max: "maximum",
	min: "minimum",
};

function printLoad(scope: CScope, load: LoadExpression): string {
	const type = present(scope.elementTypes.get(load.buffer), `buffer ${load.buffer} is declared`);
	const at = (lane: number): string => {
		const index = printAffine(addAffine(load.index, affineConstant(lane * load.laneStride)));
		return convertElement(scope.prelude, type, `${load.buffer}[${index}]`);
	};
	if (load.lanes === 1) return at(0);
	const pointer = `${load.buffer} + ${printAffine(load.index)}`;
	if (load.laneStride === 1 && type === "float32") {
		if (load.active === load.lanes) return `*(const kiln_f${load.lanes}u *)(${pointer})`;
		return `${scope.prelude.call("load_part", load.lanes)}(${pointer}, ${load.active})`;
	}
	if (load.laneStride === 1 && type === "float16" && load.active === load.lanes) {
		return `${scope.prelude.call("half", load.lanes)}(*(const kiln_h${load.lanes}u *)(${pointer}))`;
	}
	if (load.laneStride === 1 && type === "bool" && load.active === load.lanes) {
		return `${scope.prelude.call("flags", load.lanes)}(${pointer})`;
	}
	scope.prelude.call("splat", load.lanes);
	const lanes = Array.from({ length: load.lanes }, (_, lane) => (lane < load.active ? at(lane) : "0.0f"));
	return `(kiln_f${load.lanes}){${lanes.join(", ")}}`;
}

function convertElement(prelude: Prelude, type: DataType, text: string): string {
	if (type === "float32") return text;
	if (type === "float16") return `${prelude.call("half", 1)}(${text})`;
	if (type === "bfloat16") return `${prelude.call("brain", 1)}(${text})`;
	if (type === "bool") return `(float)(${text} != 0)`;
	return `(float)${text}`;
}

type Printer = (prelude: Prelude, operands: readonly string[], lanes: number) => string;

const infix =
	(operator: string): Printer =>
	(_, operands) =>
		`(${operands.join(` ${operator} `)})`;

const named =
	(name: string): Printer =>
	(prelude, operands, lanes) =>
		`${prelude.call(name, lanes)}(${operands.join(", ")})`;

/** 1 where the comparison holds, else 0. */
const comparison =
	(condition: (operands: readonly string[], zero: string) => string): Printer =>
	(prelude, operands, lanes) => {
		if (lanes === 1) return `(float)(${condition(operands, "0.0f")})`;
		const zero = `${prelude.call("splat", lanes)}(0.0f)`;
		return `${prelude.call("truth", lanes)}(${condition(operands, zero)})`;
	};

const operators: Readonly<Record<LoopOperator, Printer>> = {
	add: infix("+"),
	subtract: infix("-"),
	multiply: infix("*"),
	divide: infix("/"),
	maximum: named("max"),
	minimum: named("min"),
	power: named("power"),
	negate: (_, operands) => `(-${operands.join("")})`,
	abs: named("abs"),
	exp: named("exp"),
	expNonPositive: named("expNonPositive"),
	inverseScale: named("inverseScale"),
	pair: named("pair"),
	pairNeighbours: named("pairNeighbours"),
	addPairProducts: named("addPairProducts"),
	log: named("log"),
	sqrt: named("sqrt"),
	erf: named("erf"),
	sigmoid: named("sigmoid"),
	tanh: named("tanh"),
	sin: named("sin"),
	cos: named("cos"),
	floor: named("floor"),
	ceil: named("ceil"),
	roundHalfEven: named("roundHalfEven"),
	sign: named("sign"),
	not: comparison(([x], zero) => `${x} == ${zero}`),
	equal: comparison(([x, y]) => `${x} == ${y}`),
	less: comparison(([x, y]) => `${x} < ${y}`),
	lessOrEqual: comparison(([x, y]) => `${x} <= ${y}`),
	and: comparison(([x, y], zero) => `(${x} != ${zero}) & (${y} != ${zero})`),
	or: comparison(([x, y], zero) => `(${x} != ${zero}) | (${y} != ${zero})`),
	select: named("select"),
};
