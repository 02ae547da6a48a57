import type { MuGraph } from "../mugraph.ts";
import { type DrawOptions, layOutMuGraph } from "./lay-out-mugraph.ts";
import { renderSvg } from "./svg.ts";

/**
 * A µGraph's three levels as one SVG file: tensors in device memory and kernels; in each kernel the block graph with its
 * loop; and which element-wise chains a thread keeps in registers. Any text in the options is escaped.
 */
export function drawMuGraph(muGraph: MuGraph, options: DrawOptions): string {
	return renderSvg(layOutMuGraph(muGraph, options));
}
