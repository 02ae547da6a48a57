// Scaled dot-product attention in primitives, shared by every attention operator.
//
// Grouped heads keep an axis of their own: queries [B, K, G, S, D] meet keys [B, K, 1, D, T], so that one matmul with
// broadcasting serves G query heads from one key head and nothing is repeated. With G = 1 that axis is absent.

import type { ValueId } from "#shared/graph/graph.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { lowestFinite } from "#shared/tensor/lowest-finite.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import type { NodeContext } from "../node-context.ts";
import { withScalar } from "./formulas.ts";
import { positions } from "./positions.ts";

export interface DotProductOperands {
	/** [B, H, S, D]. */
	readonly queries: ValueId;
	/** [B, K, T, D]; K divides H. */
	readonly keys: ValueId;
	/** [B, K, T, E]. */
	readonly values: ValueId;
	readonly scale: number;
	/** 0: none. Scores become softcap tanh(scores / softcap). */
	readonly softcap: number;
	/** Bool, broadcastable to [B, H, S, T]: false keys are not seen. */
	readonly allowed: ValueId | null;
	/** Added to the scores; broadcastable to [B, H, S, T]. */
	readonly bias: ValueId | null;
	/** Whether some query may see no key at all; its result is 0. */
	readonly mayMaskWholeRows: boolean;
	/** The type softmax is computed in. */
	readonly softmaxType: DataType;
}

export interface DotProductResults {
	/** [B, H, S, E]. */
	readonly output: ValueId;
	/** Scores [B, H, S, T] scaled, then capped, then masked, then as probabilities. */
	readonly scaled: ValueId;
	readonly capped: ValueId;
	readonly masked: ValueId;
	readonly probabilities: ValueId;
}

/** softmax(mask(cap(scale Q K^T))) V. Refuses the node when the shapes do not fit. */
export function scaledDotProduct(context: NodeContext, operands: DotProductOperands): DotProductResults {
	const { build } = context;
	const [batch = 0, heads = 0, rows = 0, depth = 0] = build.shapeOf(operands.queries);
	const [, keyHeads = 0, columns = 0] = build.shapeOf(operands.keys);
	const width = build.shapeOf(operands.values)[3] ?? 0;
	if (keyHeads === 0 || heads % keyHeads !== 0) {
		context.refuse("model.shape_invalid", `found ${heads} query heads and ${keyHeads} key heads`);
	}
	const group = heads / keyHeads;
	const grouped = group > 1;
	const queries = grouped
		? build.reshape(operands.queries, [batch, keyHeads, group, rows, depth])
		: operands.queries;
	const keys = build.transpose(operands.keys, [0, 1, 3, 2]);
	const split = (matrix: ValueId): ValueId =>
		grouped ? build.reshape(matrix, build.shapeOf(matrix).toSpliced(2, 0, 1)) : matrix;
	const join = (scores: ValueId): ValueId => build.reshape(scores, [batch, heads, rows, columns]);
	const align = (mask: ValueId): ValueId => (grouped ? groupMask(build, mask, keyHeads, group) : mask);

	const scores = build.matmul(queries, split(keys));
	const scaled = operands.scale === 1 ? scores : withScalar(build, "multiply", scores, operands.scale);
	const capped = operands.softcap === 0 ? scaled : softcap(build, scaled, operands.softcap);
	const biased = operands.bias === null ? capped : build.binary("add", capped, align(operands.bias));
	const hidden = build.scalar(Number.NEGATIVE_INFINITY, build.dataTypeOf(biased));
	const masked = operands.allowed === null ? biased : build.select(align(operands.allowed), biased, hidden);
	const probabilities = build.cast(
		maskedSoftmax(build, build.cast(masked, operands.softmaxType), operands.mayMaskWholeRows),
		build.dataTypeOf(operands.queries),
	);
	const output = build.matmul(probabilities, split(operands.values));
	return {
		output: build.reshape(output, [batch, heads, rows, width]),
		scaled: join(scaled),
		capped: join(capped),
		masked: join(masked),
		probabilities: join(probabilities),
	};
}

function softcap(build: GraphBuilder, scores: ValueId, cap: number): ValueId {
	const bounded = build.unary("tanh", withScalar(build, "divide", scores, cap));
	return withScalar(build, "multiply", bounded, cap);
}

/**
 * Softmax over the last axis. Where rows may be masked whole, the maximum is raised to a finite number and the sum to 1:
 * a row with any key has a sum of at least e^0, so only rows without keys change, from NaN to zeros.
 */
function maskedSoftmax(build: GraphBuilder, scores: ValueId, mayMaskWholeRows: boolean): ValueId {
	const maximum = build.reduce("max", scores, [-1], true);
	const lowest = lowestFinite[build.dataTypeOf(scores)] ?? 0;
	const shift = mayMaskWholeRows ? withScalar(build, "maximum", maximum, lowest) : maximum;
	const exponential = build.unary("exp", build.binary("subtract", scores, shift));
	const sum = build.reduce("sum", exponential, [-1], true);
	const divisor = mayMaskWholeRows ? withScalar(build, "maximum", sum, 1) : sum;
	return build.binary("divide", exponential, divisor);
}

/** A mask over [B, H, S, T], of rank 4 or less, as one over [B, K, G, S, T]. */
function groupMask(build: GraphBuilder, mask: ValueId, keyHeads: number, group: number): ValueId {
	const shape = build.shapeOf(mask);
	if (shape.length < 3) return mask;
	const headAxis = shape.length - 3;
	const heads = shape[headAxis] === 1 ? [1, 1] : [keyHeads, group];
	return build.reshape(mask, shape.toSpliced(headAxis, 1, ...heads));
}

/** Bool [S, T]: query i, which stands at position `past` + i, sees the keys up to its own. */
export function causalMask(context: NodeContext, past: number, rows: number, columns: number): ValueId {
	const keys = positions(context, "int32", columns);
	return context.build.binary("lessOrEqual", keys, positions(context, "int32", rows, 1, past));
}

/** Both masks must allow; null allows everything. */
export function bothAllow(build: GraphBuilder, left: ValueId | null, right: ValueId | null): ValueId | null {
	if (left === null || right === null) return left ?? right;
	return build.binary("and", left, right);
}

/** [B, S, H D] as [B, H, S, D]. */
export function splitHeads(context: NodeContext, hidden: ValueId, heads: number): ValueId {
	const { build } = context;
	const [batch = 0, rows = 0, width = 0] = build.shapeOf(hidden);
	if (heads < 1 || width % heads !== 0) {
		context.refuse("model.shape_invalid", `found a hidden size of ${width} for ${heads} heads`);
	}
	return build.transpose(build.reshape(hidden, [batch, rows, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, H, S, D] as [B, S, H D]. */
export function mergeHeads(build: GraphBuilder, heads: ValueId): ValueId {
	const [batch = 0, count = 0, rows = 0, depth = 0] = build.shapeOf(heads);
	return build.reshape(build.transpose(heads, [0, 2, 1, 3]), [batch, rows, count * depth]);
}

/** `current` behind `past` on the sequence axis of [B, H, S, D]. */
export function appendToPast(build: GraphBuilder, past: ValueId | null, current: ValueId): ValueId {
	return past === null ? current : build.concat([past, current], 2);
}
