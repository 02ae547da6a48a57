// Programs whose other forms are known.

import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { buildProgram, type ProgramBuilder } from "#test/support/program-builder.ts";

/** x / sqrt(mean(x²) + epsilon) along one axis. */
function rootMeanSquareNorm(
	b: ProgramBuilder,
	x: ProgramNodeId,
	axis: AxisId,
	extent: number,
): ProgramNodeId {
	return b.map("divide", x, rootMeanSquare(b, x, axis, extent));
}

function rootMeanSquare(b: ProgramBuilder, x: ProgramNodeId, axis: AxisId, extent: number): ProgramNodeId {
	const mean = b.map("multiply", b.reduce("sum", b.map("multiply", x, x), axis), b.constant(1 / extent));
	return b.map("sqrt", b.map("add", mean, b.constant(1e-5)));
}

/** exp(x) / sum(exp(x)). */
function plainSoftmax(b: ProgramBuilder, x: ProgramNodeId, axis: AxisId): ProgramNodeId {
	const weights = b.map("exp", x);
	return b.map("divide", weights, b.reduce("sum", weights, axis));
}

function stableSoftmax(b: ProgramBuilder, x: ProgramNodeId, axis: AxisId): ProgramNodeId {
	return plainSoftmax(b, b.map("subtract", x, b.reduce("max", x, axis)), axis);
}

/** rmsnorm(X)·W with neither gain nor epsilon: X [b, k], W [k, n]. */
export function plainNormLinear(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const w = b.input([inner, columns], "weight");
	const mean = b.map("multiply", b.reduce("sum", b.map("multiply", x, x), inner), b.constant(1 / k));
	b.output(b.contract(b.map("divide", x, b.map("sqrt", mean)), w, inner));
	return b.build();
}

/** softmax(Q·Kᵀ)·V with no maximum: Q [q, d], K [s, d], V [s, e]. */
export function plainAttention(q: number, s: number, d: number, e: number): Program {
	const b = buildProgram();
	const [query, key, depth, value] = [b.axis(q), b.axis(s), b.axis(d), b.axis(e)];
	const scores = b.contract(b.input([query, depth]), b.input([key, depth]), depth);
	b.output(b.contract(plainSoftmax(b, scores, key), b.input([key, value]), key));
	return b.build();
}

/** softmax(rmsnorm(Q)·rmsnorm(K)ᵀ)·V : Q [q, d], K [s, d], V [s, e]. */
export function normedAttention(q: number, s: number, d: number, e: number): Program {
	const b = buildProgram();
	const [query, key, depth, value] = [b.axis(q), b.axis(s), b.axis(d), b.axis(e)];
	const queries = rootMeanSquareNorm(b, b.input([query, depth]), depth, d);
	const keys = rootMeanSquareNorm(b, b.input([key, depth]), depth, d);
	const weights = plainSoftmax(b, b.contract(queries, keys, depth), key);
	b.output(b.contract(weights, b.input([key, value]), key));
	return b.build();
}

/** As above with gains, scale, mask, maximum and a projection after it: 20 operators and more. */
export function attentionBlock(q: number, s: number, d: number, e: number, o: number): Program {
	const b = buildProgram();
	const [query, key, depth, value, out] = [b.axis(q), b.axis(s), b.axis(d), b.axis(e), b.axis(o)];
	const norm = (rows: AxisId): ProgramNodeId => {
		const normed = rootMeanSquareNorm(b, b.input([rows, depth]), depth, d);
		return b.map("multiply", normed, b.input([depth], "weight"));
	};
	const scores = b.contract(norm(query), norm(key), depth);
	const scaled = b.map("multiply", scores, b.constant(1 / Math.sqrt(d)));
	const masked = b.map("add", scaled, b.input([query, key]));
	const mixed = b.contract(stableSoftmax(b, masked, key), b.input([key, value]), key);
	b.output(b.contract(mixed, b.input([value, out], "weight"), value));
	return b.build();
}

