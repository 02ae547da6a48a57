import { present } from "#shared/fault/assert.ts";
import { type BlockNode, isLoopCarried, type Kernel, type MuGraph } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import type { FieldFragment } from "#shared/numeric/field-buffer.ts";
import type { AxisId, MapOperator, Program } from "#shared/program/program.ts";
import {
	type SizeBound,
	sizeOfConstant,
	sizeOfMap,
	sizeOfProduct,
	sizeOfReduction,
	sizeOfSum,
	sizeOfVariable,
} from "./size-bounds.ts";

/** Bounds for what a program or a µGraph computes. */
export interface FunctionSizes {
	/** Of every value that leaves it, by output tensor (all pieces of one together). */
	readonly outputs: readonly SizeBound[];
	/** Of every argument of an uninterpreted function. */
	readonly arguments: readonly SizeBound[];
}

interface Draft {
	readonly fragment: FieldFragment;
	readonly outputs: SizeBound[];
	readonly arguments: SizeBound[];
	/** Names divisors across kernels. */
	nextId: number;
}

const interpretedOperators: Readonly<Record<FieldFragment, readonly MapOperator[]>> = {
	rational: ["add", "subtract", "multiply", "divide", "negate"],
	exponential: ["add", "subtract", "multiply", "divide", "negate", "exp"],
	full: ["add", "subtract", "multiply", "divide", "negate", "exp", "sigmoid", "tanh", "sqrt"],
};

/** Uninterpreted where the argument is an exponential itself (field-operators.ts). */
const exponentials: ReadonlySet<MapOperator> = new Set<MapOperator>(["exp", "sigmoid", "tanh"]);

/** One node on either level. */
interface SizedNode {
	readonly bound: SizeBound;
	readonly axes: readonly AxisId[];
	readonly id: number;
}

function sizeMapNode(
	draft: Draft,
	operator: MapOperator,
	operands: readonly SizedNode[],
	id: number,
	axes: readonly AxisId[],
): SizeBound {
	if (!interpretedOperators[draft.fragment].includes(operator) || exponentials.has(operator))
		draft.arguments.push(...operands.map(({ bound }) => bound));
	return sizeOfMap(operator, operands, draft.fragment, id, axes);
}

function createDraft(fragment: FieldFragment): Draft {
	return { fragment, outputs: [], arguments: [], nextId: 0 };
}

export function sizeProgram(program: Program, fragment: FieldFragment): FunctionSizes {
	const draft = createDraft(fragment);
	const extentOf = (axis: AxisId): number => present(program.axes[axis], "axis").extent;
	const sized: SizedNode[] = [];
	const of = (id: number): SizedNode => present(sized[id], "earlier node");
	for (const node of program.nodes) {
		const id = draft.nextId++;
		const bound = ((): SizeBound => {
			switch (node.kind) {
				case "input":
					return sizeOfVariable();
				case "constant":
					return sizeOfConstant();
				case "map":
					return sizeMapNode(draft, node.operator, node.operands.map(of), id, node.axes);
				case "reduce": {
					const operand = of(node.operand).bound;
					if (node.operator === "max" || node.operator === "min") draft.arguments.push(operand);
					return sizeOfReduction(node.operator, operand, node.over, extentOf);
				}
				case "contract": {
					const product = sizeOfProduct(of(node.left).bound, of(node.right).bound);
					return sizeOfReduction("sum", product, node.over, extentOf);
				}
			}
		})();
		sized.push({ bound, axes: node.axes, id });
	}
	for (const output of program.outputs)
		for (const piece of output.pieces) draft.outputs.push(of(piece.node).bound);
	return draft;
}

/** The µGraph with its loops as the tiles cut them: partial sums over a step, then over the steps. */
export function sizeMuGraph(
	muGraph: MuGraph,
	tiles: readonly KernelTiles[],
	fragment: FieldFragment,
): FunctionSizes {
	const draft = createDraft(fragment);
	const intermediates = new Map<number, SizeBound>();
	muGraph.kernels.forEach((kernel, k) => {
		sizeKernel(draft, muGraph, kernel, present(tiles[k], "tiles of every kernel"), intermediates);
	});
	return draft;
}

