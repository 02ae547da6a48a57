// Activations. Each is written out as its definition in the ONNX specification reads, in primitives.

import type { UnaryOperator, ValueId } from "#shared/graph/graph.ts";
import type { NodeContext, OperatorEntry, OperatorImporter } from "../node-context.ts";
import { demandFloat, demandNumber } from "./accepted-types.ts";
import { clamp, geluExact, geluTanh, scalarWith, softplus, swish, withScalar } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";

/** Selu's defaults, which the specification gives as float32. */
const seluAlpha = Math.fround(1.6732632);
const seluGamma = Math.fround(1.050701);

/** An activation of one float operand. */
function activation(formula: (context: NodeContext, x: ValueId) => ValueId): OperatorImporter {
	return (context) => {
		const x = context.input(0);
		demandFloat(context, x);
		context.output(0, formula(context, x));
	};
}

function primitive(operator: UnaryOperator): OperatorImporter {
	return activation((context, x) => context.build.unary(operator, x));
}

function importRelu(context: NodeContext): void {
	const x = context.input(0);
	demandNumber(context, x);
	context.output(0, withScalar(context.build, "maximum", x, 0));
}

/** x where x >= 0, else `negative`. */
function whereNegative(context: NodeContext, x: ValueId, negative: ValueId): ValueId {
	const { build } = context;
	return build.select(withScalar(build, "less", x, 0), negative, x);
}

function leakyRelu(context: NodeContext, x: ValueId): ValueId {
	const alpha = context.attributeFloat("alpha", 0.01);
	return whereNegative(context, x, withScalar(context.build, "multiply", x, alpha));
}

/** The slope broadcasts to x, never x to the slope. */
function importPRelu(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	demandNumber(context, x);
	const slope = build.broadcast(context.input(1), build.shapeOf(x));
	context.output(0, whereNegative(context, x, build.binary("multiply", x, slope)));
}

/** alpha (e^x - 1). */
function scaledExponential(context: NodeContext, x: ValueId, alpha: number): ValueId {
	const { build } = context;
	const exponential = withScalar(build, "subtract", build.unary("exp", x), 1);
	return alpha === 1 ? exponential : withScalar(build, "multiply", exponential, alpha);
}

function elu(context: NodeContext, x: ValueId): ValueId {
	const alpha = context.attributeFloat("alpha", 1);
	return whereNegative(context, x, scaledExponential(context, x, alpha));
}

function selu(context: NodeContext, x: ValueId): ValueId {
	const alpha = context.attributeFloat("alpha", seluAlpha);
	const gamma = context.attributeFloat("gamma", seluGamma);
	const shaped = whereNegative(context, x, scaledExponential(context, x, alpha));
	return withScalar(context.build, "multiply", shaped, gamma);
}

/** alpha elu(x / alpha), as the function that defines it: for alpha > 0 max(0, x) + min(0, alpha (e^(x / alpha) - 1)). */
function celu(context: NodeContext, x: ValueId): ValueId {
	const { build } = context;
	const alpha = context.attributeFloat("alpha", 1);
	const scaled = alpha === 1 ? x : withScalar(build, "divide", x, alpha);
	const shaped = whereNegative(context, scaled, scaledExponential(context, scaled, 1));
	return alpha === 1 ? shaped : withScalar(build, "multiply", shaped, alpha);
}

function gelu(context: NodeContext, x: ValueId): ValueId {
	const form = context.attributeString("approximate", "none");
	if (form === "none") return geluExact(context.build, x);
	if (form === "tanh") return geluTanh(context.build, x);
	return context.refuse("model.op_attribute_invalid", `found approximate '${form}', expected none or tanh`, {
		attribute: "approximate",
		found: form,
	});
}

function hardSigmoid(context: NodeContext, x: ValueId): ValueId {
	const { build } = context;
	const scaled = withScalar(build, "multiply", x, context.attributeFloat("alpha", 0.2));
	return clamp(build, withScalar(build, "add", scaled, context.attributeFloat("beta", 0.5)), 0, 1);
}

/** x max(0, min(1, x / 6 + 1/2)). */
function hardSwish(context: NodeContext, x: ValueId): ValueId {
	const { build } = context;
	const gate = withScalar(build, "add", withScalar(build, "multiply", x, 1 / 6), 0.5);
	return build.binary("multiply", x, clamp(build, gate, 0, 1));
}

function mish(context: NodeContext, x: ValueId): ValueId {
	const { build } = context;
	return build.binary("multiply", x, build.unary("tanh", softplus(build, x)));
}

/** x / (1 + |x|). */
function softsign(context: NodeContext, x: ValueId): ValueId {
	const { build } = context;
	return build.binary("divide", x, withScalar(build, "add", build.unary("abs", x), 1));
}

/** gate · sigmoid(alpha gate) · linear, of two operands that broadcast. */
function importSwiGlu(context: NodeContext): void {
	const { build } = context;
	const gate = context.input(0);
	demandFloat(context, gate);
	const swished = swish(build, gate, context.attributeFloat("alpha", 1));
	context.output(0, build.binary("multiply", swished, context.input(1)));
}

function thresholdedRelu(context: NodeContext, x: ValueId): ValueId {
	const { build } = context;
	const above = withScalar(build, "greater", x, context.attributeFloat("alpha", 1));
	return build.select(above, x, build.scalar(0, build.dataTypeOf(x)));
}

/** x + bias below -lambda, x - bias above lambda, 0 between. */
function importShrink(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const dataType = demandNumber(context, x);
	const bias = context.attributeFloat("bias", 0);
	const threshold = context.attributeFloat("lambd", 0.5);
	const low = scalarWith(build, "greater", -threshold, x);
	const high = withScalar(build, "greater", x, threshold);
	const raised = withScalar(build, "add", x, bias);
	const lowered = withScalar(build, "subtract", x, bias);
	context.output(0, build.select(low, raised, build.select(high, lowered, build.scalar(0, dataType))));
}

export const activationOperators: Readonly<Record<string, OperatorEntry>> = {
	Relu: operatorEntry(importRelu),
	Sigmoid: operatorEntry(primitive("sigmoid")),
	Tanh: operatorEntry(primitive("tanh")),
	LeakyRelu: operatorEntry(activation(leakyRelu)),
	PRelu: operatorEntry(importPRelu),
	Elu: operatorEntry(activation(elu)),
	Selu: operatorEntry(activation(selu)),
	Celu: operatorEntry(activation(celu), 12),
	Gelu: operatorEntry(activation(gelu), 20),
	HardSigmoid: operatorEntry(activation(hardSigmoid)),
	HardSwish: operatorEntry(activation(hardSwish), 14),
	Mish: operatorEntry(activation(mish), 18),
	Softplus: operatorEntry(activation((context, x) => softplus(context.build, x))),
	Softsign: operatorEntry(activation(softsign)),
	Swish: operatorEntry(
		activation((context, x) => swish(context.build, x, context.attributeFloat("alpha", 1))),
		24,
	),
	SwiGLU: operatorEntry(importSwiGlu, 28),
	ThresholdedRelu: operatorEntry(activation(thresholdedRelu), 10),
	Shrink: operatorEntry(importShrink, 9, "Integer types take whole thresholds and biases."),
};
