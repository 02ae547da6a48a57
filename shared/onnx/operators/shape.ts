// Operators that move elements without computing: reshapes, transposes, broadcasts, concatenations, splits and padding.
// Their shape operands must be known at import; with static shapes everywhere, shape arithmetic has folded by then.

import type { PadNode, ValueId } from "#shared/graph/graph.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import { normalizeAxes, normalizeAxis } from "../axes.ts";
import type { NodeContext, OperatorEntry, OperatorImporter } from "../node-context.ts";
import { broadcastOf } from "../primitive-shapes.ts";
import { operatorEntry as entry } from "./operator-entry.ts";
import { staticNumbers } from "./static-operand.ts";

const runTimeShape = "Operands that decide the result's shape must be known at import.";

function importReshape(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const from = build.shapeOf(x);
	const wanted =
		context.opset < 5 ? context.attributeInts("shape") : staticNumbers(context, context.input(1), "shape");
	const keepsZero = context.attributeInt("allowzero", 0) !== 0;
	const shape = wanted.map((extent, axis) =>
		extent === 0 && !keepsZero ? copiedExtent(context, from, axis) : extent,
	);
	context.output(0, build.reshape(x, resolveFree(context, from, shape)));
}

function copiedExtent(context: NodeContext, from: Shape, axis: number): number {
	return (
		from[axis] ??
		context.refuse("model.shape_invalid", `shape copies extent ${axis} of an operand of rank ${from.length}`)
	);
}

/** Replaces the one -1. */
function resolveFree(context: NodeContext, from: Shape, shape: Shape): Shape {
	const free = shape.indexOf(-1);
	if (free === -1) return shape;
	const others = elementCount(shape.filter((_, axis) => axis !== free));
	const extent = others === 0 ? 0 : elementCount(from) / others;
	if (shape.lastIndexOf(-1) !== free || !Number.isInteger(extent)) {
		context.refuse("model.shape_invalid", `reshape of [${from.join(", ")}] to [${shape.join(", ")}]`, {
			from,
			shape,
		});
	}
	return shape.map((given, axis) => (axis === free ? extent : given));
}

function importFlatten(context: NodeContext): void {
	const shape = context.build.shapeOf(context.input(0));
	const given = context.attributeInt("axis", 1);
	const axis = given === shape.length ? given : normalizeAxis(given, shape.length);
	const rows = elementCount(shape.slice(0, axis));
	context.output(0, context.build.reshape(context.input(0), [rows, elementCount(shape.slice(axis))]));
}

/** Axes are an attribute below opset 13 and an operand from there on. */
function axesOf(context: NodeContext): readonly number[] | null {
	if (context.opset < 13) return context.hasAttribute("axes") ? context.attributeInts("axes") : null;
	const operand = context.optionalInput(1);
	return operand === null ? null : staticNumbers(context, operand, "axes");
}

function importSqueeze(context: NodeContext): void {
	const shape = context.build.shapeOf(context.input(0));
	const axes = axesOf(context);
	const dropped = new Set(axes === null ? ones(shape) : normalizeAxes(axes, shape.length));
	for (const axis of dropped) {
		if (shape[axis] !== 1)
			context.refuse("model.shape_invalid", `axis ${axis} has extent ${shape[axis]}, expected 1`);
	}
	const kept = shape.filter((_, axis) => !dropped.has(axis));
	context.output(0, context.build.reshape(context.input(0), kept));
}

function ones(shape: Shape): number[] {
	return [...shape.keys()].filter((axis) => shape[axis] === 1);
}

function importUnsqueeze(context: NodeContext): void {
	const shape = [...context.build.shapeOf(context.input(0))];
	const axes = axesOf(context) ?? context.refuse("model.op_attribute_invalid", "axes are missing");
	// Ascending, so that each insertion lands where the result's axis is.
	for (const axis of normalizeAxes(axes, shape.length + axes.length)) shape.splice(axis, 0, 1);
	context.output(0, context.build.reshape(context.input(0), shape));
}

function importTranspose(context: NodeContext): void {
	const rank = context.build.shapeOf(context.input(0)).length;
	const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
	context.output(0, context.build.transpose(context.input(0), context.attributeInts("perm", reversed)));
}

function importExpand(context: NodeContext): void {
	const shape = staticNumbers(context, context.input(1), "shape");
	const result = broadcastOf([context.build.shapeOf(context.input(0)), shape]);
	context.output(0, context.build.broadcast(context.input(0), result));
}

function importConcat(context: NodeContext): void {
	const inputs = Array.from({ length: context.inputCount }, (_, index) => context.input(index));
	const axis = context.opset < 4 ? context.attributeInt("axis", 1) : context.attributeInt("axis");
	context.output(0, context.build.concat(inputs, axis));
}

