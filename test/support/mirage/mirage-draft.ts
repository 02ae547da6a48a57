// A µGraph of Mirage's while its concrete dimensions become axes: every dimension is a list of atoms, outermost first, and
// grid, loop, contraction and grouping cut and unify them (shared/program/refine-axes.ts).

import { assert, present } from "#shared/fault/assert.ts";
import type { MapOperator } from "#shared/program/program.ts";
import { type AtomId, AxisAtoms } from "#shared/program/refine-axes.ts";

export type DraftOperation =
	| { readonly kind: "load" | "store"; readonly tensor: number; readonly operands: readonly number[] }
	| { readonly kind: "constant"; readonly value: number; readonly operands: readonly number[] }
	| { readonly kind: "map"; readonly operator: MapOperator; readonly operands: readonly number[] }
	/** A sum over `over`, of one operand or of the product of two. The loop may be added when it is accumulated. */
	| { readonly kind: "sum"; readonly operands: readonly number[]; readonly over: AtomId[] }
	| { readonly kind: "accumulate"; readonly operands: readonly number[] };

export interface DraftNode {
	readonly operation: DraftOperation;
	readonly stage: number;
}

export interface DraftKernel {
	readonly grid: AtomId[];
	readonly loop: AtomId[];
	readonly nodes: DraftNode[];
}

/** A tensor in device memory: an input, or what a kernel stores. */
export interface DeviceTensor {
	readonly dims: readonly (readonly AtomId[])[];
}

export interface MirageDraft {
	readonly atoms: AxisAtoms;
	readonly tensors: DeviceTensor[];
	readonly byGuid: Map<number, number>;
	/** Device tensors that are the program's inputs and outputs, in order. */
	readonly inputs: number[];
	readonly outputs: number[];
	readonly kernels: DraftKernel[];
}

/** A value inside a kernel: the node and the dimensions of one block's tile of one step. */
export interface TileValue {
	readonly node: number;
	readonly dims: readonly (readonly AtomId[])[];
}

export function createDraft(): MirageDraft {
	return { atoms: new AxisAtoms(), tensors: [], byGuid: new Map(), inputs: [], outputs: [], kernels: [] };
}

export function addTensor(
	draft: MirageDraft,
	guid: number,
	dims: readonly (readonly AtomId[])[],
	extents: readonly number[],
): number {
	const found = dims.map((dim) => draft.atoms.product(draft.atoms.resolve(dim)));
	assert(found.join() === extents.join(), `tensor ${guid}: dimensions ${found}, the file says ${extents}`);
	draft.byGuid.set(guid, draft.tensors.length);
	return draft.tensors.push({ dims }) - 1;
}

export function tensorOf(draft: MirageDraft, guid: number): number {
	return present(draft.byGuid.get(guid), `device tensor ${guid}`);
}

/** Adds to a kernel and gives the node's number. Its stage follows from its operands. */
export function addNode(kernel: DraftKernel, operation: DraftOperation, least = 0): number {
	const operands = operation.operands.map((id) => present(kernel.nodes[id], "operand"));
	const stage = Math.max(
		least,
		...operands.map((operand) =>
			operand.operation.kind === "accumulate" ? operand.stage + 1 : operand.stage,
		),
	);
	return kernel.nodes.push({ operation, stage }) - 1;
}

export function unifyDims(
	draft: MirageDraft,
	left: readonly AtomId[],
	right: readonly AtomId[],
	what: string,
): void {
	assert(draft.atoms.unify(left, right), `${what}: dimensions do not match`);
}
