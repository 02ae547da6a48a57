// Rotary position embedding: each pair of elements is turned by an angle that its position and index choose.

import type { ValueId } from "#shared/graph/graph.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { operatorEntry } from "./operator-entry.ts";
import { positions } from "./positions.ts";

/**
 * Rotates the first 2 P elements of the last axis; the rest pass. `cosine` and `sine` end in P elements and broadcast
 * over the other axes. Pairs are halves (i, i + P), or neighbours (2 i, 2 i + 1) when `interleaved`.
 */
export function rotate(
	build: GraphBuilder,
	x: ValueId,
	cosine: ValueId,
	sine: ValueId,
	interleaved: boolean,
): ValueId {
	const pairs = build.shapeOf(cosine).at(-1) ?? 0;
	const width = build.shapeOf(x).at(-1) ?? 0;
	const step = interleaved ? 2 : 1;
	const first = lastAxisSlice(build, x, 0, pairs, step);
	const second = lastAxisSlice(build, x, interleaved ? 1 : pairs, pairs, step);
	const turned = (a: ValueId, b: ValueId, operator: "add" | "subtract"): ValueId =>
		build.binary(operator, build.binary("multiply", first, a), build.binary("multiply", second, b));
	const real = turned(cosine, sine, "subtract");
	const imaginary = turned(sine, cosine, "add");
	const rotated = interleaved ? interleave(build, real, imaginary) : build.concat([real, imaginary], -1);
	if (2 * pairs === width) return rotated;
	return build.concat([rotated, lastAxisSlice(build, x, 2 * pairs, width - 2 * pairs, 1)], -1);
}

function lastAxisSlice(build: GraphBuilder, x: ValueId, start: number, count: number, step: number): ValueId {
	const shape = build.shapeOf(x);
	const lead = shape.slice(0, -1);
	return build.slice(x, [...lead.map(() => 0), start], [...lead, count], [...lead.map(() => 1), step]);
}

function interleave(build: GraphBuilder, even: ValueId, odd: ValueId): ValueId {
	const shape = build.shapeOf(even);
	const paired = [even, odd].map((half) => build.reshape(half, [...shape, 1]));
	return build.reshape(build.concat(paired, -1), [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 0)]);
}

interface RotaryOperands {
	/** [B, S, H D] or [B, H, S, D]. */
	readonly x: ValueId;
	/** [B, S, P], or [S, P] for all batches alike. */
	readonly cosine: ValueId;
	readonly sine: ValueId;
	/** Heads of a rank-3 operand. */
	readonly heads: number;
	readonly interleaved: boolean;
}

/** Rotates an operand of either layout; the layout is kept. */
function rotateHeads(context: NodeContext, operands: RotaryOperands): ValueId {
	const { build } = context;
	const shape = build.shapeOf(operands.x);
	// The axis of heads lies behind the sequence in rank 3 and before it in rank 4.
	const fromEnd = shape.length === 3 ? 1 : 2;
	const beside = (cache: ValueId): ValueId => {
		const extents = build.shapeOf(cache);
		return build.reshape(cache, extents.toSpliced(extents.length - fromEnd, 0, 1));
	};
	const [cosine, sine] = [beside(operands.cosine), beside(operands.sine)];
	if (shape.length === 4) return rotate(build, operands.x, cosine, sine, operands.interleaved);
	const [batch = 0, rows = 0, width = 0] = shape;
	const { heads } = operands;
	if (shape.length !== 3 || heads < 1 || width % heads !== 0) {
		context.refuse(
			"model.shape_invalid",
			`found [${shape.join(", ")}] for ${heads} heads, expected rank 3 or 4`,
		);
	}
	const split = build.reshape(operands.x, [batch, rows, heads, width / heads]);
	return build.reshape(rotate(build, split, cosine, sine, operands.interleaved), shape);
}

/** The pairs a cache turns must fit the head and agree with the attribute, where that is set. */
function checkPairs(context: NodeContext, cache: ValueId, headSize: number): void {
	const pairs = context.build.shapeOf(cache).at(-1) ?? 0;
	const declared = context.attributeInt("rotary_embedding_dim", 0);
	if (2 * pairs > headSize || (declared !== 0 && declared !== 2 * pairs)) {
		context.refuse(
			"model.shape_invalid",
			`found a cache of ${pairs} pairs for heads of ${headSize} with rotary_embedding_dim ${declared}`,
		);
	}
}

function headSizeOf(context: NodeContext, x: ValueId, heads: number): number {
	const shape = context.build.shapeOf(x);
	const width = shape.at(-1) ?? 0;
	return shape.length === 3 ? width / Math.max(1, heads) : width;
}

function importRotaryEmbedding(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	demandFloat(context, x);
	const heads = context.attributeInt("num_heads", 0);
	const indices = context.optionalInput(3);
	const look = (cache: ValueId): ValueId => (indices === null ? cache : build.gather(cache, indices, 0));
	const [cosine, sine] = [look(context.input(1)), look(context.input(2))];
	checkPairs(context, cosine, headSizeOf(context, x, heads));
	const interleaved = context.attributeInt("interleaved", 0) !== 0;
	context.output(0, rotateHeads(context, { x, cosine, sine, heads, interleaved }));
}

/** Position ids are one a token, or a single one: the position of the first token of every row. */
function importContribRotaryEmbedding(context: NodeContext): void {
	const { build } = context;
	const [x, ids, cosineCache, sineCache] = [0, 1, 2, 3].map((index) => context.input(index)) as Four;
	demandFloat(context, x);
	if (context.attributeInt("is_packed_batching", 0) !== 0) {
		context.refuse("model.op_attribute_unsupported", "found is_packed_batching 1, supported: 0", {
			attribute: "is_packed_batching",
		});
	}
	const shape = build.shapeOf(x);
	const rows = (shape.length === 3 ? shape[1] : shape[2]) ?? 0;
	const pairs = build.shapeOf(cosineCache).at(-1) ?? 0;
	const declaredHeads = context.attributeInt("num_heads", 0);
	const heads = declaredHeads > 0 ? declaredHeads : (shape.at(-1) ?? 0) / Math.max(1, 2 * pairs);
	checkPairs(context, cosineCache, headSizeOf(context, x, heads));
	const isOffset = build.shapeOf(ids).length === 1;
	const indices = isOffset
		? build.binary("add", build.cast(ids, "int32"), positions(context, "int32", rows))
		: ids;
	const [cosine, sine] = [build.gather(cosineCache, indices, 0), build.gather(sineCache, indices, 0)];
	const interleaved = context.attributeInt("interleaved", 0) !== 0;
	context.output(0, rotateHeads(context, { x, cosine, sine, heads, interleaved }));
}

type Four = [ValueId, ValueId, ValueId, ValueId];

export const rotaryOperators: Readonly<Record<string, OperatorEntry>> = {
	RotaryEmbedding: operatorEntry(importRotaryEmbedding, 23),
	"com.microsoft:RotaryEmbedding": operatorEntry(
		importContribRotaryEmbedding,
		1,
		"is_packed_batching must be 0.",
	),
};
