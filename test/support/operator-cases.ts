// Cases of one operator each that no published suite covers: ONNX Runtime's own operators, old opsets, thinly tested
// corners.

import { createRandom } from "#shared/numeric/random.ts";
import type { WrittenAttribute } from "#shared/onnx/write-proto.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { type OperatorCase, tensor } from "#test/support/operator-model.ts";

const random = createRandom(Number(process.env.TEST_SEED));
/** Uniform in [-magnitude, magnitude). */
export const noise = (shape: Shape, magnitude = 1): TensorData =>
	tensor(
		"float32",
		shape,
		Float64Array.from({ length: elementCount(shape) }, () => (2 * random.nextUnit() - 1) * magnitude),
	);
export const int32 = (...elements: number[]): TensorData => tensor("int32", [elements.length], elements);
const int64 = (...elements: number[]): TensorData => tensor("int64", [elements.length], elements);
const floats = (...elements: number[]): TensorData => tensor("float32", [elements.length], elements);
const float = (value: number): WrittenAttribute => ({ float: value });

export type Row = readonly [
	name: string,
	operator: string,
	inputs: readonly (TensorData | null)[],
	outputs: readonly (Shape | null)[],
	attributes?: Readonly<Record<string, WrittenAttribute>>,
	opset?: number,
];

const x238 = (): TensorData => noise([2, 3, 8]);
const heads = { num_heads: 2 };
export const grouped = { num_heads: 4, kv_num_heads: 2 };
/** Rotary caches of 16 positions and 8 pairs. */
const cache = (): TensorData => noise([16, 8]);
const cached = (tokens: number): TensorData => noise([1, 2, tokens, 16]);