function importSplit(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const shape = build.shapeOf(x);
	const axis = normalizeAxis(context.attributeInt("axis", 0), shape.length);
	const sizes = splitSizes(context, shape[axis] ?? 0);
	let at = 0;
	for (const [index, size] of sizes.entries()) {
		const starts = shape.map((_, other) => (other === axis ? at : 0));
		const part = shape.map((extent, other) => (other === axis ? size : extent));
		context.output(
			index,
			build.slice(
				x,
				starts,
				part,
				shape.map(() => 1),
			),
		);
		at += size;
	}
}

function splitSizes(context: NodeContext, extent: number): readonly number[] {
	const operand = context.opset < 13 ? null : context.optionalInput(1);
	const written = context.opset < 13 && context.hasAttribute("split") ? context.attributeInts("split") : null;
	const given = operand === null ? written : staticNumbers(context, operand, "split");
	const count = context.attributeInt("num_outputs", context.outputCount);
	const chunk = Math.ceil(extent / count);
	const even = Array.from({ length: context.outputCount }, (_, index) =>
		Math.max(0, Math.min(chunk, extent - index * chunk)),
	);
	const sizes = given ?? even;
	const total = sizes.reduce((sum, size) => sum + size, 0);
	if (sizes.length !== context.outputCount || total !== extent || sizes.some((size) => size < 0)) {
		context.refuse(
			"model.shape_invalid",
			`split of extent ${extent} into [${sizes.join(", ")}] for ${context.outputCount} results`,
			{ extent, sizes },
		);
	}
	return sizes;
}

/** [d0, d1] repeated r times on axis 0: reshape to [1, d0, d1], broadcast to [r, d0, d1], reshape to [r·d0, d1]. */
function importTile(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const shape = build.shapeOf(x);
	const repeats = staticNumbers(context, context.input(1), "repeats");
	if (repeats.length !== shape.length || repeats.some((count) => count < 0)) {
		context.refuse(
			"model.shape_invalid",
			`repeats [${repeats.join(", ")}] of a tensor of rank ${shape.length}`,
		);
	}
	const split = shape.flatMap((extent, axis) => (repeats[axis] === 1 ? [extent] : [1, extent]));
	const repeated = shape.flatMap((extent, axis) =>
		repeats[axis] === 1 ? [extent] : [repeats[axis] ?? 1, extent],
	);
	const result = shape.map((extent, axis) => extent * (repeats[axis] ?? 1));
	context.output(0, build.reshape(build.broadcast(build.reshape(x, split), repeated), result));
}

const padModes: ReadonlySet<string> = new Set(["constant", "reflect", "edge", "wrap"]);

function isPadMode(mode: string): mode is PadNode["mode"] {
	return padModes.has(mode);
}

function importPad(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const shape = build.shapeOf(x);
	const mode = context.attributeString("mode", "constant");
	if (!isPadMode(mode)) context.refuse("model.op_attribute_invalid", `mode '${mode}'`, { attribute: "mode" });
	const { before, after } = padCounts(context, shape.length);
	for (const [axis, extent] of shape.entries()) {
		const most = Math.max(before[axis] ?? 0, after[axis] ?? 0);
		if (most > 0 && ((mode === "reflect" && most >= extent) || (mode !== "constant" && extent === 0))) {
			context.refuse(
				"model.shape_invalid",
				`${mode} padding of ${most} elements on axis ${axis} of extent ${extent}`,
			);
		}
	}
	context.output(0, build.pad(x, before, after, mode, mode === "constant" ? padFill(context, x) : null));
}

/** Attributes below opset 11 (`paddings` in opset 1), operands from there on; opset 18 adds the axes they are for. */
function padCounts(context: NodeContext, rank: number): { before: number[]; after: number[] } {
	const pads =
		context.opset < 11
			? context.attributeInts(context.opset < 2 ? "paddings" : "pads")
			: staticNumbers(context, context.input(1), "pads");
	const axesOperand = context.opset < 18 ? null : context.optionalInput(3);
	const axes =
		axesOperand === null
			? Array.from({ length: rank }, (_, axis) => axis)
			: staticNumbers(context, axesOperand, "axes").map((axis) => normalizeAxis(axis, rank));
	if (pads.length !== 2 * axes.length) {
		context.refuse("model.shape_invalid", `${pads.length} pads for ${axes.length} axes`);
	}
	const before = new Array<number>(rank).fill(0);
	const after = new Array<number>(rank).fill(0);
	for (const [index, axis] of axes.entries()) {
		before[axis] = pads[index] ?? 0;
		after[axis] = pads[index + axes.length] ?? 0;
	}
	return { before, after };
}

