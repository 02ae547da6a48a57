// What is good to fuse on its way through a CPU's caches, judged on the program an island would have.

import { present } from "#shared/fault/assert.ts";
import type { AxisId, Program, ProgramNode, ProgramNodeId } from "#shared/program/program.ts";
import { programNodeOperands } from "#shared/program/program.ts";
import {
	CONTRACTION_DEPTH_MAX,
	CONTRACTIONS_MAX,
	LOW_RANK_COLUMNS_MAX,
	LOW_RANK_RATIO_MIN,
	PROGRAM_NODES_MAX,
} from "./limits.ts";

/** Facts of a program that decide what it may be joined with. */
export interface IslandShape {
	readonly contractions: number;
	/** Most contractions on one path, low-rank factors not counted. */
	readonly depth: number;
	/** Pairs of such contractions of which one uses the other's result. */
	readonly chains: number;
	/** A sum of exponentials of a contraction's result: softmax attention. */
	readonly isAttention: boolean;
}

/** What flows into a node: how many contractions lie above, and whether an exponential came after the last of them. */
interface Flow {
	readonly depth: number;
	/** The contractions above, low-rank factors not counted. */
	readonly contractions: ReadonlySet<ProgramNodeId>;
	readonly isContracted: boolean;
	readonly isExponential: boolean;
	/** Axes of the last contraction's right operand alone: the columns of a projection. */
	readonly columns: ReadonlySet<AxisId>;
}

/** The facts, or why no island should look like this. */
export function judgeProgram(program: Program): IslandShape | { readonly refused: string } {
	if (program.nodes.length > PROGRAM_NODES_MAX) return { refused: "too many operations for one search" };
	const contractions = program.nodes.filter((node) => node.kind === "contract").length;
	if (contractions > CONTRACTIONS_MAX) return { refused: "too many contractions for one search" };
	const flows: Flow[] = [];
	let isAttention = false;
	let chains = 0;
	for (const [id, node] of program.nodes.entries()) {
		const above = programNodeOperands(node).map((operand) => present(flows[operand], "operand's flow"));
		if (node.kind === "reduce" && node.operator === "sum") {
			const flow = present(above[0], "operand");
			if (flow.isExponential) isAttention = true;
			else if (flow.isContracted && node.over.some((axis) => flow.columns.has(axis)))
				return { refused: "a statistic over a contraction's columns needs all of them first" };
		}
		const flow = flowOf(program, id, node, above);
		if (flow.contractions.has(id)) chains += flow.contractions.size - 1;
		flows.push(flow);
	}
	const depth = Math.max(0, ...flows.map((flow) => flow.depth));
	if (depth > CONTRACTION_DEPTH_MAX)
		return { refused: "more contractions in a row than one kernel can hold" };
	if (hasPiecesOfContraction(program, flows)) return { refused: "a contraction would be cut into pieces" };
	return { contractions, depth, chains, isAttention };
}

function flowOf(program: Program, id: ProgramNodeId, node: ProgramNode, above: readonly Flow[]): Flow {
	const depth = Math.max(0, ...above.map((flow) => flow.depth));
	const contractions = new Set(above.flatMap((flow) => [...flow.contractions]));
	if (node.kind === "contract") {
		const left = axesOf(program, node.left);
		const columns = new Set(axesOf(program, node.right).filter((axis) => !left.includes(axis)));
		const isFactor = isLowRank(program, node, columns);
		if (!isFactor) contractions.add(id);
		return {
			depth: depth + (isFactor ? 0 : 1),
			contractions,
			isContracted: true,
			isExponential: false,
			columns,
		};
	}
	const contracted = above.filter((flow) => flow.isContracted);
	const isExponential =
		contracted.some((flow) => flow.isExponential) ||
		(contracted.length > 0 && node.kind === "map" && node.operator === "exp");
	const columns = new Set(contracted.flatMap((flow) => [...flow.columns]));
	return { depth, contractions, isContracted: contracted.length > 0, isExponential, columns };
}

const axesOf = (program: Program, node: ProgramNodeId): readonly AxisId[] =>
	present(program.nodes[node], "node").axes;

/** By a weight, to few columns: x·A of a low-rank branch. Scores of a few queries are none. */
function isLowRank(
	program: Program,
	node: Extract<ProgramNode, { kind: "contract" }>,
	columns: ReadonlySet<AxisId>,
): boolean {
	const right = present(program.nodes[node.right], "node");
	if (right.kind !== "input" || program.inputs[right.input]?.role !== "weight") return false;
	const extentOf = (axes: Iterable<AxisId>): number =>
		[...axes].reduce((product, axis) => product * present(program.axes[axis], "axis").extent, 1);
	const width = extentOf(columns);
	return width <= LOW_RANK_COLUMNS_MAX && width * LOW_RANK_RATIO_MIN <= extentOf(node.over);
}

/** A rotary embedding behind a projection would make two contractions of one; it goes to the attention that it feeds. */
function hasPiecesOfContraction(program: Program, flows: readonly Flow[]): boolean {
	return program.outputs.some(
		({ pieces }) => pieces.length > 1 && pieces.some(({ node }) => flows[node]?.isContracted === true),
	);
}
