// In-engine time beside a kernel's.

import type { MeasuredCase } from "../bench-island.ts";

/** What `in engine` is, for whoever reads a table. */
export const engineNote =
	"in engine: its nodes' times by ONNX Runtime's profiler, which makes short ones longer; run afterwards, not interleaved";

/** Samples of two measurements differ by as much on a shared machine. */
const aboveWallMax = 1.1;

/**
 * Summed node times over the kernel's time; null without them, and where they exceed the wall time: there they say more of
 * the profiler than of the engine.
 */
export function engineRatio({
	engine,
	baselineNs,
	kernelNs,
}: Pick<MeasuredCase, "engine" | "baselineNs" | "kernelNs">): number | null {
	if (engine === null || engine.nodesNs > aboveWallMax * baselineNs) return null;
	return engine.nodesNs / kernelNs;
}
