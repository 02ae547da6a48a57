// Sample programs for tests, written as the importer writes them: norms, softmax and activations in primitives.

import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { buildProgram, type ProgramBuilder } from "./program-builder.ts";

/** x / sqrt(mean(x²) + epsilon) along one axis. */
export function rootMeanSquareNorm(
	b: ProgramBuilder,
	x: ProgramNodeId,
	axis: AxisId,
	extent: number,
): ProgramNodeId {
	const total = b.reduce("sum", b.map("multiply", x, x), axis);
	const mean = b.map("multiply", total, b.constant(1 / extent));
	return b.map("divide", x, b.map("sqrt", b.map("add", mean, b.constant(1e-5))));
}

/** exp(x - max) / sum(exp(x - max)) along one axis. */
export function softmax(b: ProgramBuilder, x: ProgramNodeId, axis: AxisId): ProgramNodeId {
	const weights = b.map("exp", b.map("subtract", x, b.reduce("max", x, axis)));
	return b.map("divide", weights, b.reduce("sum", weights, axis));
}

export function silu(b: ProgramBuilder, x: ProgramNodeId): ProgramNodeId {
	return b.map("multiply", x, b.map("sigmoid", x));
}

/** x·(1 + erf(x/√2))/2 */
function gelu(b: ProgramBuilder, x: ProgramNodeId): ProgramNodeId {
	const erf = b.map("erf", b.map("multiply", x, b.constant(Math.SQRT1_2)));
	const doubled = b.map("multiply", x, b.map("add", erf, b.constant(1)));
	return b.map("multiply", doubled, b.constant(0.5));
}

/** (rmsnorm(X)·G)·W : X [m, k], G [k], W [k, n]. */
export function rootMeanSquareNormLinear(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const gain = b.input([inner], "weight");
	const w = b.input([inner, columns], "weight");
	const normed = b.map("multiply", rootMeanSquareNorm(b, x, inner, k), gain);
	b.output(b.contract(normed, w, inner));
	return b.build();
}

/** silu(X·A)·(X·B) : X [m, k], A and B [k, n]. */
export function gatedMlp(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const gate = b.contract(x, b.input([inner, columns], "weight"), inner);
	const up = b.contract(x, b.input([inner, columns], "weight"), inner);
	b.output(b.map("multiply", silu(b, gate), up));
	return b.build();
}

/** (silu(X·A)·(X·B))·D + X : X [m, k], A and B [k, h], D [h, k]; the residual reads X along the output's axis. */
export function gatedMlpDownResidual(m: number, k: number, h: number): Program {
	const b = buildProgram();
	const [rows, inner, hidden, columns] = [b.axis(m), b.axis(k), b.axis(h), b.axis(k)];
	const x = b.input([rows, inner]);
	const gate = b.contract(x, b.input([inner, hidden], "weight"), inner);
	const up = b.contract(x, b.input([inner, hidden], "weight"), inner);
	const product = b.map("multiply", silu(b, gate), up);
	const down = b.contract(product, b.input([hidden, columns], "weight"), hidden);
	b.output(b.map("add", down, b.readAgain(x, [rows, columns])));
	return b.build();
}

/** gelu(X·A + a)·B + b : X [m, k], A [k, h], B [h, n]. */
export function geluMlp(m: number, k: number, h: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, hidden, columns] = [b.axis(m), b.axis(k), b.axis(h), b.axis(n)];
	const x = b.input([rows, inner]);
	const up = b.contract(x, b.input([inner, hidden], "weight"), inner);
	const active = gelu(b, b.map("add", up, b.input([hidden], "weight")));
	const down = b.contract(active, b.input([hidden, columns], "weight"), hidden);
	b.output(b.map("add", down, b.input([columns], "weight")));
	return b.build();
}

/** X·W + (X·A)·B : rank r. */
export function loraLinear(m: number, k: number, n: number, r: number): Program {
	const b = buildProgram();
	const [rows, inner, columns, rank] = [b.axis(m), b.axis(k), b.axis(n), b.axis(r)];
	const x = b.input([rows, inner]);
	const main = b.contract(x, b.input([inner, columns], "weight"), inner);
	const low = b.contract(x, b.input([inner, rank], "weight"), inner);
	const branch = b.contract(low, b.input([rank, columns], "weight"), rank);
	b.output(b.map("add", main, branch));
	return b.build();
}

/** softmax(scale·Q·Kᵀ + mask)·V : Q [h, q, d], K and V [h, s, d], mask [q, s]; scores per head. */
export function maskedAttention(heads: number, q: number, s: number, d: number): Program {
	const b = buildProgram();
	const [head, query, key, depth, value] = [b.axis(heads), b.axis(q), b.axis(s), b.axis(d), b.axis(d)];
	const queries = b.input([head, query, depth]);
	const keys = b.input([head, key, depth]);
	const values = b.input([head, key, value]);
	const mask = b.input([query, key]);
	const scaled = b.map("multiply", b.contract(queries, keys, depth), b.constant(1 / Math.sqrt(d)));
	const weights = softmax(b, b.map("add", scaled, mask), key);
	b.output(b.contract(weights, values, key));
	return b.build();
}

