// Programs that a file of hand-written AVX-512 kernels computes (`kern.c`: rows of 4096, heads of 128), and how its globals
// are bound to a call. What its functions pack ahead is packed in `prepare` here, as generated kernels do.

import { attention as attentionModel, gatedMlp as gatedMlpModel } from "./cpu-cases.ts";
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

export interface HandWrittenCase {
	readonly name: string;
	/** The function of the file. */
	readonly function: string;
	readonly model: CpuModel;
	/** C globals by graph input: pointers to what a call is given. */
	readonly bound: Readonly<Record<string, string>>;
	/** C globals by weight: pointers to its panels of 32 columns. */
	readonly packed: Readonly<Record<string, string>>;
	/** C global of the result. */
	readonly result: string;
	/** Statements that set what else the function reads; run once. */
	readonly setup: string;
}

const width = 4096;
const depth = 128;

const productSetup = "XPs[0] = xalloc(64 * K * 4);";

function normLinear(rows: number, weightType: CpuModel["weightType"]): HandWrittenCase {
	const isHalf = weightType === "float16";
	return {
		name: `rmsnorm-linear-b${rows}${isHalf ? "-f16" : ""}`,
		function: `a${rows}_${isHalf ? "h" : "f"}`,
		model: {
			inputs: { x: [rows, width], g: [width] },
			weights: { w: [width, width] },
			weightType,
			output: [rows, width],
			nodes: [
				...widened(["w"], weightType),
				...rootMeanSquareNorm("x", "normed"),
				node("Mul", ["normed", "g"], "scaled"),
				node("MatMul", ["scaled", reading("w", weightType)], "y"),
			],
		},
		bound: { x: "X", g: "G" },
		packed: { w: isHalf ? "H1" : "P1" },
		result: "Y",
		setup: productSetup,
	};
}

function gatedMlp(rows: number, weightType: CpuModel["weightType"]): HandWrittenCase {
	const isHalf = weightType === "float16";
	return {
		name: `gated-mlp-b${rows}${isHalf ? "-f16" : ""}`,
		function: `b${rows}_${isHalf ? "h" : "f"}`,
		model: gatedMlpModel(rows, weightType),
		bound: { x: "X" },
		packed: isHalf ? { w1: "H1", w2: "H2" } : { w1: "P1", w2: "P2" },
		result: "Y",
		setup: productSetup,
	};
}

/** The low-rank factors are float32 inputs of a call: the file does not pack them. */
function lowRankLinear(rows: number, weightType: CpuModel["weightType"]): HandWrittenCase {
	const isHalf = weightType === "float16";
	const rank = 16;
	return {
		name: `lora-b${rows}${isHalf ? "-f16" : ""}`,
		function: `c${rows}_${isHalf ? "h" : "f"}`,
		model: {
			inputs: { x: [rows, width], a: [width, rank], b: [rank, width] },
			weights: { w: [width, width] },
			weightType,
			output: [rows, width],
			nodes: [
				...widened(["w"], weightType),
				node("MatMul", ["x", reading("w", weightType)], "main"),
				node("MatMul", ["x", "a"], "low"),
				node("MatMul", ["low", "b"], "branch"),
				node("Add", ["main", "branch"], "y"),
			],
		},
		bound: { x: "X", a: "LA", b: "LB" },
		packed: { w: isHalf ? "H1" : "P1" },
		result: "Y",
		setup: productSetup,
	};
}

function attention(heads: number, queries: number, length: number): HandWrittenCase {
	return {
		name:
			heads === 1 ? `attention-${queries}x${depth}-${length}` : `attention-${heads * queries}q-${heads}kv`,
		function: `e${queries}_f`,
		model: attentionModel(heads, queries, length, depth, false),
		bound: { q: "Q", k: "KK", v: "VV" },
		packed: {},
		result: "O",
		setup: `HK = ${heads}; S = ${length}; PART = xalloc((size_t)(${heads} + ${length} / 256 + 2) * ${queries} * 144 * 4);`,
	};
}

