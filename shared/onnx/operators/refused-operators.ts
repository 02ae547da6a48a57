// ONNX operators that are known and not imported, with the reason that refusals and docs/operators.md give.

const reasons: readonly (readonly [reason: string, operators: readonly string[]])[] = [
	["control flow is not supported: a graph has one path", ["If", "Loop", "Scan", "SequenceMap"]],
	[
		"convolutions and pooling are not supported: a general runtime's are hard to beat",
		[
			"AveragePool",
			"Col2Im",
			"Conv",
			"ConvInteger",
			"ConvTranspose",
			"DeformConv",
			"GlobalAveragePool",
			"GlobalLpPool",
			"GlobalMaxPool",
			"LpPool",
			"MaxPool",
			"MaxRoiPool",
			"MaxUnpool",
			"QLinearConv",
			"RoiAlign",
		],
	],
	[
		"image resampling is not supported",
		["AffineGrid", "CenterCropPad", "GridSample", "ImageDecoder", "Resize", "Upsample"],
	],
	["recurrences over time are not supported", ["GRU", "LSTM", "LinearAttention", "RNN"]],
	[
		"quantised arithmetic is not supported: computation is in float32 and float16",
		["DequantizeLinear", "DynamicQuantizeLinear", "QLinearMatMul", "QuantizeLinear"],
	],
	[
		"the result's shape depends on values that are known at run time only",
		["Compress", "NonMaxSuppression", "NonZero", "Unique"],
	],
	[
		"writes at computed positions are not supported",
		["Scatter", "ScatterElements", "ScatterND", "TensorScatter"],
	],
	["sorting is not supported", ["TopK"]],
	[
		"random numbers differ between runs, so that nothing could be compared",
		["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"],
	],
	[
		"sequences, optionals and maps are not supported: values are tensors",
		[
			"ConcatFromSequence",
			"Optional",
			"OptionalGetElement",
			"OptionalHasElement",
			"ReverseSequence",
			"SequenceAt",
			"SequenceConstruct",
			"SequenceEmpty",
			"SequenceErase",
			"SequenceInsert",
			"SequenceLength",
			"SplitToSequence",
		],
	],
	[
		"strings are not supported",
		["RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"],
	],
	[
		"signal processing is not supported",
		["BlackmanWindow", "DFT", "HammingWindow", "HannWindow", "MelWeightMatrix", "STFT"],
	],
	["linear algebra beyond products is not supported", ["Det"]],
	["it is training's, not inference's", ["Adagrad", "Adam", "Gradient", "Momentum"]],
	["reinterpreting bits is not supported", ["BitCast"]],
	["local response normalisation is not supported", ["LRN"]],
];

/** Why each known operator of ONNX's own domain is refused. */
export const refusedOperators: ReadonlyMap<string, string> = new Map(
	reasons.flatMap(([reason, operators]) => operators.map((operator) => [operator, reason] as const)),
);
