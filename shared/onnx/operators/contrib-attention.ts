// MultiHeadAttention and GroupQueryAttention of ONNX Runtime.

import type { ValueId } from "#shared/graph/graph.ts";
import type { NodeContext } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { withScalar } from "./formulas.ts";
import { rotate } from "./rotary.ts";
import { appendToPast, causalMask, mergeHeads, scaledDotProduct, splitHeads } from "./scaled-dot-product.ts";
import { staticNumbers } from "./static-operand.ts";

/** Operands 0 to 9: query, key, value, bias, padding mask, attention bias, past key, past value, past length, indirection. */
export function importMultiHeadAttention(context: NodeContext): void {
	const { build } = context;
	const dataType = demandFloat(context, context.input(0));
	refuseOperands(context, { 8: "past_sequence_length", 9: "cache_indirection" });
	const heads = context.attributeInt("num_heads");
	const bias = context.optionalInput(3);
	const widths = [0, 1, 2].map((index) => build.shapeOf(context.input(index)).at(-1) ?? 0);
	const [queries, newKeys, newValues] = [0, 1, 2].map((index) => {
		const start = widths.slice(0, index).reduce((sum, width) => sum + width, 0);
		return biasedHeads(context, index, heads, bias, start);
	}) as [ValueId, ValueId, ValueId];
	const pastKeys = context.optionalInput(6);
	const keys = appendToPast(build, pastKeys, newKeys);
	const values = appendToPast(build, context.optionalInput(7), newValues);
	const [, , rows = 0, depth = 1] = build.shapeOf(queries);
	const columns = build.shapeOf(keys)[2] ?? 0;
	const past = pastKeys === null ? 0 : (build.shapeOf(pastKeys)[2] ?? 0);
	const causal = context.attributeInt("unidirectional", 0) !== 0;
	const scale = context.attributeFloat("scale", 0);
	const results = scaledDotProduct(context, {
		queries,
		keys,
		values,
		scale: scale === 0 ? 1 / Math.sqrt(depth) : scale,
		softcap: 0,
		allowed: causal ? causalMask(context, past, rows, columns) : null,
		bias: sumOfBiases(context, paddingBias(context, queries, keys), context.optionalInput(5)),
		mayMaskWholeRows: false,
		softmaxType: dataType,
	});
	context.output(0, mergeHeads(build, results.output));
	context.output(1, keys);
	context.output(2, values);
	if (context.hasOutput(3)) context.output(3, results.masked);
}

/** An operand [B, S, H D] with its part of the bias vector, as [B, H, S, D]; rank 4 has its heads split already. */
function biasedHeads(
	context: NodeContext,
	index: number,
	heads: number,
	bias: ValueId | null,
	start: number,
): ValueId {
	const { build } = context;
	const value = context.input(index);
	const shape = build.shapeOf(value);
	if (shape.length === 4 && index > 0 && bias === null) return value;
	if (shape.length !== 3) {
		context.refuse(
			"model.op_attribute_unsupported",
			`operand ${index} has shape [${shape.join(", ")}], supported: [batch, sequence, hidden], not packed`,
		);
	}
	const part = bias === null ? null : build.slice(bias, [start], [shape[2] ?? 0], [1]);
	return splitHeads(context, part === null ? value : build.binary("add", value, part), heads);
}

/** 0 for keys that count and `mask_filter_value` for padding; null without a mask. */
function paddingBias(context: NodeContext, queries: ValueId, keys: ValueId): ValueId | null {
	const { build } = context;
	const mask = context.optionalInput(4);
	if (mask === null) return null;
	const shape = build.shapeOf(mask);
	const [batch = 0, , rows = 0] = build.shapeOf(queries);
	const columns = build.shapeOf(keys)[2] ?? 0;
	const isFlat = shape.length === 2 && shape[0] === batch && shape[1] === columns;
	const isFull = shape.length === 3 && shape[1] === rows && shape[2] === columns;
	if (!isFlat && !isFull) {
		context.refuse(
			"model.op_attribute_unsupported",
			`found a padding mask of shape [${shape.join(", ")}], supported: [${batch}, ${columns}] or [${batch}, ${rows}, ${columns}]`,
		);
	}
	const aligned = build.reshape(mask, [batch, 1, isFlat ? 1 : rows, columns]);
	const counts = withScalar(build, "greater", aligned, 0);
	const dataType = build.dataTypeOf(queries);
	const filter = build.scalar(context.attributeFloat("mask_filter_value", -10000), dataType);
	return build.select(counts, build.scalar(0, dataType), filter);
}

