// Programs small enough to be compiled and timed thousands of times, each bound by something else: reading weights, multiply-adds
// with an epilogue, and attention's two products around a softmax.

import { attention, gatedMlp, normLinear } from "./cpu-cases.ts";
import type { CpuModel } from "./cpu-model.ts";

const narrow = 1024;

export const sweepCases: Readonly<Record<string, CpuModel>> = {
	"rmsnorm-linear-8": normLinear(8, "float32", narrow),
	"gated-mlp-32": gatedMlp(32, "float32", narrow),
	"attention-16x128-1024": attention(1, 16, 1024, 128, false),
};
