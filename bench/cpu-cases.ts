// What kernels are measured on: Mirage's six benchmarks (OSDI'25, section 8) at decode shapes, their products at one row
// and with weights in half precision, chains of norms and activations, and grouped-query attention over a long cache.
// Weights are graph inputs of role weight, so that both sides hold them constant and may pack them.

import {
	biasGelu,
	type CpuModel,
	node,
	reading,
	rootMeanSquareNorm,
	softmaxAttention,
	type WrittenNode,
	widened,
} from "./cpu-model.ts";

export interface CpuCase {
	readonly name: string;
	readonly model: CpuModel;
}

const wide = 4096;

export function normLinear(rows: number, weightType: CpuModel["weightType"], width = wide): CpuModel {
	return {
		inputs: { x: [rows, width] },
		weights: { w: [width, width] },
		weightType,
		output: [rows, width],
		nodes: [
			...widened(["w"], weightType),
			...rootMeanSquareNorm("x", "normed"),
			node("MatMul", ["normed", reading("w", weightType)], "y"),
		],
	};
}

export function gatedMlp(rows: number, weightType: CpuModel["weightType"], width = wide): CpuModel {
	return {
		inputs: { x: [rows, width] },
		weights: { w1: [width, width], w2: [width, width] },
		weightType,
		output: [rows, width],
		nodes: [
			...widened(["w1", "w2"], weightType),
			node("MatMul", ["x", reading("w1", weightType)], "gate"),
			node("MatMul", ["x", reading("w2", weightType)], "up"),
			node("Sigmoid", ["gate"], "share"),
			node("Mul", ["gate", "share"], "active"),
			node("Mul", ["active", "up"], "y"),
		],
	};
}

function lowRankLinear(rows: number, weightType: CpuModel["weightType"]): CpuModel {
	const width = wide;
	const rank = 16;
	return {
		inputs: { x: [rows, width] },
		weights: { w: [width, width], a: [width, rank], b: [rank, width] },
		weightType,
		output: [rows, width],
		nodes: [
			...widened(["w", "a", "b"], weightType),
			node("MatMul", ["x", reading("w", weightType)], "main"),
			node("MatMul", ["x", reading("a", weightType)], "low"),
			node("MatMul", ["low", reading("b", weightType)], "branch"),
			node("Add", ["main", "branch"], "y"),
		],
	};
}

/** softmax(Q·Kᵀ / sqrt(depth))·V, Q and K normed first when `isNormed`. Keys lie [heads, length, depth]. */
export function attention(
	heads: number,
	queries: number,
	length: number,
	depth: number,
	isNormed: boolean,
): CpuModel {
	const [q, k] = isNormed ? (["q_normed", "k_normed"] as const) : (["q", "k"] as const);
	const norms = isNormed
		? [...rootMeanSquareNorm("q", "q_normed"), ...rootMeanSquareNorm("k", "k_normed")]
		: [];
	return {
		inputs: { q: [heads, queries, depth], k: [heads, length, depth], v: [heads, length, depth] },
		weights: {},
		weightType: "float32",
		output: [heads, queries, depth],
		nodes: [...norms, ...softmaxAttention(q, k, depth)],
	};
}

/** Mirage's normalised transformer: norm(x + a·(norm(h) - x)). */
function normalisedTransformer(rows: number): CpuModel {
	return {
		...chain(rows, { x: [rows, wide], h: [rows, wide] }, { alpha: [wide] }, [
			...rootMeanSquareNorm("h", "h_normed"),
			node("Sub", ["h_normed", "x"], "step"),
			node("Mul", ["step", "alpha"], "scaled"),
			node("Add", ["x", "scaled"], "moved"),
			...rootMeanSquareNorm("moved", "y"),
		]),
	};
}

function chain(
	rows: number,
	inputs: CpuModel["inputs"],
	weights: CpuModel["weights"],
	nodes: readonly WrittenNode[],
): CpuModel {
	return { inputs, weights, weightType: "float32", output: [rows, wide], nodes };
}

function chains(rows: number): CpuCase[] {
	const x = { x: [rows, wide] };
	const residual = { ...x, r: [rows, wide] };
	const norm = [
		node("Add", ["x", "r"], "sum"),
		node("LayerNormalization", ["sum", "gain", "bias"], "y", { axis: -1 }),
	];
	const named = (name: string, model: CpuModel): CpuCase => ({ name: `${name}-${rows}`, model });
	return [
		named("residual-layernorm", chain(rows, residual, { gain: [wide], bias: [wide] }, norm)),
		named("rmsnorm", chain(rows, x, {}, rootMeanSquareNorm("x", "y"))),
		named("softmax", chain(rows, x, {}, [node("Softmax", ["x"], "y", { axis: -1 })])),
		named("bias-gelu", chain(rows, x, { bias: [wide] }, biasGelu("x", "bias", "y"))),
	];
}

function products(rows: number, weightType: CpuModel["weightType"]): CpuCase[] {
	const suffix = weightType === "float32" ? `b${rows}` : `b${rows}-f16`;
	return [
		{ name: `rmsnorm-linear-${suffix}`, model: normLinear(rows, weightType) },
		{ name: `gated-mlp-${suffix}`, model: gatedMlp(rows, weightType) },
		{ name: `lora-${suffix}`, model: lowRankLinear(rows, weightType) },
	];
}

export const cpuCases: readonly CpuCase[] = [
	...products(8, "float32"),
	{ name: "qknorm", model: attention(32, 1, 1024, 128, true) },
	{ name: "gqa-16x128", model: attention(1, 16, 4096, 128, false) },
	{ name: "ntrans-512", model: normalisedTransformer(512) },
	...products(1, "float32"),
	...products(8, "float16"),
	...products(1, "float16"),
	...chains(16),
	...chains(512),
	// 64 query heads over 8 of keys and values: the 8 queries that share one lie as its rows.
	{ name: "gqa-64q-8kv", model: attention(8, 8, 4096, 128, false) },
];
