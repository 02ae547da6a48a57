// From a µGraph to a picture: rows of device tensors, kernels between them, in each its stages from top to bottom.

import { present } from "#shared/fault/assert.ts";
import type { MuGraph } from "../mugraph.ts";
import type { KernelTiles } from "../tiles.ts";
import { type Bands, createBands } from "./bands.ts";
import type { Drawing } from "./drawing.ts";
import { kernelHeading, stageHeading } from "./headings.ts";
import { type KernelItem, kernelItems } from "./kernel-items.ts";
import { placeBands } from "./place-bands.ts";
import { tensorKey, tensorRow } from "./tensor-rows.ts";

export interface DrawOptions {
	readonly title: string;
	/** Lines below the title. */
	readonly notes: readonly string[];
	/** Of a schedule, one for each kernel; null: tiles are open, and no bytes are told. */
	readonly tiles: readonly KernelTiles[] | null;
}

/** Places of everything that is drawn of a well-formed µGraph. Deterministic. */
export function layOutMuGraph(muGraph: MuGraph, { title, notes, tiles }: DrawOptions): Drawing {
	const bands = createBands();
	let written: readonly (readonly [box: number, key: string])[] = [];
	muGraph.kernels.forEach((kernel, id) => {
		const row = addRow(bands, muGraph, tiles, id, written);
		const kernelTiles = tiles?.[id] ?? null;
		bands.openFrame("kernel", kernelHeading(kernel, id, muGraph, kernelTiles));
		const items = kernelItems(kernel, muGraph, kernelTiles);
		const boxes = addStages(bands, items, (stage) => stageHeading(stage, kernel, muGraph, kernelTiles));
		bands.closeFrame();
		items.forEach((item, at) => {
			const box = present(boxes[at], "box of an item");
			for (const read of item.reads) bands.connect(present(boxes[read], "box of an item"), box);
			const node = kernel.nodes[item.nodes[0] ?? 0];
			if (node?.kind === "load") bands.connect(present(row.get(tensorKey(node.source)), "tensor"), box);
		});
		written = items.flatMap((item, at) => {
			const node = kernel.nodes[item.nodes[0] ?? 0];
			return node?.kind === "store"
				? [[present(boxes[at], "box of a store"), tensorKey(node.target)] as const]
				: [];
		});
	});
	addRow(bands, muGraph, tiles, muGraph.kernels.length, written);
	return placeBands(bands.contents(), title, notes);
}

/** A row of tensors, with the edges from the stores of the kernel above. */
function addRow(
	bands: Bands,
	muGraph: MuGraph,
	tiles: readonly KernelTiles[] | null,
	id: number,
	written: readonly (readonly [box: number, key: string])[],
): ReadonlyMap<string, number> {
	bands.nextLayer();
	const row = new Map<string, number>();
	for (const { key, kind, lines } of tensorRow(muGraph, tiles, id)) row.set(key, bands.add({ kind, lines }));
	for (const [store, key] of written) bands.connect(store, present(row.get(key), "tensor that was stored"));
	return row;
}

/** Boxes of a kernel's items, by item: each stage in a frame and in layers of its own. */
function addStages(
	bands: Bands,
	items: readonly KernelItem[],
	headingOf: (stage: number) => string,
): readonly number[] {
	const boxes: number[] = [];
	for (const stage of new Set(items.map((item) => item.stage))) {
		const own = items.flatMap((item, at) => (item.stage === stage ? [at] : []));
		const layerOf = stageLayers(items, own);
		bands.openFrame(stage % 2 === 1 ? "loop" : "block", headingOf(stage));
		const depth = Math.max(...layerOf.values());
		for (let layer = 0; layer <= depth; layer++) {
			bands.nextLayer();
			for (const at of own) {
				if (layerOf.get(at) !== layer) continue;
				const { kind, lines } = present(items[at], "item");
				boxes[at] = bands.add({ kind, lines });
			}
		}
		bands.closeFrame();
	}
	return boxes;
}

/** Layers of a stage's items: each below what it reads; what reads nothing of the stage just above its first reader. */
function stageLayers(items: readonly KernelItem[], own: readonly number[]): ReadonlyMap<number, number> {
	const layerOf = new Map<number, number>();
	for (const at of own) {
		const above = present(items[at], "item").reads.map((read) => layerOf.get(read) ?? -1);
		layerOf.set(at, Math.max(-1, ...above) + 1);
	}
	for (const at of own) {
		if (present(items[at], "item").reads.some((read) => layerOf.has(read))) continue;
		const readers = own.filter((other) => items[other]?.reads.includes(at));
		if (readers.length > 0) layerOf.set(at, Math.min(...readers.map((other) => layerOf.get(other) ?? 0)) - 1);
	}
	return layerOf;
}
