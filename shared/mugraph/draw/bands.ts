// What a drawing consists of before it has places: layers of boxes from top to bottom, and frames around runs of layers.

import { present } from "#shared/fault/assert.ts";
import type { Box, Frame } from "./drawing.ts";

export type BandBox = Pick<Box, "kind" | "lines">;

export interface BandFrame extends Pick<Frame, "kind" | "heading"> {
	/** First and last layer within. */
	readonly first: number;
	readonly last: number;
	/** Frames around it. */
	readonly depth: number;
}

export interface BandContents {
	readonly boxes: readonly (BandBox & { readonly layer: number })[];
	readonly edges: readonly { readonly from: number; readonly to: number }[];
	/** Outer before inner. */
	readonly frames: readonly BandFrame[];
	readonly layersCount: number;
}

export interface Bands {
	nextLayer(): void;
	/** In the current layer; gives the box's index. */
	add(box: BandBox): number;
	/** From a box to one in a later layer. */
	connect(from: number, to: number): void;
	/** Around the layers that follow, until it is closed. */
	openFrame(kind: Frame["kind"], heading: string): void;
	closeFrame(): void;
	contents(): BandContents;
}

export function createBands(): Bands {
	const boxes: (BandBox & { readonly layer: number })[] = [];
	const edges: { readonly from: number; readonly to: number }[] = [];
	const frames: BandFrame[] = [];
	const open: number[] = [];
	let layer = -1;
	return {
		nextLayer: () => {
			layer++;
		},
		add: (box) => boxes.push({ ...box, layer }) - 1,
		connect: (from, to) => {
			edges.push({ from, to });
		},
		openFrame: (kind, heading) => {
			const depth = open.length;
			open.push(frames.push({ kind, heading, first: layer + 1, last: layer + 1, depth }) - 1);
		},
		closeFrame: () => {
			const id = present(open.pop(), "an open frame");
			frames[id] = { ...present(frames[id], "frame"), last: layer };
		},
		contents: () => ({ boxes, edges, frames, layersCount: layer + 1 }),
	};
}
