// Roots over the same axes run in one loop nest, as long as none needs the finished result of another.
//
// Before: for c: s += x[c]; for c: q += x[c]·x[c]   After: for c: { s += x[c]; q += x[c]·x[c] }

import { present } from "#shared/fault/assert.ts";
import type { Root } from "./roots.ts";

/** Groups in execution order; all roots of one are nests over the same axes, or it is a single root of another kind. */
export function fuseRoots(roots: readonly Root[]): readonly (readonly Root[])[] {
	const groups: Root[][] = [];
	const groupOf = new Map<string, number>();
	for (const root of roots) {
		let earliest = 0;
		for (const key of root.reads) {
			const group = groupOf.get(key);
			if (group === undefined) continue;
			const members = present(groups[group], "group");
			const source = present(
				members.find((member) => member.key === key),
				"member of its group",
			);
			earliest = Math.max(earliest, readableInPlace(source, root) ? group : group + 1);
		}
		let at = earliest;
		while (at < groups.length && !fusable(present(groups[at], "group"), root)) at++;
		if (at === groups.length) groups.push([]);
		present(groups[at], "group").push(root);
		groupOf.set(root.key, at);
	}
	return groups;
}

/** The source's value at a point is all that the reader needs at that point. */
function readableInPlace(source: Root, reader: Root): boolean {
	return (
		source.kind === "nest" &&
		reader.kind === "nest" &&
		source.reduced.length === 0 &&
		sameDomain(source, reader)
	);
}

function fusable(group: readonly Root[], root: Root): boolean {
	if (root.kind !== "nest") return false;
	return group.every((member) => {
		if (member.kind !== "nest" || !sameDomain(member, root)) return false;
		if (member.reduced.length === 0 || root.reduced.length === 0) return true;
		return sameAxes(member.reduced, root.reduced);
	});
}

function sameDomain(
	left: { readonly kept: readonly number[]; readonly reduced: readonly number[] },
	right: { readonly kept: readonly number[]; readonly reduced: readonly number[] },
): boolean {
	return sameAxes([...left.kept, ...left.reduced], [...right.kept, ...right.reduced]);
}

function sameAxes(left: readonly number[], right: readonly number[]): boolean {
	return left.length === right.length && left.every((axis) => right.includes(axis));
}
