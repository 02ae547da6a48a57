// The programs of Mirage's evaluation and, for each, every value of the kernel that won there, tile by tile: the sums of
// one tile, of the loop's tiles, of the grid's, as they are built up (sections 7.1 and 7.4 of the published artefact).

import {
	createExpressions,
	type ExpressionId,
	type ExpressionLimits,
	type Expressions,
} from "#shared/expression/expression.ts";

export interface Winner {
	readonly expressions: Expressions;
	readonly target: ExpressionId;
	/** In the order the winning kernel computes them; the last is the target. */
	readonly prefixes: Readonly<Record<string, ExpressionId>>;
	/** Terms that no way to the target goes through. */
	readonly strangers: Readonly<Record<string, ExpressionId>>;
}

/** sqrt(mean over an axis of x²). */
function rootMeanSquare(
	e: Expressions,
	x: ExpressionId,
	extent: number,
	sum: (a: ExpressionId) => ExpressionId,
): ExpressionId {
	return e.sqrt(e.multiply(sum(e.multiply(x, x)), e.constant(1 / extent)));
}

function rmsNormLinear(limits?: ExpressionLimits): Winner {
	const [b, k, n] = [0, 1, 2];
	const e = createExpressions([8, 4096, 6144], limits);
	const x = e.input("X", [b, k]);
	const w = e.input("W", [k, n]);
	const norm = e.divide(
		x,
		rootMeanSquare(e, x, 4096, (a) => e.sum(a, [k])),
	);
	const tileProduct = e.partialSum(e.multiply(x, w), k, 64);
	const product = e.partialSum(tileProduct, k, 64);
	const square = e.multiply(x, x);
	const tileSquares = e.partialSum(square, k, 64);
	const squares = e.partialSum(tileSquares, k, 64);
	const mean = e.divide(squares, e.constant(4096));
	const rms = e.sqrt(mean);
	return {
		expressions: e,
		target: e.sum(e.multiply(norm, w), [k]),
		prefixes: {
			tileProduct,
			product,
			square,
			tileSquares,
			squares,
			mean,
			rms,
			quotient: e.divide(product, rms),
		},
		strangers: {
			W·W: e.multiply(w, w),
			"exp(exp(X))": e.exp(e.exp(x)),
			X·X·X: e.multiply(x, square),
			"sqrt(X)": e.sqrt(x),
			"sum of W": e.sum(w, [k]),
			"mean of X·W": e.multiply(product, e.constant(1 / 4096)),
			"mean of the mean": e.divide(mean, e.constant(4096)),
		},
	};
}

function gatedMlp(limits?: ExpressionLimits): Winner {
	const k = 1;
	const e = createExpressions([8, 4096, 4096], limits);
	const x = e.input("X", [0, k]);
	const tiles = ["W1", "W2"].map((name) => e.partialSum(e.multiply(x, e.input(name, [k, 2])), k, 64));
	const [gate = 0, up = 0] = tiles.map((tile) => e.partialSum(tile, k, 64));
	const whole = (name: string): ExpressionId => e.sum(e.multiply(x, e.input(name, [k, 2])), [k]);
	const silu = (a: ExpressionId): ExpressionId => e.opaque("silu", [a], [0, 2]);
	return {
		expressions: e,
		target: e.multiply(silu(whole("W1")), whole("W2")),
		prefixes: {
			tileGate: tiles[0] ?? 0,
			tileUp: tiles[1] ?? 0,
			gate,
			up,
			silu: silu(gate),
			product: e.multiply(silu(gate), up),
		},
		strangers: {
			"silu(up)": silu(up),
			silu·silu: e.multiply(silu(gate), silu(gate)),
			"gate + up": e.add(gate, up),
			"W1·W2 over k": e.sum(e.multiply(e.input("W1", [k, 2]), e.input("W2", [k, 2])), [k]),
		},
	};
}

function gatedMlpDown(limits?: ExpressionLimits): Winner {
	const [k, h] = [1, 2];
	const e = createExpressions([8, 4096, 14336, 4096], limits);
	const x = e.input("X", [0, k]);
	const down = e.input("W3", [h, 3]);
	const tile = e.partialSum(e.multiply(x, e.input("W1", [k, h])), k, 64);
	const gate = e.partialSum(tile, k, 64);
	const up = e.sum(e.multiply(x, e.input("W2", [k, h])), [k]);
	const hidden = e.multiply(e.opaque("silu", [gate], [0, h]), up);
	const tileDown = e.partialSum(e.multiply(hidden, down), h, 128);
	return {
		expressions: e,
		target: e.sum(e.multiply(hidden, down), [h]),
		prefixes: { tile, gate, up, hidden, tileDown, down: e.partialSum(tileDown, h, 112) },
		strangers: {
			"X·W3 over k": e.sum(e.multiply(x, down), [k]),
			hidden·hidden: e.multiply(hidden, hidden),
			"sum of W2 over k": e.multiply(e.sum(e.input("W2", [k, h]), [k]), x),
		},
	};
}

function lora(limits?: ExpressionLimits): Winner {
	const [b, k, n, r] = [0, 1, 2, 3];
	const e = createExpressions([16, 256, 4096, 16], limits);
	const x = e.input("X", [b, k]);
	const [w, left, right] = [e.input("W", [k, n]), e.input("A", [k, r]), e.input("B", [r, n])];
	const plain = e.sum(e.multiply(x, w), [k]);
	const low = e.partialSum(e.multiply(x, left), k, 256);
	const branch = e.sum(e.multiply(low, right), [r]);
	return {
		expressions: e,
		target: e.add(plain, e.sum(e.multiply(e.sum(e.multiply(x, left), [k]), right), [r])),
		prefixes: {
			low,
			branch,
			plain,
			A·B: e.sum(e.multiply(left, right), [r]),
			sum: e.add(branch, plain),
		},
		strangers: {
			W·B: e.multiply(w, right),
			"X·A over r": e.sum(e.multiply(x, left), [r]),
			"plain + plain": e.add(plain, plain),
			"sum of A over r, times B": e.multiply(e.sum(left, [r]), right),
		},
	};
}