function sumOfBiases(context: NodeContext, left: ValueId | null, right: ValueId | null): ValueId | null {
	if (left === null || right === null) return left ?? right;
	return context.build.binary("add", left, right);
}

/**
 * Operands: 0 query, 1 key, 2 value, 3 past key, 4 past value, 5 seqlens_k (each sequence's last position), 6 total
 * length, 7 and 8 the rotary caches, 9 position ids, 10 attention bias. Past and present may be one buffer that is
 * longer than what is valid in it: the new keys go behind the valid ones, and what lies beyond is zero.
 */
export function importGroupQueryAttention(context: NodeContext): void {
	const { build } = context;
	const dataType = demandFloat(context, context.input(0));
	checkGroupQueryAttributes(context);
	const [queryHeads, keyHeads] = [context.attributeInt("num_heads"), context.attributeInt("kv_num_heads")];
	const [query, key, value] = unpack(context, queryHeads, keyHeads);
	const [, rows = 0] = build.shapeOf(query);
	const total = totalLength(context);
	const past = total - rows;
	if (past < 0) {
		context.refuse("model.shape_invalid", `found total_sequence_length ${total} below ${rows} new tokens`);
	}
	const rotated = (heads: ValueId): ValueId => rotateFrom(context, heads, past);
	const queries = rotated(splitHeads(context, query, queryHeads));
	const presentKeys = intoBuffer(context, 3, rotated(splitHeads(context, key, keyHeads)), past);
	const presentValues = intoBuffer(context, 4, splitHeads(context, value, keyHeads), past);
	const depth = build.shapeOf(queries)[3] ?? 1;
	const scale = context.attributeFloat("scale", 0);
	const results = scaledDotProduct(context, {
		queries,
		keys: firstTokens(context, presentKeys, total),
		values: firstTokens(context, presentValues, total),
		scale: scale === 0 ? 1 / Math.sqrt(depth) : scale,
		softcap: context.attributeFloat("softcap", 0),
		allowed: rows === 1 ? null : causalMask(context, past, rows, total),
		bias: context.optionalInput(10),
		mayMaskWholeRows: false,
		softmaxType: dataType,
	});
	context.output(0, mergeHeads(build, results.output));
	context.output(1, presentKeys);
	context.output(2, presentValues);
}

function checkGroupQueryAttributes(context: NodeContext): void {
	refuseOperands(context, { 11: "head_sink", 12: "k_scale", 13: "v_scale" });
	const fixed = { local_window_size: -1, smooth_softmax: 0, qk_output: 0, kv_cache_bit_width: 0 };
	for (const [attribute, supported] of Object.entries(fixed)) {
		const found = context.attributeInt(attribute, supported);
		if (found !== supported) {
			context.refuse(
				"model.op_attribute_unsupported",
				`found ${attribute} ${found}, supported: ${supported}`,
				{ attribute, found },
			);
		}
	}
}

/** Query, key and value [B, S, heads D]; without a key operand the query holds all three side by side. */
function unpack(
	context: NodeContext,
	queryHeads: number,
	keyHeads: number,
): readonly [ValueId, ValueId, ValueId] {
	const { build } = context;
	const query = context.input(0);
	const shape = build.shapeOf(query);
	if (shape.length !== 3)
		context.refuse("model.shape_invalid", `found a query of rank ${shape.length}, expected 3`);
	const key = context.optionalInput(1);
	if (key !== null) return [query, key, context.input(2)];
	const [batch = 0, rows = 0, width = 0] = shape;
	const depth = width / (queryHeads + 2 * keyHeads);
	if (!Number.isInteger(depth)) {
		context.refuse(
			"model.shape_invalid",
			`found a packed width of ${width} for ${queryHeads} + 2 x ${keyHeads} heads`,
		);
	}
	const part = (start: number, heads: number): ValueId =>
		build.slice(query, [0, 0, start * depth], [batch, rows, heads * depth], [1, 1, 1]);
	return [part(0, queryHeads), part(queryHeads, keyHeads), part(queryHeads + keyHeads, keyHeads)];
}

