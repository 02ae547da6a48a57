// Result shapes of common operators that Kiln does not import, so that what follows them still can be.
// Files that torch writes declare no inner shapes: without this, a convolutional stem would cost the whole model.

import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import type { OnnxNode } from "./model.ts";
import type { ValueScope } from "./value-scope.ts";

/** Type and shape of the node's first result, or null when they cannot be told. */
export function inferForeignShape(
	node: OnnxNode,
	build: GraphBuilder,
	scope: ValueScope,
): { readonly dataType: DataType; readonly shape: Shape } | null {
	const infer = node.domain === "" && Object.hasOwn(rules, node.operator) ? rules[node.operator] : undefined;
	if (infer === undefined) return null;
	const operands = node.inputs.map((name) => (name === "" ? null : scope.lookup(name)));
	const data = operands[0];
	if (typeof data !== "number") return null;
	const weight = typeof operands[1] === "number" ? build.shapeOf(operands[1]) : null;
	const shape = infer(node, build.shapeOf(data), weight);
	const isUsable = shape?.every((extent) => Number.isSafeInteger(extent) && extent > 0) === true;
	return shape !== null && isUsable ? { dataType: build.dataTypeOf(data), shape } : null;
}

type Rule = (node: OnnxNode, data: Shape, weight: Shape | null) => Shape | null;

const rules: Readonly<Record<string, Rule>> = {
	Conv: (node, data, weight) => {
		if (weight === null || weight.length !== data.length || data.length < 3) return null;
		const spatial = windows(node, data.slice(2), weight.slice(2));
		return spatial === null ? null : [data[0] ?? 0, weight[0] ?? 0, ...spatial];
	},
	MaxPool: pool,
	AveragePool: pool,
	GlobalMaxPool: globalPool,
	GlobalAveragePool: globalPool,
};

function pool(node: OnnxNode, data: Shape): Shape | null {
	const kernel = node.attributes.get("kernel_shape")?.ints;
	if (kernel === undefined || kernel.length !== data.length - 2) return null;
	const spatial = windows(node, data.slice(2), kernel);
	return spatial === null ? null : [...data.slice(0, 2), ...spatial];
}

function globalPool(_node: OnnxNode, data: Shape): Shape {
	return data.map((extent, axis) => (axis < 2 ? extent : 1));
}

/** Window positions on each spatial axis (ONNX, Conv and AveragePool: explicit pads or auto_pad). */
function windows(node: OnnxNode, extents: Shape, kernel: Shape): number[] | null {
	const ints = (name: string): readonly number[] | undefined => node.attributes.get(name)?.ints;
	const autoPad = String.fromCharCode(...(node.attributes.get("auto_pad")?.text.subarray(0, 16) ?? []));
	const rounds = (node.attributes.get("ceil_mode")?.int ?? 0) !== 0 ? Math.ceil : Math.floor;
	const result = extents.map((extent, axis) => {
		const stride = ints("strides")?.[axis] ?? 1;
		if (autoPad.startsWith("SAME")) return Math.ceil(extent / stride);
		const pads = ints("pads") ?? [];
		const padded = extent + (pads[axis] ?? 0) + (pads[axis + extents.length] ?? 0);
		const reach = ((kernel[axis] ?? 1) - 1) * (ints("dilations")?.[axis] ?? 1) + 1;
		// The last window of a rounded-up pool must begin inside the input or the padding before it.
		const count = rounds((padded - reach) / stride) + 1;
		const beginsBeyond = (count - 1) * stride >= extent + (pads[axis] ?? 0);
		return rounds === Math.ceil && beginsBeyond ? count - 1 : count;
	});
	return result.every((count) => count > 0) ? result : null;
}
