// Colour refinement (Weisfeiler and Leman) over the parts of a program: nodes, axes, inputs and outputs get numbers that
// depend on what they are and how they are connected, never on how they are numbered or named.

import { present } from "#shared/fault/assert.ts";
import { commutativeOperators } from "./commutative-operators.ts";
import type { Program, ProgramNode, StridedAccess } from "./program.ts";
import { programNodeOperands } from "./program.ts";

/** One number for each part; equal numbers: not told apart. Numbers rank the parts' descriptions, so they are canonical. */
export interface Colours {
	readonly nodes: readonly number[];
	readonly axes: readonly number[];
	readonly inputs: readonly number[];
	readonly outputs: readonly number[];
}

const families = ["nodes", "axes", "inputs", "outputs"] as const;

/** What can be told from each part alone. */
export function initialColours(program: Program): Colours {
	return {
		nodes: rank(program.nodes.map(nodeHead)),
		axes: rank(program.axes.map(({ extent }) => `${extent}`)),
		inputs: rank(program.inputs.map(({ shape, dataType, role }) => `${dataType} ${role} ${shape.join()}`)),
		outputs: rank(program.outputs.map(({ shape, dataType }) => `${dataType} ${shape.join()}`)),
	};
}

/** Refines until no round tells more parts apart. Cost: rounds (at most the number of parts) times the program's length. */
export function refineColours(program: Program, start: Colours): Colours {
	for (let colours = start; ; ) {
		const next = refineOnce(program, colours);
		if (countColours(next) === countColours(colours)) return next;
		colours = next;
	}
}

/** Distinct colours in all families. */
export function countColours(colours: Colours): number {
	return families.reduce((count, family) => count + new Set(colours[family]).size, 0);
}

/** Gives one part a colour of its own, before all others of its family. */
export function individualize(colours: Colours, family: (typeof families)[number], part: number): Colours {
	return { ...colours, [family]: colours[family].map((colour, i) => (i === part ? -1 : colour)) };
}

/** The first family and colour with several parts, smallest colour first; null when all are told apart. */
export function firstTie(
	colours: Colours,
): { readonly family: (typeof families)[number]; readonly parts: readonly number[] } | null {
	for (const family of families) {
		const byColour = new Map<number, number[]>();
		for (const [part, colour] of colours[family].entries())
			byColour.set(colour, [...(byColour.get(colour) ?? []), part]);
		const ties = [...byColour].filter(([, parts]) => parts.length > 1).sort(([a], [b]) => a - b);
		const smallest = ties[0];
		if (smallest !== undefined) return { family, parts: smallest[1] };
	}
	return null;
}

function rank(descriptions: readonly string[]): number[] {
	const order = new Map(
		[...new Set(descriptions)].sort().map((description, position) => [description, position]),
	);
	return descriptions.map((description) => present(order.get(description), "description"));
}

function nodeHead(node: ProgramNode): string {
	if (node.kind === "constant") return `constant ${Object.is(node.value, -0) ? "-0" : node.value}`;
	return node.kind === "map" || node.kind === "reduce" ? `${node.kind} ${node.operator}` : node.kind;
}

const sortedNumbers = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);

function refineOnce(program: Program, colours: Colours): Colours {
	const colourOf = (family: (typeof families)[number], part: number): number =>
		present(colours[family][part], "colour");
	const axesKey = (axes: readonly number[]): string =>
		sortedNumbers(axes.map((axis) => colourOf("axes", axis))).join();
	const accessKey = (access: StridedAccess): string =>
		`${access.offset}+${access.axes
			.map((axis, i) => `${access.strides[i]}*${colourOf("axes", axis)}`)
			.sort()
			.join("+")}`;
	const uses: Record<(typeof families)[number], string[][]> = {
		nodes: program.nodes.map(() => []),
		axes: program.axes.map(() => []),
		inputs: program.inputs.map(() => []),
		outputs: program.outputs.map(() => []),
	};
	const nodes = program.nodes.map((node, id) => {
		const own = colourOf("nodes", id);
		const operands = programNodeOperands(node).map((operand) => colourOf("nodes", operand));
		const isCommutative = node.kind === "map" && commutativeOperators.has(node.operator);
		for (const [position, operand] of programNodeOperands(node).entries())
			uses.nodes[operand]?.push(`${own}.${isCommutative ? 0 : position}`);
		for (const axis of node.axes) uses.axes[axis]?.push(`free ${own}`);
		const parts = [own, (isCommutative ? sortedNumbers(operands) : operands).join(), axesKey(node.axes)];
		if (node.kind === "input") {
			uses.inputs[node.input]?.push(`${own} ${accessKey(node.access)}`);
			for (const [i, axis] of node.access.axes.entries())
				uses.axes[axis]?.push(`read ${own} ${node.access.strides[i]}`);
			parts.push(colourOf("inputs", node.input), accessKey(node.access));
		}
		if (node.kind === "reduce" || node.kind === "contract") {
			for (const axis of node.over) uses.axes[axis]?.push(`over ${own}`);
			parts.push(axesKey(node.over));
		}
		return parts.join("|");
	});
	const outputs = program.outputs.map((output, id) => {
		const own = colourOf("outputs", id);
		const pieces = output.pieces.map(({ node, access }) => {
			const piece = `${own} ${accessKey(access)}`;
			uses.nodes[node]?.push(`output ${piece}`);
			for (const [i, axis] of access.axes.entries())
				uses.axes[axis]?.push(`written ${own} ${colourOf("nodes", node)} ${access.strides[i]}`);
			return `${colourOf("nodes", node)} ${accessKey(access)}`;
		});
		return `${own}|${pieces.sort().join("|")}`;
	});
	const withUses = (family: (typeof families)[number], descriptions: readonly string[]): number[] =>
		rank(descriptions.map((description, i) => `${description}#${(uses[family][i] ?? []).sort().join(";")}`));
	return {
		nodes: withUses("nodes", nodes),
		axes: withUses(
			"axes",
			program.axes.map((_, axis) => `${colourOf("axes", axis)}`),
		),
		inputs: withUses(
			"inputs",
			program.inputs.map((_, input) => `${colourOf("inputs", input)}`),
		),
		outputs: rank(outputs),
	};
}