/** (exp(x) + sigmoid(y)) / sum(exp(x)·sigmoid(y)) along the last axis of [m, n]: two dear values that wait for one sum. */
export function quotientOfTwo(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const raised = b.map("exp", b.input([rows, columns]));
	const share = b.map("sigmoid", b.input([rows, columns]));
	const sum = b.reduce("sum", b.map("multiply", raised, share), columns);
	b.output(b.map("divide", b.map("add", raised, share), sum));
	return b.build();
}

/** softmax along the last axis of [m, n]. */
export function rowSoftmax(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	b.output(softmax(b, b.input([rows, columns]), columns));
	return b.build();
}

/** (x - mean)/sqrt(variance + epsilon)·G + B along the last axis of [m, n], two passes over the row. */
export function layerNorm(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const x = b.input([rows, columns]);
	const inverse = b.constant(1 / n);
	const centred = b.map("subtract", x, b.map("multiply", b.reduce("sum", x, columns), inverse));
	const squares = b.reduce("sum", b.map("multiply", centred, centred), columns);
	const deviation = b.map("sqrt", b.map("add", b.map("multiply", squares, inverse), b.constant(1e-5)));
	const normed = b.map("divide", centred, deviation);
	const gained = b.map("multiply", normed, b.input([columns], "weight"));
	b.output(b.map("add", gained, b.input([columns], "weight")));
	return b.build();
}

/** layernorm(X)·W + b : X [m, k], W [k, n]. */
export function layerNormLinear(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const inverse = b.constant(1 / k);
	const centred = b.map("subtract", x, b.map("multiply", b.reduce("sum", x, inner), inverse));
	const squares = b.reduce("sum", b.map("multiply", centred, centred), inner);
	const deviation = b.map("sqrt", b.map("add", b.map("multiply", squares, inverse), b.constant(1e-5)));
	const product = b.contract(b.map("divide", centred, deviation), b.input([inner, columns], "weight"), inner);
	b.output(b.map("add", product, b.input([columns], "weight")));
	return b.build();
}

/** norm(norm(X) + R)·G, a chain of two norms over a row: X and R [m, n]. */
export function normChain(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const first = rootMeanSquareNorm(b, b.input([rows, columns]), columns, n);
	const sum = b.map("add", first, b.input([rows, columns]));
	b.output(b.map("multiply", rootMeanSquareNorm(b, sum, columns, n), b.input([columns], "weight")));
	return b.build();
}

/** -sum(log softmax(X)·T)/m : logits X and target weights T [m, n]; a scalar, and the log-probabilities. */
export function crossEntropy(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const x = b.input([rows, columns]);
	const shifted = b.map("subtract", x, b.reduce("max", x, columns));
	const total = b.reduce("sum", b.map("exp", shifted), columns);
	const logProbability = b.map("subtract", shifted, b.map("log", total));
	const picked = b.map("multiply", logProbability, b.input([rows, columns]));
	const loss = b.reduce("sum", picked, rows, columns);
	b.output(b.map("multiply", loss, b.constant(-1 / m)));
	b.output(logProbability);
	return b.build();
}

/** h = X + R, and rmsnorm(h)·G : both are outputs. */
export function residualNorm(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const sum = b.map("add", b.input([rows, columns]), b.input([rows, columns]));
	b.output(sum);
	b.output(b.map("multiply", rootMeanSquareNorm(b, sum, columns, n), b.input([columns], "weight")));
	return b.build();
}

/** gelu(X + bias), written transposed: X [m, n], output [n, m]. */
export function biasGelu(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const sum = b.map("add", b.input([rows, columns]), b.input([columns], "weight"));
	b.output(gelu(b, sum), [columns, rows]);
	return b.build();
}

/** A plain matrix product [m, k]·[k, n]. */
export function matrixProduct(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const left = b.input([rows, inner]);
	b.output(b.contract(left, b.input([inner, columns], "weight"), inner));
	return b.build();
}

/** x [k] · W [k, n]: no row axis. */
export function vectorMatrix(k: number, n: number): Program {
	const b = buildProgram();
	const [inner, columns] = [b.axis(k), b.axis(n)];
	b.output(b.contract(b.input([inner]), b.input([inner, columns], "weight"), inner));
	return b.build();
}

/** Every sample at small extents that no power of two divides. */
export const samplePrograms: Readonly<Record<string, Program>> = {
	rootMeanSquareNormLinear: rootMeanSquareNormLinear(5, 33, 17),
	gatedMlp: gatedMlp(3, 17, 15),
	gatedMlpDownResidual: gatedMlpDownResidual(3, 9, 15),
	geluMlp: geluMlp(3, 9, 15, 7),
	loraLinear: loraLinear(5, 17, 15, 3),
	maskedAttention: maskedAttention(2, 5, 17, 3),
	rowSoftmax: rowSoftmax(5, 17),
	layerNorm: layerNorm(5, 17),
	crossEntropy: crossEntropy(5, 17),
	residualNorm: residualNorm(5, 17),
	biasGelu: biasGelu(5, 17),
	matrixProduct: matrixProduct(3, 17, 15),
};