/** Of the domain com.microsoft. */
export const contrib: readonly Row[] = [
	[
		"skip and bias",
		"SkipLayerNormalization",
		[x238(), x238(), noise([8]), noise([8]), noise([8])],
		[[2, 3, 8], null, null, [2, 3, 8]],
		{ epsilon: float(1e-5) },
	],
	[
		"a skip for all batches",
		"SkipLayerNormalization",
		[x238(), noise([1, 3, 8]), noise([8]), noise([8])],
		[[2, 3, 8]],
	],
	[
		"skip and bias",
		"SkipSimplifiedLayerNormalization",
		[x238(), x238(), noise([8]), noise([8])],
		[[2, 3, 8], null, null, [2, 3, 8]],
		{ epsilon: float(1e-5) },
	],
	["with bias", "FastGelu", [noise([2, 8], 3), noise([8])], [[2, 8]]],
	["", "BiasGelu", [noise([2, 8], 3), noise([8])], [[2, 8]]],
	["", "Gelu", [noise([2, 8], 3)], [[2, 8]]],
	["", "QuickGelu", [noise([2, 8], 3)], [[2, 8]]],
	[
		"both transposed",
		"FusedMatMul",
		[noise([2, 4, 3]), noise([2, 5, 4])],
		[[2, 3, 5]],
		{ transA: 1, transB: 1, alpha: float(0.5) },
	],
	[
		"ids by token",
		"RotaryEmbedding",
		[noise([2, 3, 32]), tensor("int64", [2, 3], [0, 1, 2, 4, 5, 6]), cache(), cache()],
		[[2, 3, 32]],
	],
	[
		"one offset, interleaved",
		"RotaryEmbedding",
		[noise([2, 3, 32]), int64(4), cache(), cache()],
		[[2, 3, 32]],
		{ interleaved: 1 },
	],
	[
		"rank 4",
		"RotaryEmbedding",
		[noise([2, 2, 3, 16]), tensor("int64", [2, 3], [0, 1, 2, 4, 5, 6]), cache(), cache()],
		[[2, 2, 3, 16]],
	],
	[
		"part of the head",
		"RotaryEmbedding",
		[noise([2, 3, 64]), tensor("int64", [2, 3], [0, 1, 2, 4, 5, 6]), cache(), cache()],
		[[2, 3, 64]],
		{ num_heads: 2, rotary_embedding_dim: 16 },
	],
	["plain", "MultiHeadAttention", [x238(), noise([2, 5, 8]), noise([2, 5, 8])], [[2, 3, 8]], heads],
	[
		"with projection bias",
		"MultiHeadAttention",
		[x238(), noise([2, 5, 8]), noise([2, 5, 8]), noise([24])],
		[[2, 3, 8]],
		heads,
	],
	[
		"causal",
		"MultiHeadAttention",
		[noise([2, 5, 8]), noise([2, 5, 8]), noise([2, 5, 8])],
		[[2, 5, 8]],
		{ ...heads, unidirectional: 1 },
	],
	[
		"padding mask",
		"MultiHeadAttention",
		[
			x238(),
			noise([2, 5, 8]),
			noise([2, 5, 8]),
			null,
			tensor("int32", [2, 5], [1, 1, 1, 0, 0, 1, 1, 1, 1, 1]),
		],
		[[2, 3, 8]],
		heads,
	],
	[
		"attention bias and scale",
		"MultiHeadAttention",
		[x238(), noise([2, 5, 8]), noise([2, 5, 8]), null, null, noise([1, 2, 3, 5])],
		[[2, 3, 8]],
		{ ...heads, scale: float(0.3) },
	],
	[
		"causal with a past",
		"MultiHeadAttention",
		[x238(), x238(), x238(), null, null, null, noise([2, 2, 4, 4]), noise([2, 2, 4, 4])],
		[
			[2, 3, 8],
			[2, 2, 7, 4],
			[2, 2, 7, 4],
		],
		{ ...heads, unidirectional: 1 },
	],
	[
		"prompt",
		"GroupQueryAttention",
		[noise([1, 3, 64]), noise([1, 3, 32]), noise([1, 3, 32]), null, null, int32(2), int32(3)],
		[
			[1, 3, 64],
			[1, 2, 3, 16],
			[1, 2, 3, 16],
		],
		grouped,
	],
	[
		"two equal prompts",
		"GroupQueryAttention",
		[noise([2, 3, 64]), noise([2, 3, 32]), noise([2, 3, 32]), null, null, int32(2, 2), int32(3)],
		[
			[2, 3, 64],
			[2, 2, 3, 16],
			[2, 2, 3, 16],
		],
		grouped,
	],
	[
		"one token after four",
		"GroupQueryAttention",
		[noise([1, 1, 64]), noise([1, 1, 32]), noise([1, 1, 32]), cached(4), cached(4), int32(4), int32(5)],
		[
			[1, 1, 64],
			[1, 2, 5, 16],
			[1, 2, 5, 16],
		],
		grouped,
	],
	[
		"a buffer longer than its tokens",
		"GroupQueryAttention",
		[noise([1, 1, 64]), noise([1, 1, 32]), noise([1, 1, 32]), cached(10), cached(10), int32(4), int32(5)],
		[
			[1, 1, 64],
			[1, 2, 10, 16],
			[1, 2, 10, 16],
		],
		grouped,
	],
	[
		"rotary after a past",
		"GroupQueryAttention",
		[
			noise([1, 3, 64]),
			noise([1, 3, 32]),
			noise([1, 3, 32]),
			cached(4),
			cached(4),
			int32(6),
			int32(7),
			cache(),
			cache(),
		],
		[
			[1, 3, 64],
			[1, 2, 7, 16],
			[1, 2, 7, 16],
		],
		{ ...grouped, do_rotary: 1 },
	],
	[
		"packed, interleaved, capped",
		"GroupQueryAttention",
		[noise([1, 3, 128]), null, null, null, null, int32(2), int32(3), cache(), cache()],
		[
			[1, 3, 64],
			[1, 2, 3, 16],
			[1, 2, 3, 16],
		],
		{ ...grouped, do_rotary: 1, rotary_interleaved: 1, softcap: float(2), scale: float(0.7) },
	],
];

const einsum = (equation: string, output: Shape, ...inputs: TensorData[]): Row => [
	equation,
	"Einsum",
	inputs,
	[output],
	{ equation },
];