/** Tokens in total, past and new: one number for the whole batch, or the node is refused. */
function totalLength(context: NodeContext): number {
	const { build } = context;
	const [total] = staticNumbers(context, context.input(6), "total_sequence_length");
	const lasts = build.constantNumbers(context.input(5));
	const [batch = 0] = build.shapeOf(context.input(0));
	if (total === undefined) context.refuse("model.shape_invalid", "total_sequence_length is empty");
	const equal = lasts?.every((last) => last + 1 === total) ?? batch === 1;
	if (!equal) {
		context.refuse(
			"model.op_attribute_unsupported",
			`found ${batch} sequences whose lengths (seqlens_k) differ or are computed at run time, supported: one sequence, or equal lengths known at import`,
		);
	}
	return total;
}

/** Rotates [B, H, S, D] at positions `past` and up, or at the given position ids. */
function rotateFrom(context: NodeContext, heads: ValueId, past: number): ValueId {
	const { build } = context;
	if (context.attributeInt("do_rotary", 0) === 0) return heads;
	const rows = build.shapeOf(heads)[2] ?? 0;
	const ids = context.optionalInput(9);
	const look = (cache: ValueId): ValueId => {
		const pairs = build.shapeOf(cache).at(-1) ?? 0;
		if (ids === null) return build.slice(cache, [past, 0], [rows, pairs], [1, 1]);
		const [batch = 0] = build.shapeOf(ids);
		return build.reshape(build.gather(cache, ids, 0), [batch, 1, rows, pairs]);
	};
	const interleaved = context.attributeInt("rotary_interleaved", 0) !== 0;
	return rotate(build, heads, look(context.input(7)), look(context.input(8)), interleaved);
}

/** The buffer operand with `tokens` written at `past`; without a buffer, the tokens. */
function intoBuffer(context: NodeContext, index: number, tokens: ValueId, past: number): ValueId {
	const { build } = context;
	const buffer = context.optionalInput(index);
	const [batch = 0, heads = 0, capacity = 0, depth = 0] = buffer === null ? [] : build.shapeOf(buffer);
	if (past > capacity) {
		context.refuse("model.shape_invalid", `found a past of ${capacity} tokens, expected ${past} or more`);
	}
	if (buffer === null || capacity === 0) return tokens;
	const part = (start: number, count: number): ValueId =>
		build.slice(buffer, [0, 0, start, 0], [batch, heads, count, depth], [1, 1, 1, 1]);
	const end = past + (build.shapeOf(tokens)[2] ?? 0);
	const before = past === 0 ? [] : [part(0, past)];
	const valid = build.concat([...before, tokens], 2);
	return build.pad(valid, [0, 0, 0, 0], [0, 0, Math.max(0, capacity - end), 0], "constant", null);
}

/** The first `count` tokens of [B, H, S, D]. */
function firstTokens(context: NodeContext, buffer: ValueId, count: number): ValueId {
	const [batch = 0, heads = 0, , depth = 0] = context.build.shapeOf(buffer);
	return context.build.slice(buffer, [0, 0, 0, 0], [batch, heads, count, depth], [1, 1, 1, 1]);
}

function refuseOperands(context: NodeContext, operands: Readonly<Record<number, string>>): void {
	for (const [index, name] of Object.entries(operands)) {
		if (context.optionalInput(Number(index)) !== null) {
			context.refuse("model.op_attribute_unsupported", `found operand ${name}, supported: without it`);
		}
	}
}
