// Device memory: one row of tensors above each kernel and one below the last. A tensor that several kernels read stands in
// each one's row, so that no edge has to find its way around a kernel.

import { present } from "#shared/fault/assert.ts";
import { distinctLoads, kernelBytesMoved } from "../bytes-moved.ts";
import type { BlockNode, Kernel, LoadSource, MuGraph, StoreTarget } from "../mugraph.ts";
import type { KernelTiles } from "../tiles.ts";
import type { BoxKind } from "./drawing.ts";
import { bytesText } from "./text-size.ts";

export interface TensorBox {
	readonly key: string;
	readonly kind: BoxKind;
	readonly lines: readonly string[];
}

/** Names a tensor within a row. */
export function tensorKey(place: LoadSource | StoreTarget): string {
	if (place.kind === "input") return `input${place.input}`;
	return place.kind === "output" ? `output${place.output}` : `t${place.intermediate}`;
}

/** The row above kernel `row`: what it reads, and what the kernel before it writes. Without tiles no bytes are told. */
export function tensorRow(
	muGraph: MuGraph,
	tiles: readonly KernelTiles[] | null,
	row: number,
): readonly TensorBox[] {
	const boxes = new Map<
		string,
		{ readonly place: LoadSource | StoreTarget; read: number | null; written: number | null }
	>();
	const entry = (place: LoadSource | StoreTarget) => {
		const key = tensorKey(place);
		const found = boxes.get(key) ?? { place, read: null, written: null };
		boxes.set(key, found);
		return found;
	};
	const bytesOf = (kernel: number, node: BlockNode): number => accessBytes(muGraph, tiles, kernel, node);
	for (const node of muGraph.kernels[row - 1]?.nodes ?? []) {
		if (node.kind !== "store") continue;
		const tensor = entry(node.target);
		tensor.written = (tensor.written ?? 0) + bytesOf(row - 1, node);
	}
	const reader = muGraph.kernels[row];
	for (const load of reader === undefined ? [] : distinctLoads(reader)) {
		const tensor = entry(load.source);
		tensor.read = (tensor.read ?? 0) + bytesOf(row, load);
	}
	return [...boxes].map(([key, { place, read, written }]) => {
		const moved = [
			written === null ? [] : [`written ${bytesText(written)}`],
			read === null ? [] : [`read ${bytesText(read)}`],
		].flat();
		return {
			key,
			kind: isWeight(place, muGraph) ? "weight" : "device",
			lines: [...describeTensor(place, muGraph), ...(tiles === null ? [] : [moved.join(", ")])],
		};
	});
}

/** Of one load or store over its whole kernel. */
function accessBytes(
	muGraph: MuGraph,
	tiles: readonly KernelTiles[] | null,
	kernelId: number,
	node: BlockNode,
): number {
	if (tiles === null) return 0;
	const kernel: Kernel = { ...present(muGraph.kernels[kernelId], "kernel"), nodes: [node] };
	const moved = kernelBytesMoved(kernel, muGraph, present(tiles[kernelId], "tiles of a kernel"));
	return moved.readBytes + moved.writtenBytes;
}

function isWeight(place: LoadSource | StoreTarget, muGraph: MuGraph): boolean {
	return place.kind === "input" && muGraph.inputs[place.input]?.role === "weight";
}

function describeTensor(place: LoadSource | StoreTarget, muGraph: MuGraph): readonly string[] {
	switch (place.kind) {
		case "input": {
			const { shape, dataType, role } = present(muGraph.inputs[place.input], "input");
			return [
				`input ${place.input}${role === "weight" ? " (weight)" : ""}`,
				`${dataType} ${shape.join("×")}`,
			];
		}
		case "output": {
			const { shape, dataType } = present(muGraph.outputs[place.output], "output");
			return [`output ${place.output}`, `${dataType} ${shape.join("×")}`];
		}
		case "intermediate": {
			const { axes } = present(muGraph.intermediates[place.intermediate], "intermediate");
			const shape = axes.map((axis) => present(muGraph.axes[axis], "axis").extent);
			return [`t${place.intermediate} between kernels`, `float32 ${shape.join("×")}`];
		}
	}
}
