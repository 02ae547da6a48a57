// Every name has one definition, every operand is defined, and there is an order in which nodes can run.

import type { FlatNode } from "./inline-functions.ts";
import { malformed } from "./wire.ts";

/**
 * The nodes that `wanted` names depend on, in an order in which each follows what it reads: the file's own order when
 * that will do. `given`: names of inputs and initializers. Throws `model.malformed` for names defined twice or never
 * (also where no wanted name depends on them), and for cycles. Cost: linear.
 */
export function orderNodes(
	nodes: readonly FlatNode[],
	given: ReadonlySet<string>,
	wanted: readonly string[],
): FlatNode[] {
	const definers = findDefiners(nodes, given);
	for (const [index, { node }] of nodes.entries()) {
		for (const name of node.inputs) {
			if (name === "" || given.has(name) || definers.has(name)) continue;
			malformed(`${node.operator} node '${node.name}' (node ${index}): operand '${name}' is not defined`, {
				node: node.name,
				operand: name,
			});
		}
	}
	for (const name of wanted) {
		if (!given.has(name) && !definers.has(name))
			malformed(`output '${name}' is not defined`, { output: name });
	}
	const ordered = sort(nodes, definers);
	return keepWanted(ordered, wanted);
}

function findDefiners(nodes: readonly FlatNode[], given: ReadonlySet<string>): Map<string, number> {
	const definers = new Map<string, number>();
	for (const [index, { node }] of nodes.entries()) {
		for (const name of node.outputs) {
			if (name === "") continue;
			if (given.has(name) || definers.has(name)) {
				malformed(`${node.operator} node '${node.name}' (node ${index}): '${name}' is defined twice`, {
					name,
				});
			}
			definers.set(name, index);
		}
	}
	return definers;
}

/** Kahn's algorithm, first ready first. */
function sort(nodes: readonly FlatNode[], definers: ReadonlyMap<string, number>): FlatNode[] {
	const waitingFor = new Array<number>(nodes.length).fill(0);
	const readers: number[][] = nodes.map(() => []);
	let isSorted = true;
	for (const [index, { node }] of nodes.entries()) {
		const before = new Set(node.inputs.map((name) => definers.get(name)).filter((at) => at !== undefined));
		waitingFor[index] = before.size;
		for (const at of before) {
			readers[at]?.push(index);
			if (at >= index) isSorted = false;
		}
	}
	if (isSorted) return [...nodes];
	const order = [...nodes.keys()].filter((index) => waitingFor[index] === 0);
	for (let done = 0; done < order.length; done++) {
		for (const reader of readers[order[done] ?? 0] ?? []) {
			const left = (waitingFor[reader] ?? 0) - 1;
			waitingFor[reader] = left;
			if (left === 0) order.push(reader);
		}
	}
	if (order.length < nodes.length) {
		const stuck = nodes.find((_, index) => (waitingFor[index] ?? 0) > 0)?.node;
		malformed(`the graph has a cycle through ${stuck?.operator} node '${stuck?.name}'`, {
			node: stuck?.name,
		});
	}
	return order.map((index) => nodes[index]).filter((node) => node !== undefined);
}

function keepWanted(ordered: readonly FlatNode[], wanted: readonly string[]): FlatNode[] {
	const live = new Set(wanted);
	const kept: FlatNode[] = [];
	for (const flat of [...ordered].reverse()) {
		if (!flat.node.outputs.some((name) => name !== "" && live.has(name))) continue;
		for (const name of flat.node.inputs) live.add(name);
		kept.push(flat);
	}
	return kept.reverse();
}
