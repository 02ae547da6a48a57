// What the emitters of one kernel share: where the tile lies, where each value of it is kept, and what was declared.

import { present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant, scaleAffine, zero } from "#shared/loop-ir/affine.ts";
import type { Buffer, BufferPlace, Microkernel, Statement } from "#shared/loop-ir/loop-ir.ts";
import type {
	BlockNode,
	BlockNodeId,
	LoadSource,
	MuGraph,
	StoreNode,
	StoreTarget,
} from "#shared/mugraph/mugraph.ts";
import type { AxisId, StridedAccess } from "#shared/program/program.ts";
import type { KernelSchedule } from "#shared/schedule/schedule.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { TileKernel } from "./tile-kernel.ts";

/** How the values of a tile lie in a buffer, by position within the tile. */
export interface Layout {
	readonly buffer: string;
	readonly elementType: DataType;
	readonly offset: number;
	readonly strides: ReadonlyMap<AxisId, number>;
	/** Holds the loop axis whole, not one step of it. */
	readonly holdsLoop: boolean;
	/** Of a whole tensor: positions count from its start, not from the tile's. */
	readonly isInDevice: boolean;
}

/**
 * An operand of a contraction re-arranged: groups of `width` neighbours along the lane axis, in each the depth axis, in
 * each step the neighbours. Element (lane l, depth k) of group g lies at
 * offset + start(g)·groupSteps + k·width(g) + l - start(g).
 * With `holdsPairs` a step is two neighbours along the depth, in one element (a pair of loop-ir.ts).
 */
export interface Packed {
	readonly buffer: string;
	readonly elementType: DataType;
	readonly laneAxis: AxisId | null;
	readonly depthAxis: AxisId;
	readonly depthSteps: number;
	/** Depth steps from one group to the next: more than it has where groups of other operands lie between them. */
	readonly groupSteps: number;
	readonly offset: number;
	readonly holdsPairs: boolean;
	/** Strides of the other axes. */
	readonly strides: ReadonlyMap<AxisId, number>;
	/** `tile`: all of it; `group`: one group at a time; `axes`: whole axes, packed by `prepare`. */
	readonly holds: "tile" | "group" | "axes";
}

/** Buffers, locals and micro-kernels in the order they are met; one for a whole program, so that names stay distinct. */
export interface ProgramBuilder {
	readonly microkernels: Map<string, Microkernel>;
	readonly prepareBuffers: Map<string, Buffer>;
	readonly prepareBody: Statement[];
	preparedBytes: number;
	nextName: number;
}

export interface TileContext {
	readonly target: CpuTarget;
	readonly graph: MuGraph;
	/** Where each intermediate lies: in the shared workspace, or in the prepared area. */
	readonly intermediatePlaces: readonly BufferPlace[];
	/** Intermediates that depend on weights alone. */
	readonly preparedIntermediates: ReadonlySet<number>;
	/** Runs once for a set of weights: nothing it reads is worth packing ahead. */
	readonly isPrepare: boolean;
	readonly kernel: TileKernel;
	readonly schedule: KernelSchedule;
	readonly lanes: number;
	readonly program: ProgramBuilder;
	readonly buffers: Map<string, Buffer>;
	/** Bytes of the thread's slice taken by this kernel so far. */
	usedThreadBytes: number;
	usedLocalBytes: number;
	/** Start and extent of the current tile, for axes that are cut. */
	readonly starts: Map<AxisId, Affine>;
	readonly extents: Map<AxisId, number>;
	/** The current step, in a loop stage. */
	loop: { readonly axis: AxisId; readonly start: Affine; readonly extent: number } | null;
	readonly layouts: Map<string, Layout>;
	/** Maps that are kept where a later store will write (output-layout.ts). */
	waitingInOutputs: ReadonlyMap<BlockNodeId, StoreNode>;
	readonly packs: Map<string, Packed>;
}

/** Buffers of at most this many bytes are put on the stack, up to a total of `localBytesTotal` a kernel. */
const localBytesMax = 4096;
const localBytesTotal = 32768;
/** Vector loads of a tail may be whole as long as they stay within the buffer. */
export const bufferAlignmentBytes = 64;

export function nodeAt(ctx: TileContext, id: BlockNodeId): BlockNode {
	return present(ctx.kernel.nodes[id], "block node exists");
}

export function freshName(ctx: TileContext, stem: string): string {
	return `${stem}${ctx.program.nextName++}`;
}

export function extentOf(ctx: TileContext, axis: AxisId): number {
	if (ctx.loop !== null && ctx.loop.axis === axis) return ctx.loop.extent;
	return ctx.extents.get(axis) ?? present(ctx.graph.axes[axis], "axis exists").extent;
}

