// The inner loop of a contraction: a register tile of rows × vectors, C += A·B over the depth. A is read element by element
// (broadcast), B vector by vector. Micro-kernels are functions: the compiler sees nothing but the register tile.

import { addAffine, affineConstant, affineVariable, scaleAffine, zero } from "#shared/loop-ir/affine.ts";
import type { Expression, Microkernel, Statement } from "#shared/loop-ir/loop-ir.ts";
import { type DataType, elementBytes } from "#shared/tensor/data-type.ts";

export interface MicrokernelShape {
	readonly rows: number;
	readonly vectors: number;
	readonly lanes: number;
	/** Lanes of the last vector that B really has; it is read no further. */
	readonly lastActive: number;
	/** Element strides of A. */
	readonly rowStride: number;
	readonly rowsDepthStride: number;
	/** Element strides of B from one depth step to the next, and from one vector to the next. */
	readonly panelDepthStride: number;
	readonly panelVectorStride: number;
	readonly panelType: DataType;
	/** Elements of A and B are pairs, and a depth step multiplies both of each. */
	readonly inPairs: boolean;
	/** Element stride from one row of C to the next. */
	readonly resultStride: number;
	/** Depth steps written out in the loop; the loop variable `steps` counts groups of them. */
	readonly unroll: number;
	/** Steps after the last group. */
	readonly rest: number;
	readonly prefetch: MicrokernelPrefetch;
	/** The cache that it comes into. */
	readonly prefetchLevel: 1 | 2;
	/** C = A·B instead of C += A·B. */
	readonly startsFromZero: boolean;
}

/** Several passes over the same block share the prefetching: this one takes every `of`-th line from `index` on. */
export interface PrefetchShare {
	readonly index: number;
	readonly of: number;
}

export type MicrokernelPrefetch =
	| { readonly kind: "none" }
	/** B itself, so many elements further on. */
	| { readonly kind: "ahead"; readonly elements: number; readonly share: PrefetchShare }
	/** A fourth operand P from its front on: so many elements of it each step. */
	| { readonly kind: "stream"; readonly elementType: DataType; readonly stepElements: number };

const cacheLineBytes = 64;
const steps = "steps";

export function microkernel(shape: MicrokernelShape): Microkernel {
	const body: Statement[] = [];
	eachTile(shape, (row, vector) => {
		const value: Expression = shape.startsFromZero
			? { kind: "number", value: 0 }
			: {
					kind: "load",
					buffer: "c",
					index: affineConstant(row * shape.resultStride + vector * shape.lanes),
					lanes: shape.lanes,
					active: shape.lanes,
					laneStride: 1,
				};
		body.push({ kind: "declare", name: accumulator(row, vector), lanes: shape.lanes, value, mutable: true });
	});
	const hints = prefetches(shape);
	const group: Statement[] = [];
	for (let step = 0; step < shape.unroll; step++) {
		// Spread over the group's steps: requests that come together wait for each other.
		const due = (at: number): number => Math.ceil((at * hints.length) / shape.unroll);
		group.push(...hints.slice(due(step), due(step + 1)), ...depthStep(shape, "k", 1, step));
	}
	const end = affineVariable(steps, shape.unroll);
	body.push({ kind: "for", variable: "k", begin: zero, end, step: shape.unroll, body: group });
	for (let step = 0; step < shape.rest; step++) body.push(...depthStep(shape, steps, shape.unroll, step));
	eachTile(shape, (row, vector) => {
		body.push({
			kind: "store",
			buffer: "c",
			index: affineConstant(row * shape.resultStride + vector * shape.lanes),
			value: { kind: "local", name: accumulator(row, vector), lanes: shape.lanes },
			lanes: shape.lanes,
			active: shape.lanes,
			laneStride: 1,
			nonTemporal: false,
		});
	});
	return {
		name: microkernelName(shape),
		pairLanes: shape.inPairs ? shape.lanes : null,
		parameters: [
			{ name: "a", elementType: "float32", access: "read" },
			{ name: "b", elementType: shape.panelType, access: "read" },
			{ name: "c", elementType: "float32", access: "write" },
			...streamParameters(shape.prefetch),
		],
		body,
	};
}

function microkernelName(shape: MicrokernelShape): string {
	const prefetch = prefetchName(shape);
	const edge = shape.lastActive < shape.lanes ? `_edge${shape.lastActive}` : "";
	const start = shape.startsFromZero ? "_set" : "_add";
	return (
		`tile_${shape.rows}x${shape.vectors}v${shape.lanes}${edge}_a${shape.rowStride}_${shape.rowsDepthStride}` +
		`_b${shape.panelDepthStride}${shape.panelVectorStride === shape.lanes ? "" : `by${shape.panelVectorStride}`}_${shape.inPairs ? "pairs" : shape.panelType}_c${shape.resultStride}_u${shape.unroll}_${shape.rest}${prefetch}${start}`
	);
}

function accumulator(row: number, vector: number): string {
	return `c${row}_${vector}`;
}

function eachTile(shape: MicrokernelShape, visit: (row: number, vector: number) => void): void {
	for (let row = 0; row < shape.rows; row++) {
		for (let vector = 0; vector < shape.vectors; vector++) visit(row, vector);
	}
}

