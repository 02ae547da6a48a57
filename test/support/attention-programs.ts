// Attention as language models have it, written as the importer writes it.

import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { buildProgram, type ProgramBuilder } from "./program-builder.ts";
import { rootMeanSquareNorm, silu, softmax } from "./programs.ts";

/** softmax(scale·Q·Kᵀ)·V with groups of query heads that share keys and values. */
export interface GroupedQueryShape {
	/** 1: no axis. */
	readonly batch: number;
	readonly keyHeads: number;
	readonly group: number;
	/** 1: no axis. */
	readonly queries: number;
	readonly keys: number;
	readonly depth: number;
}

/** Q [b, h, g, q, d], K and V [b, h, n, d]; axes in the order b h g q n d e, those of extent 1 left out. */
export function groupedQueryAttention(shape: GroupedQueryShape): Program {
	const b = buildProgram();
	const optional = (extent: number): AxisId[] => (extent === 1 ? [] : [b.axis(extent)]);
	const batch = optional(shape.batch);
	const [head, group] = [b.axis(shape.keyHeads), b.axis(shape.group)];
	const query = optional(shape.queries);
	const [key, depth, value] = [b.axis(shape.keys), b.axis(shape.depth), b.axis(shape.depth)];
	const queries = b.input([...batch, head, group, ...query, depth]);
	const scores = b.contract(queries, b.input([...batch, head, key, depth]), depth);
	const weights = softmax(b, b.map("multiply", scores, b.constant(1 / Math.sqrt(shape.depth))), key);
	b.output(b.contract(weights, b.input([...batch, head, key, value]), key));
	return b.build();
}

/** (x₁·cos - x₂·sin, x₂·cos + x₁·sin) */
function rotate(
	b: ProgramBuilder,
	[first, second]: readonly [ProgramNodeId, ProgramNodeId],
	[cos, sin]: readonly [ProgramNodeId, ProgramNodeId],
): readonly [ProgramNodeId, ProgramNodeId] {
	const times = (x: ProgramNodeId, y: ProgramNodeId): ProgramNodeId => b.map("multiply", x, y);
	return [
		b.map("subtract", times(first, cos), times(second, sin)),
		b.map("add", times(second, cos), times(first, sin)),
	];
}

/**
 * Causal-style attention with rotary embeddings: Q and K [h, n, c] in two halves, tables cos and sin [n, c], V [h, n, d],
 * mask [n, n]. The rotated halves are contracted apart and added.
 */
export function rotaryAttention(heads: number, n: number, d: number): Program {
	const b = buildProgram();
	const [head, query, key, half, value] = [b.axis(heads), b.axis(n), b.axis(n), b.axis(d / 2), b.axis(d)];
	const tables = [b.input([query, half]), b.input([query, half])] as const;
	const ofKeys = [b.readAgain(tables[0], [key, half]), b.readAgain(tables[1], [key, half])] as const;
	const queries = rotate(b, [b.input([head, query, half]), b.input([head, query, half])], tables);
	const keys = rotate(b, [b.input([head, key, half]), b.input([head, key, half])], ofKeys);
	const scores = b.map("add", b.contract(queries[0], keys[0], half), b.contract(queries[1], keys[1], half));
	const scaled = b.map("multiply", scores, b.constant(1 / Math.sqrt(d)));
	const weights = softmax(b, b.map("add", scaled, b.input([query, key])), key);
	b.output(b.contract(weights, b.input([head, key, value]), key));
	return b.build();
}

/** Attention over l2-normalised queries and keys: softmax(norm(Q)·norm(K)ᵀ)·V, Q [h, q, d], K and V [h, n, d]. */
export function queryKeyNormAttention(heads: number, q: number, n: number, d: number): Program {
	const b = buildProgram();
	const [head, query, key, depth, value] = [b.axis(heads), b.axis(q), b.axis(n), b.axis(d), b.axis(d)];
	const queries = rootMeanSquareNorm(b, b.input([head, query, depth]), depth, d);
	const keys = rootMeanSquareNorm(b, b.input([head, key, depth]), depth, d);
	const weights = softmax(b, b.contract(queries, keys, depth), key);
	b.output(b.contract(weights, b.input([head, key, value]), key));
	return b.build();
}

/**
 * Norm, self-attention, projection, residual, norm, gated activation: x [m, d] read along queries, keys and the residual.
 * Outputs: the residual [m, d] and the activation [m, hidden].
 */
export function transformerBlock(m: number, d: number, heads: number, hidden: number): Program {
	const b = buildProgram();
	const [query, key, model] = [b.axis(m), b.axis(m), b.axis(d)];
	const [head, depth, value] = [b.axis(heads), b.axis(d / heads), b.axis(d / heads)];
	const [column, wide] = [b.axis(d), b.axis(hidden)];
	const x = b.input([query, model]);
	const gain = b.input([model], "weight");
	const normed = (of: ProgramNodeId): ProgramNodeId =>
		b.map("multiply", rootMeanSquareNorm(b, of, model, d), gain);
	const weight = (...axes: AxisId[]): ProgramNodeId => b.input(axes, "weight");
	const ofKeys = normed(b.readAgain(x, [key, model]));
	const queries = b.contract(normed(x), weight(model, head, depth), model);
	const keys = b.contract(ofKeys, weight(model, head, depth), model);
	const values = b.contract(ofKeys, weight(model, head, value), model);
	const weights = softmax(b, b.contract(queries, keys, depth), key);
	const attended = b.contract(weights, values, key);
	const projected = b.contract(attended, weight(head, value, column), head, value);
	const residual = b.map("add", projected, b.readAgain(x, [query, column]));
	b.output(residual);
	const second = b.map("multiply", rootMeanSquareNorm(b, residual, column, d), weight(column));
	const gate = b.contract(second, weight(column, wide), column);
	b.output(b.map("multiply", silu(b, gate), b.contract(second, weight(column, wide), column)));
	return b.build();
}

/** Programs that an island of a language model may be, at small extents. */
export const languageModelPrograms: Readonly<Record<string, Program>> = {
	groupedQueryDecode: groupedQueryAttention({
		batch: 1,
		keyHeads: 2,
		group: 3,
		queries: 1,
		keys: 17,
		depth: 5,
	}),
	groupedQueryBatch: groupedQueryAttention({
		batch: 3,
		keyHeads: 2,
		group: 2,
		queries: 3,
		keys: 7,
		depth: 5,
	}),
	rotaryAttention: rotaryAttention(2, 7, 6),
	queryKeyNormAttention: queryKeyNormAttention(2, 3, 7, 5),
	transformerBlock: transformerBlock(5, 6, 2, 9),
};