function sizeKernel(
	draft: Draft,
	muGraph: MuGraph,
	kernel: Kernel,
	tiles: KernelTiles,
	intermediates: Map<number, SizeBound>,
): void {
	const wholeExtent = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const stepExtent = (axis: AxisId): number =>
		axis === kernel.loop ? Math.min(tiles.loopTile, wholeExtent(axis)) : wholeExtent(axis);
	const sized: SizedNode[] = [];
	const of = (id: number): SizedNode => present(sized[id], "earlier node");
	for (const node of kernel.nodes) {
		const id = draft.nextId++;
		const axes = axesWithSteps(node, kernel);
		const bound = sizeBlockNode(
			draft,
			{ ...node, axes },
			id,
			of,
			kernel,
			stepExtent,
			wholeExtent,
			tiles,
			intermediates,
		);
		sized.push({ bound, axes, id });
		if (node.kind === "store") {
			if (node.target.kind === "intermediate") intermediates.set(node.target.intermediate, bound);
			else draft.outputs.push(bound);
		}
	}
}

/** What a step of the loop computes is another value in every step. */
function axesWithSteps(node: BlockNode, { loop }: Kernel): readonly AxisId[] {
	const { axes, stage } = node;
	const isStepwise = stage % 2 === 1 && !isLoopCarried(node);
	return loop === null || !isStepwise || axes.includes(loop) ? axes : [...axes, loop];
}

function sizeBlockNode(
	draft: Draft,
	node: BlockNode,
	id: number,
	of: (id: number) => SizedNode,
	kernel: Kernel,
	stepExtent: (axis: AxisId) => number,
	wholeExtent: (axis: AxisId) => number,
	tiles: KernelTiles,
	intermediates: ReadonlyMap<number, SizeBound>,
): SizeBound {
	switch (node.kind) {
		case "load":
			return node.source.kind === "input"
				? sizeOfVariable()
				: present(intermediates.get(node.source.intermediate), "intermediate stored earlier");
		case "constant":
			return sizeOfConstant();
		case "map":
			return sizeMapNode(draft, node.operator, node.operands.map(of), id, node.axes);
		case "reduce": {
			const operand = of(node.operand).bound;
			if (node.operator === "max" || node.operator === "min") draft.arguments.push(operand);
			return sizeOfReduction(node.operator, operand, node.over, stepExtent);
		}
		case "contract": {
			const product = sizeOfProduct(of(node.left).bound, of(node.right).bound);
			return sizeOfReduction("sum", product, node.over, stepExtent);
		}
		case "accumulate": {
			const loop = present(kernel.loop, "loop of an accumulator");
			const steps = Math.ceil(wholeExtent(loop) / Math.max(1, tiles.loopTile));
			const operand = rescaled(of(node.operand).bound, node.rescale === null ? 0 : steps);
			if (node.combine === "max" || node.combine === "min") draft.arguments.push(operand);
			return sizeOfReduction(node.combine, operand, [loop], () => steps);
		}
		case "accumulateDeviations":
			return sizeOfDeviations(of(node.operand).bound, node.over, wholeExtent);
		case "store":
			return of(node.operand).bound;
	}
}

/**
 * However its steps are cut, it is the rational function sum x² - (sum x)²/n with a whole number n: steps only divide by
 * counts, which are numbers.
 */
function sizeOfDeviations(
	bound: SizeBound,
	over: readonly AxisId[],
	extentOf: (axis: AxisId) => number,
): SizeBound {
	const sum = sizeOfReduction("sum", bound, over, extentOf);
	const squares = sizeOfReduction("sum", sizeOfProduct(bound, bound), over, extentOf);
	return sizeOfSum(squares, sizeOfProduct(sum, sum));
}

/** Each step multiplies by one exponential of a difference of two maxima. */
function rescaled(bound: SizeBound, steps: number): SizeBound {
	const { numerator } = bound;
	return {
		...bound,
		numerator: {
			...numerator,
			exponent: numerator.exponent + steps,
			exponentials: numerator.exponentials + steps,
		},
	};
}
