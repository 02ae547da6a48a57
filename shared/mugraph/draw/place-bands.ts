// Places in pixels: layers below each other with room for frames and their headings, edges that pass a layer straight down
// and bend only between layers, where no box is.

import { present } from "#shared/fault/assert.ts";
import type { BandContents, BandFrame } from "./bands.ts";
import type { Box, Drawing, Edge, Frame, Point } from "./drawing.ts";
import { type LayeredLayout, layInLayers } from "./layered-layout.ts";
import { fontPixels, linePixels, textWidth, titlePixels } from "./text-size.ts";

const boxPadding = 8;
const layerGap = 30;
const framePadding = 14;
const frameHeading = 20;
/** Between two frames, or a frame and a row of tensors. */
const frameGap = 12;
const margin = 24;
const titleGap = 22;

interface LayerSpan {
	readonly top: number;
	readonly bottom: number;
}

export function placeBands(contents: BandContents, title: string, notes: readonly string[]): Drawing {
	const sizes = contents.boxes.map(({ lines }) => ({
		width: Math.max(...lines.map((line) => textWidth(line))) + 2 * boxPadding,
		height: lines.length * linePixels + boxPadding,
	}));
	const layout = layInLayers(
		contents.boxes.map(({ layer }, id) => ({ layer, width: present(sizes[id], "size of a box").width })),
		contents.edges,
	);
	const depthMax = Math.max(0, ...contents.frames.map(({ depth }) => depth)) + 1;
	const headings = contents.frames.map(({ heading }) => textWidth(heading) + 2 * framePadding);
	const texts = [textWidth(title, titlePixels), ...notes.map((note) => textWidth(note))];
	const inner = Math.max(layout.width, ...headings, ...texts);
	const left = margin + depthMax * framePadding + Math.round((inner - layout.width) / 2);
	const top = margin + titlePixels + notes.length * linePixels + titleGap;
	const spans = layerSpans(contents, sizes, top);
	const boxes = contents.boxes.map(({ kind, lines, layer }, id): Box => {
		const { width, height } = present(sizes[id], "size of a box");
		const centre = present(layout.centres[id], "centre of a box");
		return {
			kind,
			lines,
			width,
			height,
			x: left + centre - Math.ceil(width / 2),
			y: spanOf(spans, layer).top,
		};
	});
	const width = 2 * (margin + depthMax * framePadding) + inner;
	return {
		width,
		height: Math.max(...spans.map(({ bottom }) => bottom)) + margin,
		title,
		notes,
		frames: contents.frames.map((frame) => placeFrame(frame, spans, width)),
		boxes,
		edges: placeEdges(contents, boxes, layout, spans, left),
	};
}

const spanOf = (spans: readonly LayerSpan[], layer: number): LayerSpan =>
	present(spans[layer], "span of a layer");

function layerSpans(
	{ boxes, frames, layersCount }: BandContents,
	sizes: readonly { readonly height: number }[],
	from: number,
): readonly LayerSpan[] {
	const spans: LayerSpan[] = [];
	let y = from;
	for (let layer = 0; layer < layersCount; layer++) {
		const opened = frames.filter(({ first }) => first === layer).length;
		const closed = frames.filter(({ last }) => last === layer - 1).length;
		if (layer > 0) y += layerGap;
		y +=
			closed * framePadding + (opened + closed > 0 ? frameGap : 0) + opened * (framePadding + frameHeading);
		const heights = boxes.flatMap((box, id) =>
			box.layer === layer ? [present(sizes[id], "size of a box").height] : [],
		);
		const bottom = y + Math.max(0, ...heights);
		spans.push({ top: y, bottom });
		y = bottom;
	}
	return spans;
}

/** Its own heading above its first layer, those of frames that begin there inside it. */
function placeFrame(
	{ kind, heading, first, last, depth }: BandFrame,
	spans: readonly LayerSpan[],
	width: number,
): Frame {
	const inside = kind === "kernel" ? 1 : 0;
	const y = spanOf(spans, first).top - (inside + 1) * (framePadding + frameHeading);
	const bottom = spanOf(spans, last).bottom + (inside + 1) * framePadding;
	const x = margin + depth * framePadding;
	return { kind, heading, x, y, width: width - 2 * x, height: bottom - y };
}

/** Ends are spread along the sides of boxes in the order from left to right. */
function placeEdges(
	{ boxes: bandBoxes, edges }: BandContents,
	boxes: readonly Box[],
	layout: LayeredLayout,
	spans: readonly LayerSpan[],
	left: number,
): readonly Edge[] {
	const centreOf = (box: number): number => left + present(layout.centres[box], "centre of a box");
	const bendsOf = (edge: number): readonly number[] =>
		present(layout.bends[edge], "bends of an edge").map((x) => left + x);
	const port = (box: number, edge: number, side: "from" | "to"): number => {
		const towards = (id: number): number => {
			const bends = bendsOf(id);
			const other = present(edges[id], "edge")[side === "from" ? "to" : "from"];
			return (side === "from" ? bends[0] : bends.at(-1)) ?? centreOf(other);
		};
		const beside = edges
			.flatMap((other, id) => (other[side] === box ? [id] : []))
			.sort((a, b) => towards(a) - towards(b) || a - b);
		const { x, width } = present(boxes[box], "box");
		return Math.round(x + (width * (beside.indexOf(edge) + 1)) / (beside.length + 1));
	};
	return edges.map(({ from, to }, id): Edge => {
		const [start, end] = [present(boxes[from], "box"), present(boxes[to], "box")];
		const first = present(bandBoxes[from], "box").layer;
		const [x, last] = [port(from, id, "from"), port(to, id, "to")];
		const points: Point[] = [
			{ x, y: start.y + start.height },
			{ x, y: spanOf(spans, first).bottom },
		];
		bendsOf(id).forEach((bend, at) => {
			const span = spanOf(spans, first + 1 + at);
			points.push({ x: bend, y: span.top }, { x: bend, y: span.bottom });
		});
		return { from, to, points: [...points, { x: last, y: end.y }] };
	});
}

export const frameTextInset = { x: framePadding, y: frameHeading - Math.ceil(fontPixels / 2) };
export const boxTextInset = { x: boxPadding, y: linePixels - 1 };
export const drawingMargin = margin;
