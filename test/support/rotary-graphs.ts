// Attention with rotary embeddings and cached keys, in the primitives that exporters write.

import type { ValueId } from "#shared/graph/graph.ts";
import type { GraphBuilder } from "#shared/onnx/graph-builder.ts";

/** (-x₂, x₁) by halves, x's last axis being 2 · half. */
export function rotatedHalves(b: GraphBuilder, x: ValueId): ValueId {
	const shape = b.shapeOf(x);
	const half = (shape.at(-1) ?? 0) / 2;
	const lead = shape.slice(0, -1);
	const part = (start: number): ValueId =>
		b.slice(
			x,
			[...lead.map(() => 0), start],
			[...lead, half],
			shape.map(() => 1),
		);
	return b.concat([b.unary("negate", part(half)), part(0)], -1);
}

/** (-x₁, x₀, -x₃, x₂, …): neighbours, stacked and flattened. */
function rotatedNeighbours(b: GraphBuilder, x: ValueId): ValueId {
	const shape = b.shapeOf(x);
	const half = (shape.at(-1) ?? 0) / 2;
	const lead = shape.slice(0, -1);
	const part = (start: number): ValueId => {
		const own = b.slice(x, [...lead.map(() => 0), start], [...lead, half], [...lead.map(() => 1), 2]);
		return b.reshape(own, [...lead, half, 1]);
	};
	return b.reshape(b.concat([b.unary("negate", part(1)), part(0)], -1), shape);
}

/** What the sines multiply. */
export type Rotate = (b: GraphBuilder, x: ValueId) => ValueId;
/** The two layouts in use. */
export const rotationStyles: readonly (readonly [string, Rotate])[] = [
	["halves", rotatedHalves],
	["neighbours", rotatedNeighbours],
];

/** x·cos + rotated(x)·sin */
export function rotary(b: GraphBuilder, rotate: Rotate, x: ValueId, cos: ValueId, sin: ValueId): ValueId {
	return b.binary("add", b.binary("multiply", x, cos), b.binary("multiply", rotate(b, x), sin));
}

/** Angles [n, 2 · half] from positions: each frequency twice, by halves or neighbour by neighbour. */
export function tables(
	b: GraphBuilder,
	rotate: Rotate,
	n: number,
	half: number,
): readonly [ValueId, ValueId] {
	const position = b.input("positions", "float32", [n, 1], "activation");
	const angles = b.binary("multiply", position, b.input("frequencies", "float32", [1, half], "weight"));
	const twice =
		rotate === rotatedHalves
			? b.concat([angles, angles], 1)
			: b.reshape(b.concat([b.reshape(angles, [n, half, 1]), b.reshape(angles, [n, half, 1])], 2), [
					n,
					2 * half,
				]);
	return [b.unary("cos", twice), b.unary("sin", twice)];
}

/** softmax(Q·Kᵀ)·V */
export function attend(b: GraphBuilder, queries: ValueId, keys: ValueId, values: ValueId): ValueId {
	const rank = b.shapeOf(keys).length;
	const order = [...b.shapeOf(keys).keys()].slice(0, -2);
	const scores = b.matmul(queries, b.transpose(keys, [...order, rank - 1, rank - 2]));
	const weights = b.unary("exp", b.binary("subtract", scores, b.reduce("max", scores, [rank - 1], true)));
	const total = b.reduce("sum", weights, [rank - 1], true);
	return b.matmul(b.binary("divide", weights, total), values);
}

export interface DecodingShape {
	readonly heads: number;
	readonly past: number;
	/** Half of a head's width. */
	readonly half: number;
}

/** One token of attention: the keys with its own behind the cached ones, the values likewise, and the result. */
export function decodingStep(
	b: GraphBuilder,
	rotate: Rotate,
	{ heads, past, half }: DecodingShape,
): ValueId[] {
	const of = (tokens: number): ValueId => b.input("", "float32", [heads, tokens, 2 * half], "activation");
	const [cos, sin] = tables(b, rotate, 1, half);
	const keys = b.concat([of(past), rotary(b, rotate, of(1), cos, sin)], 1);
	const values = b.concat([of(past), of(1)], 1);
	return [keys, values, attend(b, rotary(b, rotate, of(1), cos, sin), keys, values)];
}

/** Attention of all tokens to all, queries and keys rotated by one table of angles. */
export function rotarySelfAttention(
	b: GraphBuilder,
	rotate: Rotate,
	heads: number,
	tokens: number,
	half: number,
): ValueId {
	const of = (): ValueId => b.input("", "float32", [heads, tokens, 2 * half], "activation");
	const [cos, sin] = tables(b, rotate, tokens, half);
	return attend(b, rotary(b, rotate, of(), cos, sin), rotary(b, rotate, of(), cos, sin), of());
}
