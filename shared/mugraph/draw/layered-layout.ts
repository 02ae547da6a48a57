// Places of boxes in given layers, top to bottom: an order in each layer with few crossings, and positions across that
// keep long edges straight (the scheme of Sugiyama, Tagawa and Toda 1981).

import { present } from "#shared/fault/assert.ts";
import { placeInOrder } from "./place-in-order.ts";

export interface LayeredBox {
	readonly layer: number;
	readonly width: number;
}

export interface LayeredEdge {
	/** Indices of boxes; `from` in an earlier layer than `to`. */
	readonly from: number;
	readonly to: number;
}

export interface LayeredLayout {
	/** Centre of each box. */
	readonly centres: readonly number[];
	/** Of each edge: where it passes the layers between its ends, one after the other. */
	readonly bends: readonly (readonly number[])[];
	/** Leftmost side is 0. */
	readonly width: number;
}

/** A box, or the place where an edge passes a layer. */
interface Slot {
	readonly layer: number;
	readonly width: number;
	/** Of an edge that passes: it is held straight. */
	readonly isPassing: boolean;
	readonly above: number[];
	readonly below: number[];
	centre: number;
}

const passingWidth = 6;
const passingWeight = 4;
const gap = 18;
const sweeps = 12;

/** Deterministic. Cost: sweeps times slots, with a slot for each layer that an edge passes. */
export function layInLayers(boxes: readonly LayeredBox[], edges: readonly LayeredEdge[]): LayeredLayout {
	const slots: Slot[] = boxes.map(({ layer, width }) => createSlot(layer, width, false));
	const passing = edges.map((edge) => connect(edge, slots));
	const layers: number[][] = [];
	for (const [id, { layer }] of slots.entries()) {
		layers[layer] ??= [];
		present(layers[layer], "layer").push(id);
	}
	const filled = layers.filter((layer) => layer !== undefined);
	for (let sweep = 0; sweep < sweeps; sweep++) orderLayers(filled, slots, sweep % 2 === 0);
	for (const layer of filled) place(layer, slots, () => 0);
	for (let sweep = 0; sweep < sweeps; sweep++) alignLayers(filled, slots, sweep % 2 === 0);
	const left = Math.min(...slots.map(({ centre, width }) => centre - width / 2));
	const right = Math.max(...slots.map(({ centre, width }) => centre + width / 2));
	const centreOf = (id: number): number => Math.round(present(slots[id], "slot").centre - left);
	return {
		centres: boxes.map((_, id) => centreOf(id)),
		bends: passing.map((ids) => ids.map(centreOf)),
		width: Math.ceil(right - left),
	};
}

const createSlot = (layer: number, width: number, isPassing: boolean): Slot => ({
	layer,
	width,
	isPassing,
	above: [],
	below: [],
	centre: 0,
});

/** Adds a slot for each layer that the edge passes; gives them from the top. */
function connect({ from, to }: LayeredEdge, slots: Slot[]): readonly number[] {
	const layerOf = (id: number): number => present(slots[id], "slot").layer;
	const ids: number[] = [];
	let last = from;
	const link = (next: number): void => {
		present(slots[last], "slot").below.push(next);
		present(slots[next], "slot").above.push(last);
		last = next;
	};
	for (let layer = layerOf(from) + 1; layer < layerOf(to); layer++) {
		const id = slots.push(createSlot(layer, passingWidth, true)) - 1;
		ids.push(id);
		link(id);
	}
	link(to);
	return ids;
}

/** Sorts each layer by the mean place of its neighbours in the layer before (going down) or after. */
function orderLayers(layers: readonly number[][], slots: readonly Slot[], isDown: boolean): void {
	const placeOf = new Map<number, number>();
	for (const layer of layers) {
		layer.forEach((id, at) => {
			placeOf.set(id, at / Math.max(1, layer.length - 1));
		});
	}
	for (const layer of isDown ? layers : [...layers].reverse()) {
		const wanted = new Map(
			layer.map((id) => {
				const slot = present(slots[id], "slot");
				const neighbours = isDown ? slot.above : slot.below;
				const own = placeOf.get(id) ?? 0;
				return [id, mean(neighbours.map((other) => placeOf.get(other) ?? 0)) ?? own];
			}),
		);
		layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || a - b);
		layer.forEach((id, at) => {
			placeOf.set(id, at / Math.max(1, layer.length - 1));
		});
	}
}

/** Moves each layer's slots towards their neighbours, in order and with room between them. */
function alignLayers(layers: readonly number[][], slots: readonly Slot[], isDown: boolean): void {
	for (const layer of isDown ? layers : [...layers].reverse()) {
		place(layer, slots, (slot) => {
			const first = isDown ? slot.above : slot.below;
			const neighbours = first.length > 0 ? first : isDown ? slot.below : slot.above;
			return mean(neighbours.map((id) => present(slots[id], "slot").centre)) ?? slot.centre;
		});
	}
}

function place(layer: readonly number[], slots: readonly Slot[], wanted: (slot: Slot) => number): void {
	const own = layer.map((id) => present(slots[id], "slot"));
	const centres = placeInOrder(
		own.map((slot) => ({
			width: slot.width,
			wanted: wanted(slot),
			weight: slot.isPassing ? passingWeight : 1,
		})),
		gap,
	);
	own.forEach((slot, at) => {
		slot.centre = present(centres[at], "centre of each slot");
	});
}

function mean(values: readonly number[]): number | null {
	return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
