// A topological order that follows merges, so that the search for a path between two groups need not look past the later.

import { assert, present } from "#shared/fault/assert.ts";

export class TopologicalOrder {
	/** Members by position; null where a merge left a gap. */
	readonly #slots: (number | null)[] = [];
	readonly #positions = new Map<number, number>();

	/** Kahn's algorithm. Asserts that the graph is acyclic. */
	constructor(members: readonly number[], successorsOf: (member: number) => readonly number[]) {
		const successors = new Map(members.map((member) => [member, new Set(successorsOf(member))]));
		const waitsFor = new Map(members.map((member) => [member, 0]));
		for (const after of successors.values())
			for (const member of after) waitsFor.set(member, present(waitsFor.get(member), "a member") + 1);
		const ready = members.filter((member) => waitsFor.get(member) === 0).reverse();
		for (let member = ready.pop(); member !== undefined; member = ready.pop()) {
			this.#positions.set(member, this.#slots.push(member) - 1);
			for (const next of successors.get(member) ?? []) {
				const left = present(waitsFor.get(next), "a member") - 1;
				waitsFor.set(next, left);
				if (left === 0) ready.push(next);
			}
		}
		assert(this.#slots.length === members.length, "the groups' graph is acyclic");
	}

	/** Smaller than that of everything it leads to. */
	positionOf(member: number): number {
		return present(this.#positions.get(member), "position of a member");
	}

	/**
	 * Puts `union` in the place of two members between which no path runs through a third. Of what lies between them, all
	 * that the earlier one leads to comes behind the union, the rest before it (Pearce and Kelly 2006). `successorsOf` is
	 * asked about the state before the merge. Cost: what lies between.
	 */
	merge(
		first: number,
		second: number,
		union: number,
		successorsOf: (member: number) => readonly number[],
	): void {
		const [low, high] = [this.positionOf(first), this.positionOf(second)].sort((a, b) => a - b);
		const span = this.#slots.slice(low, (high ?? 0) + 1).filter((member) => member !== null);
		const reached = new Set<number>(span.slice(0, 1));
		for (const member of span)
			if (reached.has(member)) for (const next of successorsOf(member)) reached.add(next);
		const between = span.slice(1, -1);
		const behind = between.filter((member) => reached.has(member));
		const order = [...between.filter((member) => !reached.has(member)), union, ...behind];
		this.#positions.delete(first);
		this.#positions.delete(second);
		for (let i = low ?? 0; i <= (high ?? 0); i++) {
			const member = order[i - (low ?? 0)] ?? null;
			this.#slots[i] = member;
			if (member !== null) this.#positions.set(member, i);
		}
	}
}
