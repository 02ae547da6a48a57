// The identity of a µGraph: equal for µGraphs that differ only in the order of nodes, of commutative operands, of
// independent kernels' intermediates, or of stores.

import { present } from "#shared/fault/assert.ts";
import { absorb, finalise } from "#shared/numeric/keyed-hash.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { commutativeOperators } from "#shared/program/commutative-operators.ts";
import type { StridedAccess } from "#shared/program/program.ts";
import type { BlockNode, Kernel, MuGraph } from "./mugraph.ts";

/**
 * SHA-256 over the canonical form, lower-case hex. A node's form holds its operands' digests, a load of an intermediate
 * the digest of what was stored there, so nothing depends on numbering; a kernel is the sorted list of its stores.
 */
export function muGraphDigest(muGraph: MuGraph): string {
	return digestWith(muGraph, sha256Hex);
}

/** The same identity in 64 bits, several times as fast: to tell µGraphs of one search apart. */
export function muGraphHash(muGraph: MuGraph): string {
	return digestWith(muGraph, hashText);
}

function hashText(text: string): string {
	let a = 0x243f6a88;
	let b = 0x13198a2e;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		a = absorb(a, code);
		b = absorb(b, code ^ a);
	}
	return (finalise(a) >>> 0).toString(36) + (finalise(b) >>> 0).toString(36).padStart(7, "0");
}

type DigestText = (text: string) => string;

function digestWith(muGraph: MuGraph, digestText: DigestText): string {
	const stored = new Map<number, string>();
	const kernels = muGraph.kernels.map((kernel) => kernelForm(kernel, muGraph, stored, digestText));
	return digestText(
		JSON.stringify([
			"kiln.mugraph/2",
			muGraph.axes.map((axis) => axis.extent),
			muGraph.splits.map(({ axis, innerExtent }) => [axis, innerExtent]),
			muGraph.inputs.map(({ shape, dataType, role }) => [shape, dataType, role]),
			muGraph.outputs.map(({ shape, dataType }) => [shape, dataType]),
			kernels.sort(),
		]),
	);
}

function kernelForm(
	kernel: Kernel,
	muGraph: MuGraph,
	stored: Map<number, string>,
	digestText: DigestText,
): string {
	const place = JSON.stringify([kernel.grid, kernel.loop]);
	const digests: string[] = [];
	const stores: string[] = [];
	for (const node of kernel.nodes) {
		const digest = digestText(JSON.stringify([place, nodeForm(node, digests, muGraph, stored)]));
		digests.push(digest);
		if (node.kind !== "store") continue;
		stores.push(digest);
		if (node.target.kind === "intermediate") stored.set(node.target.intermediate, digest);
	}
	return digestText(JSON.stringify([place, stores.sort()]));
}

function nodeForm(
	node: BlockNode,
	digests: readonly string[],
	muGraph: MuGraph,
	stored: ReadonlyMap<number, string>,
): unknown {
	const of = (operand: number): string => present(digests[operand], "digest of an earlier node");
	const head = [node.kind, node.stage, node.axes];
	switch (node.kind) {
		case "load":
			return node.source.kind === "input"
				? [...head, node.source.input, accessForm(node.source.access)]
				: [...head, present(stored.get(node.source.intermediate), "digest of an earlier store")];
		case "constant":
			return [...head, `${node.value}`, Object.is(node.value, -0)];
		case "map": {
			const operands = node.operands.map(of);
			if (commutativeOperators.has(node.operator)) operands.sort();
			return [...head, node.operator, operands];
		}
		case "reduce":
			return [...head, node.operator, of(node.operand), node.over];
		case "contract":
			return [...head, [of(node.left), of(node.right)].sort(), node.over];
		case "accumulate":
			return [...head, node.combine, of(node.operand), node.rescale === null ? null : of(node.rescale)];
		case "accumulateDeviations":
			return [...head, of(node.operand), node.over];
		case "store":
			return node.target.kind === "output"
				? [...head, of(node.operand), node.target.output, accessForm(node.target.access)]
				: [...head, of(node.operand), muGraph.intermediates[node.target.intermediate]?.axes];
	}
}

/** Offset and (axis, stride) pairs by axis. */
function accessForm(access: StridedAccess): unknown {
	const pairs = access.axes.map((axis, i) => [axis, access.strides[i] ?? 0] as const);
	return [access.offset, pairs.sort((a, b) => a[0] - b[0])];
}