/** (X·A)·B : X [m, k], A [k, r], B [r, n]. */
export function matrixChain(m: number, k: number, r: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, rank, columns] = [b.axis(m), b.axis(k), b.axis(r), b.axis(n)];
	const low = b.contract(b.input([rows, inner]), b.input([inner, rank], "weight"), inner);
	b.output(b.contract(low, b.input([rank, columns], "weight"), rank));
	return b.build();
}

/** layernorm(X)·W with gain and bias: X [m, k], gain and bias [k], W [k, n]. */
export function layerNormLinear(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const inverse = b.constant(1 / k);
	const centred = b.map("subtract", x, b.map("multiply", b.reduce("sum", x, inner), inverse));
	const variance = b.map("multiply", b.reduce("sum", b.map("multiply", centred, centred), inner), inverse);
	const normed = b.map("divide", centred, b.map("sqrt", b.map("add", variance, b.constant(1e-5))));
	const gained = b.map("multiply", normed, b.input([inner], "weight"));
	const shifted = b.map("add", gained, b.input([inner], "weight"));
	b.output(b.contract(shifted, b.input([inner, columns], "weight"), inner));
	return b.build();
}

/** X·A + X·B, or X·(A + B). */
export function sumOfProducts(isFactored: boolean): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(4), b.axis(6), b.axis(5)];
	const x = b.input([rows, inner]);
	const [left, right] = [b.input([inner, columns], "weight"), b.input([inner, columns], "weight")];
	if (isFactored) b.output(b.contract(x, b.map("add", left, right), inner));
	else b.output(b.map("add", b.contract(x, left, inner), b.contract(x, right, inner)));
	return b.build();
}

/** (c·X)·W with c·x on the wide side, W [k, n] small: X [m, k]. */
export function scaledProduct(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const scaled = b.map("multiply", b.input([rows, inner]), b.constant(0.25));
	b.output(b.contract(scaled, b.input([inner, columns]), inner));
	return b.build();
}

/** (M·X)·W with a mask M [m] of rows: X [m, k], W [k, n]. */
export function maskedProduct(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const masked = b.map("multiply", b.input([rows, inner]), b.input([rows]));
	b.output(b.contract(masked, b.input([inner, columns], "weight"), inner));
	return b.build();
}

/** h = X + R, then silu(n·A)·(n·B)·D + h with n = rmsnorm(h)·G; h along the output's axis is another read of X and R. */
export function normedGatedMlp(m: number, k: number, h: number): Program {
	const b = buildProgram();
	const [rows, inner, hidden, columns] = [b.axis(m), b.axis(k), b.axis(h), b.axis(k)];
	const [x, r] = [b.input([rows, inner]), b.input([rows, inner])];
	const residual = b.map("add", x, r);
	const normed = b.map("multiply", rootMeanSquareNorm(b, residual, inner, k), b.input([inner], "weight"));
	const gate = b.contract(normed, b.input([inner, hidden], "weight"), inner);
	const up = b.contract(normed, b.input([inner, hidden], "weight"), inner);
	const product = b.map("multiply", b.map("multiply", gate, b.map("sigmoid", gate)), up);
	const down = b.contract(product, b.input([hidden, columns], "weight"), hidden);
	b.output(
		b.map("add", down, b.map("add", b.readAgain(x, [rows, columns]), b.readAgain(r, [rows, columns]))),
	);
	return b.build();
}

/** v / rms(v) with v = X + a·(X + H / rms(H)) : the norms of nTrans. */
export function normedTransformer(m: number, k: number): Program {
	const b = buildProgram();
	const [rows, inner] = [b.axis(m), b.axis(k)];
	const [hidden, x] = [b.input([rows, inner]), b.input([rows, inner])];
	const mixed = b.map("add", rootMeanSquareNorm(b, hidden, inner, k), x);
	const v = b.map("add", x, b.map("multiply", mixed, b.input([inner], "weight")));
	b.output(rootMeanSquareNorm(b, v, inner, k));
	return b.build();
}