function prefetchName({ prefetch, prefetchLevel }: MicrokernelShape): string {
	switch (prefetch.kind) {
		case "none":
			return "";
		case "ahead":
			return `_ahead${prefetch.elements}_${prefetch.share.index}of${prefetch.share.of}_L${prefetchLevel}`;
		case "stream":
			return `_stream${prefetch.stepElements}_${prefetch.elementType}_L${prefetchLevel}`;
	}
}

function streamParameters(prefetch: MicrokernelPrefetch): Microkernel["parameters"] {
	return prefetch.kind === "stream" ? [{ name: "p", elementType: prefetch.elementType, access: "read" }] : [];
}

/** Hints for one group of steps. */
function prefetches(shape: MicrokernelShape): Statement[] {
	const { prefetch, unroll } = shape;
	if (prefetch.kind === "none") return [];
	if (prefetch.kind === "ahead") return prefetchesAhead(shape, prefetch);
	const line = elementsPerLine(prefetch.elementType);
	const lines = Math.ceil((unroll * prefetch.stepElements) / line);
	return Array.from({ length: lines }, (_, at) => ({
		kind: "prefetch",
		level: shape.prefetchLevel,
		buffer: "p",
		index: addAffine(affineVariable("k", prefetch.stepElements), affineConstant(at * line)),
	}));
}

const elementsPerLine = (type: DataType): number => cacheLineBytes / elementBytes(type);

/** One for each cache line that the group's steps will have read, `elements` later. */
function prefetchesAhead(
	shape: MicrokernelShape,
	{ elements, share }: Extract<MicrokernelPrefetch, { kind: "ahead" }>,
): Statement[] {
	return lineOffsets(shape, elementsPerLine(shape.panelType))
		.filter((_, line) => line % share.of === share.index)
		.map((offset) => ({
			kind: "prefetch",
			level: shape.prefetchLevel,
			buffer: "b",
			index: addAffine(affineVariable("k", shape.panelDepthStride), affineConstant(offset + elements)),
		}));
}

/**
 * One in each line that a group's steps read: lines of a packed panel lie side by side, those of several streams in each of
 * them, those of others in each step's row.
 */
function lineOffsets(shape: MicrokernelShape, line: number): number[] {
	const { unroll, panelDepthStride, panelVectorStride, vectors, lanes } = shape;
	if (vectors > 1 && panelVectorStride !== lanes) {
		const stream = lineOffsets({ ...shape, vectors: 1 }, line);
		return stream.flatMap((at) =>
			Array.from({ length: vectors }, (_, vector) => at + vector * panelVectorStride),
		);
	}
	const width = vectors * lanes;
	const isPacked = panelDepthStride <= width;
	const [steps, span] = isPacked ? [1, unroll * panelDepthStride] : [unroll, width];
	const offsets: number[] = [];
	for (let step = 0; step < steps; step++)
		for (let at = 0; at < span; at += line) offsets.push(step * panelDepthStride + at);
	return offsets;
}

/** Multiplies step `factor · variable + step` into the accumulators. */
function depthStep(shape: MicrokernelShape, variable: string, factor: number, step: number): Statement[] {
	const { lanes } = shape;
	const depth = addAffine(affineVariable(variable, factor), affineConstant(step));
	const suffix = `${variable === steps ? "r" : ""}${step}`;
	const result: Statement[] = [];
	for (let vector = 0; vector < shape.vectors; vector++) {
		const index = addAffine(
			scaleAffine(depth, shape.panelDepthStride),
			affineConstant(vector * shape.panelVectorStride),
		);
		const active = vector === shape.vectors - 1 ? shape.lastActive : lanes;
		const value: Expression = { kind: "load", buffer: "b", index, lanes, active, laneStride: 1 };
		result.push({ kind: "declare", name: `b${suffix}_${vector}`, lanes, value, mutable: false });
	}
	for (let row = 0; row < shape.rows; row++) {
		const index = addAffine(scaleAffine(depth, shape.rowsDepthStride), affineConstant(row * shape.rowStride));
		const value: Expression = { kind: "load", buffer: "a", index, lanes: 1, active: 1, laneStride: 0 };
		result.push({ kind: "declare", name: `a${suffix}_${row}`, lanes: 1, value, mutable: false });
		for (let vector = 0; vector < shape.vectors; vector++) {
			const name = accumulator(row, vector);
			const a: Expression = { kind: "local", name: `a${suffix}_${row}`, lanes: 1 };
			const b: Expression = { kind: "local", name: `b${suffix}_${vector}`, lanes };
			result.push({ kind: "assign", name, value: addProduct(shape, { kind: "local", name, lanes }, a, b) });
		}
	}
	return result;
}

function addProduct(
	{ lanes, inPairs }: MicrokernelShape,
	sum: Expression,
	a: Expression,
	b: Expression,
): Expression {
	if (inPairs) return { kind: "apply", operator: "addPairProducts", operands: [sum, a, b], lanes };
	const product: Expression = { kind: "apply", operator: "multiply", operands: [a, b], lanes };
	return { kind: "apply", operator: "add", operands: [sum, product], lanes };
}
