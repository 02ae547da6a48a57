import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "#shared/numeric/random.ts";
import { TopologicalOrder } from "#shared/partition/topological-order.ts";

const seed = Number(process.env.TEST_SEED);

/** Edges between groups of nodes; groups are sets that only grow. */
class Groups {
	readonly #groupOf: number[];
	readonly #edges: readonly (readonly [number, number])[];

	constructor(count: number, edges: readonly (readonly [number, number])[]) {
		this.#groupOf = Array.from({ length: count }, (_, node) => node);
		this.#edges = edges;
	}

	members(): number[] {
		return [...new Set(this.#groupOf)];
	}

	successorsOf(group: number): number[] {
		const after = this.#edges
			.filter(([from]) => this.#groupOf[from] === group)
			.map(([, to]) => this.#groupOf[to] ?? -1);
		return [...new Set(after)].filter((other) => other !== group);
	}

	/** Whether some path between the two runs through a third. */
	hasDetour(first: number, second: number): boolean {
		const pair = [first, second];
		const stack = pair.flatMap((group) => this.successorsOf(group)).filter((group) => !pair.includes(group));
		const seen = new Set(stack);
		for (let group = stack.pop(); group !== undefined; group = stack.pop()) {
			for (const next of this.successorsOf(group)) {
				if (pair.includes(next)) return true;
				if (!seen.has(next)) stack.push(next);
				seen.add(next);
			}
		}
		return false;
	}

	merge(first: number, second: number): void {
		for (const [node, group] of this.#groupOf.entries()) if (group === second) this.#groupOf[node] = first;
	}
}

describe("TopologicalOrder", () => {
	test("stays an order through every merge that keeps the graph acyclic", () => {
		let merges = 0;
		fc.assert(
			fc.property(fc.nat(), fc.integer({ min: 2, max: 14 }), (graphSeed, count) => {
				const random = createRandom(graphSeed);
				const edges = Array.from({ length: 2 * count }, () => {
					const [a, b] = [random.nextBelow(count), random.nextBelow(count)];
					return [Math.min(a, b), Math.max(a, b)] as const;
				}).filter(([from, to]) => from !== to);
				const groups = new Groups(count, edges);
				const order = new TopologicalOrder(groups.members(), (group) => groups.successorsOf(group));
				for (let step = 0; step < 12; step++) {
					const members = groups.members();
					const [first, second] = [0, 1].map(() => members[random.nextBelow(members.length)] ?? 0);
					if (first === undefined || second === undefined || first === second) continue;
					if (groups.hasDetour(first, second)) continue;
					order.merge(first, second, first, (group) => groups.successorsOf(group));
					groups.merge(first, second);
					merges++;
					for (const group of groups.members())
						for (const next of groups.successorsOf(group))
							expect(order.positionOf(group)).toBeLessThan(order.positionOf(next));
				}
			}),
			{ seed, numRuns: 300 },
		);
		expect(merges).toBeGreaterThan(300);
	});
});
