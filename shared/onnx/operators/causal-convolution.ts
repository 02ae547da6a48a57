// CausalConvWithState (opset 27): a depthwise convolution along time that carries its last inputs to the next call. Each
// channel has a kernel of its own, so that it is a sum of few shifted products, all element-wise, and needs no gather of
// windows as general convolutions do.

import type { ValueId } from "#shared/graph/graph.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { swish } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";

/** Each element of the kernel costs three primitives; kernels of state space models have 3 or 4. */
const kernelMax = 64;

interface Extents {
	readonly batch: number;
	readonly channels: number;
	readonly length: number;
	readonly kernel: number;
}

/** x [b, c, l], weight [c, 1, k], bias [c], past [b, c, k - 1] -> [b, c, l] and the last k - 1 inputs [b, c, k - 1]. */
function importCausalConvolution(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	demandFloat(context, x);
	const extents = readExtents(context);
	const { batch, channels, length, kernel } = extents;
	const carried = [batch, channels, kernel - 1];
	const past = context.optionalInput(3);
	if (past !== null && build.shapeOf(past).join() !== carried.join()) {
		context.refuse(
			"model.shape_invalid",
			`found a past state of shape [${build.shapeOf(past)}], expected [${carried}]`,
		);
	}
	const inputs =
		past === null
			? build.pad(x, [0, 0, kernel - 1], [0, 0, 0], "constant", null)
			: build.concat([past, x], 2);
	const convolved = convolve(context, inputs, extents);
	const bias = context.optionalInput(2);
	const sum = bias === null ? convolved : build.binary("add", convolved, build.reshape(bias, [channels, 1]));
	context.output(0, activated(context, sum));
	context.output(1, build.slice(inputs, [0, 0, length], carried, [1, 1, 1]));
}

function readExtents(context: NodeContext): Extents {
	const { build } = context;
	const [shape, weight] = [build.shapeOf(context.input(0)), build.shapeOf(context.input(1))];
	const [batch = 0, channels = 0, length = 0] = shape;
	const kernel = weight[2] ?? 0;
	if (shape.length !== 3 || weight.join() !== [channels, 1, kernel].join() || kernel < 1) {
		context.refuse(
			"model.shape_invalid",
			`found inputs [${shape}] and weights [${weight}], expected [b, c, l] and [c, 1, k]`,
		);
	}
	if (kernel > kernelMax) {
		context.refuse("model.op_attribute_unsupported", `found a kernel of ${kernel}, supported: ${kernelMax}`, {
			found: kernel,
			limit: kernelMax,
		});
	}
	return { batch, channels, length, kernel };
}

/** The sum over the taps k of weight[c, k] · inputs[b, c, t + k]. */
function convolve(context: NodeContext, inputs: ValueId, { batch, channels, length, kernel }: Extents) {
	const { build } = context;
	const taps = build.reshape(context.input(1), [channels, kernel]);
	const products = Array.from({ length: kernel }, (_, tap) => {
		const shifted = build.slice(inputs, [0, 0, tap], [batch, channels, length], [1, 1, 1]);
		return build.binary("multiply", shifted, build.slice(taps, [0, tap], [channels, 1], [1, 1]));
	});
	return products.reduce((sum, product) => build.binary("add", sum, product));
}

/** x, or x · sigmoid(x), computed in float32 for narrower types, as the function that defines the operator does. */
function activated(context: NodeContext, x: ValueId): ValueId {
	const { build } = context;
	const activation = context.attributeString("activation", "none");
	if (activation === "none") return x;
	if (activation !== "silu" && activation !== "swish") {
		context.refuse(
			"model.op_attribute_invalid",
			`found activation '${activation}', expected none, silu or swish`,
			{ attribute: "activation", found: activation },
		);
	}
	const dataType = build.dataTypeOf(x);
	const computed = build.cast(x, dataType === "float64" ? dataType : "float32");
	return build.cast(swish(build, computed, 1), dataType);
}

export const causalConvolutionOperators: Readonly<Record<string, OperatorEntry>> = {
	CausalConvWithState: operatorEntry(importCausalConvolution, 27, `Kernels of up to ${kernelMax} elements.`),
};
