// The µGraph (Mirage, OSDI'25, section 2) over axis-labelled tensors: kernels through device memory, in each kernel a
// block graph that a grid of blocks runs on tiles, with one sequential loop. Plain data: it is printed, hashed, stored in
// plans and sent to runners as it stands. Tile sizes are not here: they are symbolic until a schedule binds them.
//
// How Mirage's attributes are read off (shared/mugraph/maps.ts):
//   inputMap   of a load: which tensor axis each grid axis cuts (or replica),
//   loopMap    of a load: the tensor axis that the loop walks (or replica),
//   outputMap  of a store: where each grid axis puts its tile.

import type {
	Axis,
	AxisId,
	MapOperator,
	ProgramInput,
	ProgramOutput,
	ReduceOperator,
	StridedAccess,
} from "#shared/program/program.ts";
import type { AxisSplit } from "#shared/program/split-axes.ts";

/** Index into `Kernel.nodes`. */
export type BlockNodeId = number;

/** A device tensor between two kernels: float32, row-major in the order of `axes`. */
export interface Intermediate {
	readonly axes: readonly AxisId[];
}

export type LoadSource =
	| { readonly kind: "input"; readonly input: number; readonly access: StridedAccess }
	| { readonly kind: "intermediate"; readonly intermediate: number };

export type StoreTarget =
	| { readonly kind: "output"; readonly output: number; readonly access: StridedAccess }
	| { readonly kind: "intermediate"; readonly intermediate: number };

interface BlockNodeBase {
	/** Free axes, ascending. Along a grid axis a block holds one tile, along the loop axis (in a loop stage) one step, else all. */
	readonly axes: readonly AxisId[];
	/**
	 * When it runs. Even: straight-line (0 before the first loop, 2 after it, 4 after the second …). Odd: inside the loop
	 * (1 the first pass over `Kernel.loop`, 3 the second …). A node reads nodes of its own or an earlier stage; an odd
	 * stage's non-accumulator nodes are visible in that stage only (a later pass loads or computes them again).
	 */
	readonly stage: number;
}

/** Input iterator: device memory to tile. */
export interface LoadNode extends BlockNodeBase {
	readonly kind: "load";
	readonly source: LoadSource;
}
export interface ConstantNode extends BlockNodeBase {
	readonly kind: "constant";
	readonly value: number;
}
export interface MapNode extends BlockNodeBase {
	readonly kind: "map";
	readonly operator: MapOperator;
	readonly operands: readonly BlockNodeId[];
}
/** Reduction within the tile: over axes the tile holds. Over the loop axis it gives one step's partial result. */
export interface ReduceNode extends BlockNodeBase {
	readonly kind: "reduce";
	readonly operator: ReduceOperator;
	readonly operand: BlockNodeId;
	readonly over: readonly AxisId[];
}
export interface ContractNode extends BlockNodeBase {
	readonly kind: "contract";
	readonly left: BlockNodeId;
	readonly right: BlockNodeId;
	readonly over: readonly AxisId[];
}
/**
 * Loop-carried: combines the operand over all steps of its (odd) stage; the operand does not have the loop axis free.
 * Later stages read the final value. In its own stage only a `max` accumulator may be read, and gives the running maximum
 * with this step's operand included. With `rescale` (a `max` accumulator m of the same stage; combine is "sum") the
 * update is  value = value · exp(m_before - m_now) + operand : the online softmax (Milakov and Gimelshein 2018).
 */
export interface AccumulateNode extends BlockNodeBase {
	readonly kind: "accumulate";
	readonly combine: ReduceOperator;
	readonly operand: BlockNodeId;
	readonly rescale: BlockNodeId | null;
}
/**
 * Loop-carried: the sum over `over` of (x - mean of x over `over`)², x the operand, in one pass. `over` holds the loop axis
 * and axes that the tile holds whole; the operand is of the same (odd) stage and has all of them. Later stages read the
 * final value; nothing of its own stage does. Its state is count n, mean and M2; a step with count, mean and M2 of its own
 * (n', mean', M2') updates it with d = mean' - mean by the parallel formula of Chan, Golub and LeVeque (1983):
 *   M2 = M2 + M2' + d²·n·n'/(n + n'),   mean = mean + d·n'/(n + n'),   n = n + n'.
 */
export interface AccumulateDeviationsNode extends BlockNodeBase {
	readonly kind: "accumulateDeviations";
	readonly operand: BlockNodeId;
	readonly over: readonly AxisId[];
}
/** Output saver: tile to device memory. Its `axes` are its operand's. */
export interface StoreNode extends BlockNodeBase {
	readonly kind: "store";
	readonly operand: BlockNodeId;
	readonly target: StoreTarget;
}

export type BlockNode =
	| LoadNode
	| ConstantNode
	| MapNode
	| ReduceNode
	| ContractNode
	| AccumulateNode
	| AccumulateDeviationsNode
	| StoreNode;

export interface Kernel {
	/** Axes cut into tiles that run in parallel, in print order. No node reduces one of them. */
	readonly grid: readonly AxisId[];
	/** The axis walked sequentially, or null for a kernel without a loop. */
	readonly loop: AxisId | null;
	/** Topologically sorted, stages not decreasing. */
	readonly nodes: readonly BlockNode[];
}

export interface MuGraph {
	/** The program's axes with `splits` applied. */
	readonly axes: readonly Axis[];
	/** How the program's axes were cut in two before anything else, in order; none as a rule. */
	readonly splits: readonly AxisSplit[];
	readonly inputs: readonly ProgramInput[];
	readonly outputs: readonly Omit<ProgramOutput, "pieces">[];
	readonly intermediates: readonly Intermediate[];
	/** In execution order. */
	readonly kernels: readonly Kernel[];
}

/** Whether the node carries its value from step to step of its pass, and later stages read what it is at the end. */
export function isLoopCarried(node: BlockNode): node is AccumulateNode | AccumulateDeviationsNode {
	return node.kind === "accumulate" || node.kind === "accumulateDeviations";
}

/** The nodes a block node reads, in order (`rescale` last). */
export function blockNodeOperands(node: BlockNode): readonly BlockNodeId[] {
	switch (node.kind) {
		case "load":
		case "constant":
			return [];
		case "map":
			return node.operands;
		case "contract":
			return [node.left, node.right];
		case "reduce":
		case "accumulateDeviations":
		case "store":
			return [node.operand];
		case "accumulate":
			return node.rescale === null ? [node.operand] : [node.operand, node.rescale];
	}
}