function padFill(context: NodeContext, x: ValueId): ValueId | null {
	const { build } = context;
	if (context.opset < 11) {
		const value = context.attributeFloat("value", 0);
		return value === 0 ? null : build.scalar(value, build.dataTypeOf(x));
	}
	const fill = context.optionalInput(2);
	return fill === null ? null : build.cast(build.reshape(fill, []), build.dataTypeOf(x));
}

function importShape(context: NodeContext): void {
	const shape = context.build.shapeOf(context.input(0));
	const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + shape.length : at, 0), shape.length);
	const part = shape.slice(
		clamp(context.attributeInt("start", 0)),
		clamp(context.attributeInt("end", shape.length)),
	);
	context.output(0, context.build.integers(part));
}

function importSize(context: NodeContext): void {
	context.output(0, context.build.scalar(elementCount(context.build.shapeOf(context.input(0))), "int64"));
}

function importIdentity(context: NodeContext): void {
	context.output(0, context.input(0));
}

/** Inference only: the operand as it is, and a mask of ones. */
function importDropout(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const training = context.opset < 12 ? null : context.optionalInput(2);
	const isTraining = training !== null && build.constantNumbers(training)?.[0] !== 0;
	if (isTraining)
		context.refuse("model.op_attribute_unsupported", "training_mode is set, supported: inference");
	context.output(0, x);
	if (context.hasOutput(1)) {
		const maskType = context.opset < 10 ? build.dataTypeOf(x) : "bool";
		context.output(1, build.broadcast(build.scalar(1, maskType), build.shapeOf(x)));
	}
}

/** [n, c, h, w] -> [n, c / b², h·b, w·b]. */
function importDepthToSpace(context: NodeContext): void {
	const { build } = context;
	const [n, c, h, w] = imageShape(context);
	const block = blockSize(context);
	const mode = context.attributeString("mode", "DCR");
	const depth = c / (block * block);
	if (!Number.isInteger(depth)) context.refuse("model.shape_invalid", `${c} channels for blocks of ${block}`);
	const split = mode === "CRD" ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w];
	const order = mode === "CRD" ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
	const moved = build.transpose(build.reshape(context.input(0), split), order);
	context.output(0, build.reshape(moved, [n, depth, h * block, w * block]));
}

/** [n, c, h, w] -> [n, c·b², h / b, w / b]. */
function importSpaceToDepth(context: NodeContext): void {
	const { build } = context;
	const [n, c, h, w] = imageShape(context);
	const block = blockSize(context);
	const [rows, columns] = [h / block, w / block];
	if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
		context.refuse("model.shape_invalid", `an image of ${h} by ${w} for blocks of ${block}`);
	}
	const split = build.reshape(context.input(0), [n, c, rows, block, columns, block]);
	const moved = build.transpose(split, [0, 3, 5, 1, 2, 4]);
	context.output(0, build.reshape(moved, [n, c * block * block, rows, columns]));
}

function imageShape(context: NodeContext): readonly [number, number, number, number] {
	const [n, c, h, w, ...more] = context.build.shapeOf(context.input(0));
	if (n === undefined || c === undefined || h === undefined || w === undefined || more.length > 0) {
		return context.refuse("model.shape_invalid", "expected an operand of rank 4");
	}
	return [n, c, h, w];
}

function blockSize(context: NodeContext): number {
	const block = context.attributeInt("blocksize");
	if (block < 1) context.refuse("model.op_attribute_invalid", `blocksize ${block}: expected 1 or more`);
	return block;
}

const whole = (importer: OperatorImporter, sinceOpset = 7): OperatorEntry => entry(importer, sinceOpset);

export const shapeOperators: Readonly<Record<string, OperatorEntry>> = {
	Reshape: entry(importReshape, 7, runTimeShape),
	Flatten: whole(importFlatten),
	Squeeze: entry(importSqueeze, 7, runTimeShape),
	Unsqueeze: entry(importUnsqueeze, 7, runTimeShape),
	Transpose: whole(importTranspose),
	Expand: entry(importExpand, 8, runTimeShape),
	Concat: whole(importConcat),
	Split: entry(importSplit, 7, runTimeShape),
	Tile: entry(importTile, 7, runTimeShape),
	Pad: entry(importPad, 7, runTimeShape),
	Shape: whole(importShape),
	Size: whole(importSize),
	Identity: whole(importIdentity),
	Dropout: entry(
		importDropout,
		7,
		"Inference only: a training mode that is set, or not known at import, is refused.",
	),
	DepthToSpace: whole(importDepthToSpace),
	SpaceToDepth: whole(importSpaceToDepth),
};