export function startOf(ctx: TileContext, axis: AxisId): Affine {
	if (ctx.loop !== null && ctx.loop.axis === axis) return ctx.loop.start;
	return ctx.starts.get(axis) ?? zero;
}

/** Address of the element at tile positions `locals` (0 for axes that it does not name). */
export function layoutIndex(ctx: TileContext, layout: Layout, locals: ReadonlyMap<AxisId, Affine>): Affine {
	let index = affineConstant(layout.offset);
	for (const [axis, stride] of layout.strides) {
		index = addAffine(index, scaleAffine(locals.get(axis) ?? zero, stride));
		if (layout.isInDevice) index = addAffine(index, scaleAffine(startOf(ctx, axis), stride));
		if (layout.holdsLoop && ctx.loop !== null && ctx.loop.axis === axis) {
			index = addAffine(index, scaleAffine(ctx.loop.start, stride));
		}
	}
	return index;
}

/** Address in device memory: tile positions are relative to where the tile starts. */
export function accessIndex(
	ctx: TileContext,
	access: StridedAccess,
	locals: ReadonlyMap<AxisId, Affine>,
): Affine {
	let index = affineConstant(access.offset);
	access.axes.forEach((axis, at) => {
		const position = addAffine(startOf(ctx, axis), locals.get(axis) ?? zero);
		index = addAffine(index, scaleAffine(position, present(access.strides[at], "stride")));
	});
	return index;
}

/** The buffer, element type and access of a device tensor, declaring the buffer on first use. */
export function deviceTensor(
	ctx: TileContext,
	place: LoadSource | StoreTarget,
): { readonly buffer: string; readonly elementType: DataType; readonly access: StridedAccess } {
	switch (place.kind) {
		case "input": {
			const input = present(ctx.graph.inputs[place.input], "input exists");
			const buffer = `in${place.input}`;
			const at: BufferPlace = { kind: "input", input: place.input };
			declareBuffer(ctx, buffer, input.dataType, elements(input.shape), at);
			return { buffer, elementType: input.dataType, access: place.access };
		}
		case "output": {
			const output = present(ctx.graph.outputs[place.output], "output exists");
			const buffer = `out${place.output}`;
			const at: BufferPlace = { kind: "output", output: place.output };
			declareBuffer(ctx, buffer, output.dataType, elements(output.shape), at);
			return { buffer, elementType: output.dataType, access: place.access };
		}
		case "intermediate": {
			const access = intermediateAccess(ctx.graph, place.intermediate);
			const count = elements(access.axes.map((axis) => present(ctx.graph.axes[axis], "axis").extent));
			const buffer = `mid${place.intermediate}`;
			const at = present(ctx.intermediatePlaces[place.intermediate], "intermediate");
			declareBuffer(ctx, buffer, "float32", count, at);
			return { buffer, elementType: "float32", access };
		}
	}
}

/** Row-major over the intermediate's axes. */
function intermediateAccess(graph: MuGraph, intermediate: number): StridedAccess {
	const { axes } = present(graph.intermediates[intermediate], "intermediate exists");
	const strides = new Array<number>(axes.length);
	let stride = 1;
	for (let at = axes.length - 1; at >= 0; at--) {
		strides[at] = stride;
		stride *= present(graph.axes[present(axes[at], "axis")], "axis exists").extent;
	}
	return { offset: 0, axes, strides };
}

/** Scratch of the thread, or of the stack when small. Asked for again with the same name it grows to the larger size. */
export function declareScratch(ctx: TileContext, name: string, count: number): string {
	const known = ctx.buffers.get(name);
	if (known !== undefined && known.elements >= count) return name;
	const bytes = roundUp(count * 4, bufferAlignmentBytes);
	const local = bytes <= localBytesMax && ctx.usedLocalBytes + bytes <= localBytesTotal;
	if (local) ctx.usedLocalBytes += bytes;
	const offsetBytes = ctx.usedThreadBytes;
	if (!local) ctx.usedThreadBytes += bytes;
	const place: BufferPlace = local ? { kind: "local" } : { kind: "thread", offsetBytes };
	ctx.buffers.set(name, { name, elementType: "float32", elements: count, place });
	return name;
}

function declareBuffer(
	ctx: TileContext,
	name: string,
	elementType: DataType,
	count: number,
	place: BufferPlace,
): void {
	if (!ctx.buffers.has(name)) ctx.buffers.set(name, { name, elementType, elements: count, place });
}

export function roundUp(value: number, multiple: number): number {
	return Math.ceil(value / multiple) * multiple;
}

function elements(extents: readonly number[]): number {
	return extents.reduce((product, extent) => product * extent, 1);
}
