// Which nodes a model still needs when some are replaced, in an order in which each follows what it reads.

import { namesReadBy } from "./captured-names.ts";
import type { OnnxGraph } from "./model.ts";

/** Names that a replacement reads and makes, and the nodes whose place it takes. */
export interface ReplacedGroup {
	/** Positions in the file's node list. */
	readonly sources: readonly number[];
	readonly inputs: readonly string[];
	readonly outputs: readonly { readonly name: string }[];
}

/** A node of the file or a group, by position. */
export type Maker =
	| { readonly kind: "node"; readonly index: number }
	| { readonly kind: "group"; readonly index: number };

export type ReplacementOrder =
	| { readonly kind: "ordered"; readonly makers: readonly Maker[]; readonly live: ReadonlySet<string> }
	| { readonly kind: "refused"; readonly group: number; readonly reason: string };

type Refused = Extract<ReplacementOrder, { kind: "refused" }>;

/**
 * From the graph's outputs on. Refuses a group when a value made inside is wanted outside and not among its results, or
 * when it would wait for itself. Cost: linear.
 */
export function orderReplacement(graph: OnnxGraph, groups: readonly ReplacedGroup[]): ReplacementOrder {
	const owners = new Map<number, number>();
	for (const [at, { sources }] of groups.entries()) for (const source of sources) owners.set(source, at);
	const makers = findMakers(graph, groups);
	const live = new Set<string>();
	const placed = new Set<Maker>();
	const open = new Set<Maker>();
	const stack: { readonly maker: Maker; readonly isLeaving: boolean }[] = [];
	const want = (names: readonly string[]): Refused | null => {
		for (const name of [...names].reverse()) {
			live.add(name);
			const maker = makers.get(name);
			if (maker === undefined) continue;
			const owner = maker.kind === "node" ? owners.get(maker.index) : undefined;
			if (owner !== undefined)
				return { kind: "refused", group: owner, reason: `'${name}' is wanted outside and no result of it` };
			stack.push({ maker, isLeaving: false });
		}
		return null;
	};
	let refused = want(graph.outputs.map(({ name }) => name));
	for (let top = stack.pop(); refused === null && top !== undefined; top = stack.pop()) {
		const { maker, isLeaving } = top;
		if (isLeaving) {
			placed.add(maker);
			open.delete(maker);
		}
		if (placed.has(maker)) continue;
		if (open.has(maker)) return { kind: "refused", group: lastGroup(open), reason: "it waits for itself" };
		open.add(maker);
		stack.push({ maker, isLeaving: true });
		refused = want(namesOf(graph, groups, maker));
	}
	return refused ?? { kind: "ordered", makers: [...placed], live };
}

/** By name; a group's results are the group's, whichever node of the file makes them. One object a maker. */
function findMakers(graph: OnnxGraph, groups: readonly ReplacedGroup[]): ReadonlyMap<string, Maker> {
	const makers = new Map<string, Maker>();
	for (const [index, node] of graph.nodes.entries()) {
		const maker: Maker = { kind: "node", index };
		for (const name of node.outputs) if (name !== "") makers.set(name, maker);
	}
	for (const [index, { outputs }] of groups.entries()) {
		const maker: Maker = { kind: "group", index };
		for (const { name } of outputs) makers.set(name, maker);
	}
	return makers;
}

function namesOf(graph: OnnxGraph, groups: readonly ReplacedGroup[], maker: Maker): readonly string[] {
	if (maker.kind === "group") return groups[maker.index]?.inputs ?? [];
	const node = graph.nodes[maker.index];
	return node === undefined ? [] : namesReadBy(node);
}

/** A cycle that the file did not have goes through a group. */
function lastGroup(open: ReadonlySet<Maker>): number {
	return [...open].findLast(({ kind }) => kind === "group")?.index ?? 0;
}