/** Of ONNX's own domain. */
export const standard: readonly Row[] = [
	["", "SimplifiedLayerNormalization", [x238(), noise([8])], [[2, 3, 8]], { epsilon: float(1e-5) }],
	[
		"scale by group",
		"GroupNormalization",
		[noise([2, 4, 3]), noise([2]), noise([2])],
		[[2, 4, 3]],
		{ num_groups: 2 },
		18,
	],
	[
		"scale by channel",
		"GroupNormalization",
		[noise([2, 4, 3, 2]), noise([4]), noise([4])],
		[[2, 4, 3, 2]],
		{ num_groups: 2 },
	],
	["", "InstanceNormalization", [noise([2, 4, 3, 2]), noise([4]), noise([4])], [[2, 4, 3, 2]]],
	["", "MeanVarianceNormalization", [noise([2, 4, 3, 2])], [[2, 4, 3, 2]]],
	[
		"a lane of zeros",
		"LpNormalization",
		[tensor("float32", [2, 3], [0, 0, 0, 1, 2, 3])],
		[[2, 3]],
		{ p: 2, axis: 1 },
	],
	[
		"",
		"BatchNormalization",
		[noise([2, 3, 4]), noise([3]), noise([3]), noise([3]), floats(0.5, 1, 2)],
		[[2, 3, 4]],
	],
	["flattened", "Softmax", [noise([2, 3, 4])], [[2, 3, 4]], { axis: 1 }, 11],
	["flattened", "LogSoftmax", [noise([2, 3, 4])], [[2, 3, 4]], {}, 11],
	["flattened", "Hardmax", [noise([2, 3, 4])], [[2, 3, 4]], {}, 11],
	[
		"bounds as attributes",
		"Clip",
		[noise([2, 3, 4])],
		[[2, 3, 4]],
		{ min: float(-0.5), max: float(0.25) },
		10,
	],
	[
		"large and infinite",
		"ReduceLogSumExp",
		[tensor("float32", [2, 3], [1000, 1001, 999, ...new Array(3).fill(Number.NEGATIVE_INFINITY)]), int64(1)],
		[[2]],
		{ keepdims: 0 },
	],
	["without axes", "ReduceSumSquare", [noise([2, 3])], [[2, 3]], { noop_with_empty_axes: 1 }],
	["without axes", "ReduceL1", [noise([2, 3])], [[2, 3]], { noop_with_empty_axes: 1 }],
	["without axes", "ReduceLogSumExp", [noise([2, 3])], [[2, 3]], { noop_with_empty_axes: 1 }],
	["", "Celu", [noise([60], 5)], [[60]], { alpha: float(2) }],
	["", "Selu", [noise([60], 5)], [[60]]],
	["", "Elu", [noise([60], 5)], [[60]], { alpha: float(2) }],
	["both tails", "Softplus", [floats(-100, -20, 0, 20, 100)], [[5]]],
	["", "Mish", [noise([60], 20)], [[60]]],
	["", "HardSigmoid", [noise([60], 20)], [[60]]],
	["", "Shrink", [noise([60], 5)], [[60]], { lambd: float(1.5), bias: float(1) }],
	["", "ThresholdedRelu", [noise([60], 5)], [[60]]],
	["slope by channel", "PRelu", [noise([2, 3, 4]), noise([3, 1])], [[2, 3, 4]]],
	["", "Erf", [noise([60], 6)], [[60]]],
	["ties", "Round", [floats(0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 2.3)], [[8]]],
	[
		"weights and an ignored label",
		"NegativeLogLikelihoodLoss",
		[noise([3, 5, 2]), tensor("int64", [3, 2], [0, 1, 4, -1, 2, 3]), floats(1, 2, 3, 4, 5)],
		[[]],
		{ ignore_index: -1 },
	],
	[
		"no reduction",
		"SoftmaxCrossEntropyLoss",
		[noise([3, 5, 2]), tensor("int64", [3, 2], [0, 1, 4, 1, 2, 3])],
		[
			[3, 2],
			[3, 5, 2],
		],
		{ reduction: "none" },
	],
	einsum("bij,jk->bik", [2, 3, 5], noise([2, 3, 4]), noise([4, 5])),
	einsum("bij,bij->b", [2], noise([2, 3, 4]), noise([2, 3, 4])),
	einsum("bhid,bhjd->bihj", [2, 4, 3, 6], noise([2, 3, 4, 5]), noise([2, 3, 6, 5])),
	einsum("abc,bd->cd", [4, 5], noise([2, 3, 4]), noise([3, 5])),
	einsum("...ij,jk->...ik", [7, 2, 4], noise([7, 2, 3]), noise([3, 4])),
	einsum("i,j", [3, 4], noise([3]), noise([4])),
	einsum("ii", [], noise([3, 3])),
	einsum("ij,jk,kl->li", [6, 3], noise([3, 4]), noise([4, 5]), noise([5, 6])),
	einsum("bij,bij->bj", [2, 4], noise([2, 3, 4]), noise([1, 3, 4])),
	einsum("biij->bji", [2, 4, 3], noise([2, 3, 3, 4])),
];

export function operatorCase(row: Row, domain?: string): OperatorCase {
	const [, operator, inputs, outputs, attributes = {}, opset = 21] = row;
	return {
		operator,
		...(domain === undefined ? {} : { domain }),
		opset,
		attributes,
		inputs,
		outputs: outputs.map((shape) => (shape === null ? null : ["float32", shape])),
	};
}