/** softmax without the maximum, times V: e / sum(e) · V for any logits. */
function attention(e: Expressions, n: number, logits: ExpressionId, v: ExpressionId): ExpressionId {
	const weights = e.exp(logits);
	return e.sum(e.multiply(e.divide(weights, e.sum(weights, [n])), v), [n]);
}

function groupedQueryAttention(limits?: ExpressionLimits): Winner {
	const [g, d, n, o] = [0, 1, 2, 3];
	const e = createExpressions([256, 64, 4096, 64], limits);
	const [q, k, v] = [e.input("Q", [g, d]), e.input("K", [d, n]), e.input("V", [n, o])];
	const logits = e.sum(e.multiply(q, k), [d]);
	const weights = e.exp(logits);
	const tileSum = e.partialSum(weights, n, 64);
	const blockSum = e.partialSum(tileSum, n, 4);
	const tileProduct = e.partialSum(e.multiply(weights, v), n, 64);
	const blockProduct = e.partialSum(tileProduct, n, 4);
	const numerator = e.partialSum(blockProduct, n, 16);
	const denominator = e.partialSum(blockSum, n, 16);
	return {
		expressions: e,
		target: attention(e, n, logits, v),
		prefixes: {
			logits,
			weights,
			tileSum,
			blockSum,
			tileProduct,
			blockProduct,
			numerator,
			denominator,
			quotient: e.divide(numerator, denominator),
		},
		strangers: {
			"exp(exp(logits))": e.exp(weights),
			Q·V: e.multiply(q, v),
			"row sum of Q times K": e.multiply(e.sum(q, [d]), k),
			"weights / weights": e.divide(weights, weights),
			"sum of V": e.multiply(weights, e.sum(v, [n])),
		},
	};
}

function normedAttention(limits?: ExpressionLimits): Winner {
	const [g, d, n, o] = [0, 1, 2, 3];
	const e = createExpressions([256, 64, 4096, 64], limits);
	const [q, k, v] = [e.input("Q", [g, d]), e.input("K", [d, n]), e.input("V", [n, o])];
	const rms = (x: ExpressionId): ExpressionId => rootMeanSquare(e, x, 64, (a) => e.sum(a, [d]));
	const [rmsQ, rmsK] = [rms(q), rms(k)];
	const [normQ, normK] = [e.divide(q, rmsQ), e.divide(k, rmsK)];
	const right = e.sum(e.multiply(normQ, normK), [d]);
	const product = e.sum(e.multiply(q, k), [d]);
	const once = e.divide(product, e.multiply(rmsQ, rmsK));
	const weights = e.exp(e.divide(e.divide(product, rmsQ), rmsK));
	const numerator = e.partialSum(e.multiply(weights, v), n, 64);
	const wrong = e.multiply(e.sum(normQ, [d]), normK);
	return {
		expressions: e,
		target: attention(e, n, right, v),
		prefixes: {
			rmsQ,
			rmsK,
			normQ,
			normK,
			product,
			half: e.divide(product, rmsQ),
			once,
			weights,
			tileSum: e.partialSum(weights, n, 64),
			numerator,
			quotient: e.divide(e.partialSum(numerator, n, 64), e.sum(weights, [n])),
		},
		strangers: {
			"row sum of Q times one K": wrong,
			"its exponential": e.exp(wrong),
			"its softmax": attention(e, n, wrong, v),
			"row sum of plain Q times one K": e.multiply(e.sum(q, [d]), k),
			"row sum of Q": e.divide(e.sum(q, [d]), rmsK),
		},
	};
}

function normalizedTransformer(limits?: ExpressionLimits): Winner {
	const k = 1;
	const e = createExpressions([8, 4096], limits);
	const [x, h, alpha] = [e.input("X", [0, k]), e.input("H", [0, k]), e.input("alpha", [0, k])];
	const rms = (a: ExpressionId): ExpressionId => rootMeanSquare(e, a, 4096, (b) => e.sum(b, [k]));
	const norm = e.divide(h, rms(h));
	const moved = e.add(norm, x);
	const scaled = e.multiply(alpha, moved);
	const v = e.add(x, scaled);
	const squares = e.multiply(v, v);
	return {
		expressions: e,
		target: e.divide(v, rms(v)),
		prefixes: {
			H·H: e.multiply(h, h),
			rmsH: rms(h),
			norm,
			moved,
			scaled,
			v,
			squares,
			tileSquares: e.partialSum(squares, k, 64),
			rmsV: rms(v),
			result: e.divide(v, rms(v)),
		},
		strangers: {
			H·X: e.multiply(h, x),
			v·v·v: e.multiply(squares, v),
			alpha·alpha·alpha: e.multiply(alpha, e.multiply(alpha, alpha)),
			"exp(v)": e.exp(v),
		},
	};
}

export const winners: Readonly<Record<string, (limits?: ExpressionLimits) => Winner>> = {
	"RMSNorm + Linear": rmsNormLinear,
	"gated MLP": gatedMlp,
	"gated MLP with down projection": gatedMlpDown,
	LoRA: lora,
	"split-KV attention": groupedQueryAttention,
	QKNorm: normedAttention,
	nTrans: normalizedTransformer,
};