function normedAttention(heads: number, length: number): HandWrittenCase {
	const model = attentionModel(heads, 1, length, depth, false);
	const affine = { gq: [depth], bq: [depth], gk: [depth], bk: [depth] };
	const norm = (x: string): WrittenNode =>
		node("LayerNormalization", [x, `g${x}`, `b${x}`], `${x}_normed`, { axis: -1 });
	return {
		name: "qknorm",
		function: "d_f",
		model: {
			...model,
			inputs: { ...model.inputs, ...affine },
			nodes: [norm("q"), norm("k"), ...softmaxAttention("q_normed", "k_normed", depth)],
		},
		bound: { q: "Q", k: "KK", v: "VV", gq: "GQ", bq: "BQ", gk: "GK", bk: "BK" },
		packed: {},
		result: "O",
		setup: `HK = ${heads}; S = ${length};`,
	};
}

function chain(
	rows: number,
	name: string,
	own: { readonly function: string; readonly bound: Readonly<Record<string, string>> },
	nodes: readonly WrittenNode[],
): HandWrittenCase {
	const perRow = new Set(["x", "h"]);
	const shapes = Object.keys(own.bound).map((input) => [input, perRow.has(input) ? [rows, width] : [width]]);
	return {
		name: `${name}-${rows}`,
		...own,
		model: {
			inputs: Object.fromEntries(shapes),
			weights: {},
			weightType: "float32",
			output: [rows, width],
			nodes,
		},
		packed: {},
		result: "YA",
		setup: `ROWS = ${rows}; NTST = ${rows >= 512 ? 1 : 0}; CHK = ${rows >= 512 ? 8 : 1};`,
	};
}

/** x / |x| along the last axis. */
function unitNorm(x: string, output: string): WrittenNode[] {
	return [
		node("ReduceSumSquare", [x], `${output}_sum`, { axes: [-1], keepdims: 1 }),
		node("Sqrt", [`${output}_sum`], `${output}_length`),
		node("Div", [x, `${output}_length`], output),
	];
}

function chains(rows: number): HandWrittenCase[] {
	const norm = [
		node("Add", ["x", "h"], "sum"),
		node("LayerNormalization", ["sum", "g", "b"], "y", { axis: -1 }),
	];
	const step = [
		...unitNorm("h", "h_normed"),
		node("Sub", ["h_normed", "x"], "step"),
		node("Mul", ["step", "g"], "scaled"),
		node("Add", ["x", "scaled"], "moved"),
		...unitNorm("moved", "y"),
	];
	const rms = [...rootMeanSquareNorm("x", "normed"), node("Mul", ["normed", "g"], "y")];
	const xhg = { x: "XA", h: "XR", g: "GA" };
	return [
		chain(rows, "residual-layernorm", { function: "ln_res", bound: { ...xhg, b: "BA" } }, norm),
		chain(rows, "rmsnorm", { function: "rms", bound: { x: "XA", g: "GA" } }, rms),
		chain(rows, "softmax", { function: "smax", bound: { x: "XA" } }, [
			node("Softmax", ["x"], "y", { axis: -1 }),
		]),
		chain(rows, "bias-gelu", { function: "bgelu", bound: { x: "XA", b: "BA" } }, biasGelu("x", "b", "y")),
		chain(rows, "ntrans", { function: "ntrans", bound: xhg }, step),
	];
}

export const handWrittenCases: readonly HandWrittenCase[] = [
	normLinear(1, "float32"),
	normLinear(8, "float32"),
	normLinear(16, "float32"),
	gatedMlp(1, "float32"),
	gatedMlp(8, "float32"),
	lowRankLinear(1, "float32"),
	lowRankLinear(8, "float32"),
	normedAttention(32, 1024),
	attention(1, 16, 1024),
	attention(1, 16, 4096),
	attention(8, 8, 4096),
	...chains(16),
	...chains(512),
	normLinear(1, "float16"),
	normLinear(8, "float16"),
	normLinear(16, "float16"),
	gatedMlp(1, "float16"),
	gatedMlp(8, "float16"),
	lowRankLinear(8, "float16"),
];
