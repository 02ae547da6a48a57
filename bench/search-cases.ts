// What the search is measured on: Mirage's benchmarks (OSDI'25, section 8) at its shapes, and what it does not cover.

import type { TraitId } from "#shared/mugraph/traits.ts";
import type { Program } from "#shared/program/program.ts";
import {
	groupedQueryAttention,
	queryKeyNormAttention,
	transformerBlock,
} from "#test/support/attention-programs.ts";
import * as programs from "#test/support/programs.ts";

/** What Mirage reports or ships for the same program. */
export interface MirageFigures {
	/** µGraphs in its published files, operand-swap duplicates and wrong ones included. */
	readonly candidates: string;
	readonly seconds: string;
}

export interface SearchCase {
	readonly name: string;
	/** A model below the folder of outside suites, or a program built here. */
	readonly source: { readonly model: string } | { readonly build: () => Program };
	/** One µGraph must show all of them. */
	readonly expected: readonly TraitId[];
	readonly mirage?: MirageFigures;
}

const upTo4Hours = "up to 14,400";

export const searchCases: readonly SearchCase[] = [
	{
		name: "RMSNorm + linear",
		source: { model: "mirage-bench/rmsnorm_bs1_f32" },
		expected: ["singleKernel", "divisionAfterContraction", "loopCarriedStatistic"],
		mirage: { candidates: "18", seconds: "28; 183 in one thread" },
	},
	{
		name: "gated MLP",
		source: { model: "mirage-bench/gated_mlp_f32" },
		expected: ["singleKernel", "sharedOperandLoad"],
		mirage: { candidates: "32, 16 distinct", seconds: upTo4Hours },
	},
	{
		name: "LoRA",
		source: { model: "mirage-bench/lora_f32" },
		expected: ["singleKernel", "lowRankBranch"],
		mirage: { candidates: "4", seconds: upTo4Hours },
	},
	{
		name: "GQA, batch 1",
		source: { model: "mirage-bench/gqa_bs1_literal_f32" },
		expected: ["splitReduction", "divisionAfterContraction"],
		mirage: { candidates: "28", seconds: upTo4Hours },
	},
	{
		name: "QKNorm attention, LayerNorms",
		source: { model: "exported/mirage_qknorm_m" },
		expected: ["singleKernel", "fusedAttention"],
	},
	{
		name: "QKNorm attention, norms of squares",
		source: { build: () => queryKeyNormAttention(2, 256, 4096, 64) },
		expected: ["singleKernel", "onlineSoftmax", "divisionAfterContraction"],
		mirage: { candidates: "190, all wrong", seconds: upTo4Hours },
	},
	{
		name: "nTrans",
		source: { model: "exported/mirage_ntrans_m" },
		expected: ["singleKernel", "rowResident"],
		mirage: { candidates: "9, 3 distinct", seconds: upTo4Hours },
	},
	{
		name: "GQA with softmax's maximum, batch 1",
		source: { model: "mirage-bench/gqa_bs1_softmax_f32" },
		expected: ["splitReduction", "onlineSoftmax"],
	},
	{
		name: "GQA, batch 8",
		source: {
			build: () =>
				groupedQueryAttention({ batch: 8, keyHeads: 2, group: 16, queries: 16, keys: 4096, depth: 64 }),
		},
		expected: ["singleKernel", "onlineSoftmax"],
	},
	{
		name: "row softmax",
		source: { build: () => programs.rowSoftmax(64, 4096) },
		expected: ["singleKernel", "onlineSoftmax"],
	},
	{
		name: "LayerNorm",
		source: { build: () => programs.layerNorm(64, 4096) },
		expected: ["singleKernel", "onePassVariance"],
	},
	{
		name: "bias + GELU MLP",
		source: { build: () => programs.geluMlp(8, 1024, 4096, 1024) },
		expected: ["fusedEpilogue"],
	},
	{
		name: "residual + norm",
		source: { build: () => programs.residualNorm(64, 4096) },
		expected: ["singleKernel", "rowResident"],
	},
	{
		name: "gated MLP with down projection",
		source: { build: () => programs.gatedMlpDownResidual(8, 1024, 4096) },
		expected: ["sharedOperandLoad", "fusedEpilogue"],
	},
	{
		name: "masked attention",
		source: { build: () => programs.maskedAttention(8, 64, 1024, 64) },
		expected: ["singleKernel", "onlineSoftmax", "divisionAfterContraction"],
	},
	{
		name: "rotary attention of a LLaMA layer",
		source: { model: "exported/llama_layer_d64_h4kv2_t16" },
		expected: ["singleKernel", "fusedAttention", "rotaryOnTheFly"],
	},
	{
		name: "LayerNorm + linear",
		source: { build: () => programs.layerNormLinear(8, 1024, 1024) },
		expected: ["singleKernel", "onePassVariance", "divisionAfterContraction"],
	},
	{
		name: "transformer block (norm, attention, projection, residual, norm, gate)",
		source: { build: () => transformerBlock(16, 64, 4, 128) },
		expected: ["fusedAttention"],
	},
];
