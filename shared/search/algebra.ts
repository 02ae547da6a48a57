// Choice 1: which DAG of primitive operators computes the program. In: the canonical program. Out: equal DAGs, the
// program as written first. At each reduction and contraction one rewriting may be taken or left:
//   sum_k (a / f)·b  ->  (sum_k a·b) / f      when f does not depend on k (and the same for factors and for sums),
//   reduce over {i, j}  ->  reduce over i of reduce over j      when j is reduced elsewhere too.
// The first is what lets a norm's or a softmax's division follow the contraction (Mirage, OSDI'25, figure 3), so that the
// loop over k can run once; the second lets a row's part be finished where the row is.

import { present } from "#shared/fault/assert.ts";
import type { AxisId, Program, ProgramNode, ProgramNodeId, ReduceOperator } from "#shared/program/program.ts";
import { createValueNumbering, sweepProgram, type ValueNumbering } from "./value-numbering.ts";

/** With more groups of places than this to rewrite, only none, all, and each group alone are tried. */
const groupsCombinedMax = 3;

/** Equal DAGs, each once, the program as written (with equal values merged and dead ones gone) first. */
export function rewriteProgram(program: Program): readonly Program[] {
	const found = new Map<string, Program>();
	for (const chosen of siteChoices(groupSites(program))) {
		const rewritten = applyRewritings(program, chosen);
		const key = JSON.stringify([rewritten.nodes, rewritten.outputs]);
		if (!found.has(key)) found.set(key, rewritten);
	}
	return [...found.values()];
}

interface SiteGroups {
	/** Places that go together: what moves past them is the same value, which then need not be applied twice. */
	readonly groups: readonly (readonly ProgramNodeId[])[];
	/** Places with nothing to move as the program is written; something may come to them from others. */
	readonly followers: readonly ProgramNodeId[];
}

/** Reductions and contractions by what a rewriting would do there. */
function groupSites(program: Program): SiteGroups {
	const values = createValueNumbering();
	const translated: ProgramNodeId[] = [];
	const inner = innerReductions(program);
	const groups = new Map<string, ProgramNodeId[]>();
	const followers: ProgramNodeId[] = [];
	program.nodes.forEach((node, id) => {
		const effect = rewritingEffect(node, translated, values, inner);
		if (effect !== null && effect !== "") groups.set(effect, [...(groups.get(effect) ?? []), id]);
		else if (effect === "") followers.push(id);
		translated.push(translate(node, translated, values, null));
	});
	return { groups: [...groups.values()], followers };
}

/** Null where there is nothing to rewrite, else a name of the free factors (none: empty) and of a reduction's first part. */
function rewritingEffect(
	node: ProgramNode,
	translated: readonly ProgramNodeId[],
	values: ValueNumbering,
	inner: readonly (readonly AxisId[])[],
): string | null {
	if (node.kind !== "contract" && node.kind !== "reduce") return null;
	const operands = node.kind === "contract" ? [node.left, node.right] : [node.operand];
	const isSum = node.kind === "contract" || node.operator === "sum";
	const free = isSum
		? operands.map((operand) => {
				const id = present(translated[operand], "operand translated before");
				return splitFactors(values, factorsOf(values, id), node.over).free;
			})
		: [];
	const first = node.kind === "reduce" ? innerPart(node.over, inner) : null;
	const moved = free.flatMap(({ numerators, denominators }) => [
		...numerators.map((id) => `*${id}`),
		...denominators.map((id) => `/${id}`),
	]);
	if (first !== null) moved.push(`over ${first.join()}`);
	return moved.sort().join(" ");
}

/** None, all, then every other combination of groups; or each alone when there are too many. */
function siteChoices({ groups, followers }: SiteGroups): ReadonlySet<ProgramNodeId>[] {
	const all = new Set([...groups.flat(), ...followers]);
	const choices: ReadonlySet<ProgramNodeId>[] = [new Set<ProgramNodeId>(), all];
	const withFollowers = (chosen: readonly (readonly ProgramNodeId[])[]): ReadonlySet<ProgramNodeId> =>
		new Set([...chosen.flat(), ...followers]);
	if (groups.length > groupsCombinedMax)
		return [...choices, ...groups.map((group) => withFollowers([group]))];
	for (let mask = 1; mask < 2 ** groups.length - 1; mask++)
		choices.push(withFollowers(groups.filter((_, i) => (mask >> i) & 1)));
	return choices;
}

function innerReductions(program: Program): (readonly AxisId[])[] {
	return program.nodes.flatMap((node) => (node.kind === "reduce" ? [node.over] : []));
}

/** A smaller set of axes that is reduced elsewhere too. */
function innerPart(over: readonly AxisId[], inner: readonly (readonly AxisId[])[]): readonly AxisId[] | null {
	return inner.find((axes) => axes.length < over.length && axes.every((axis) => over.includes(axis))) ?? null;
}

function applyRewritings(program: Program, chosen: ReadonlySet<ProgramNodeId>): Program {
	const values = createValueNumbering();
	const inner = innerReductions(program);
	const translated: ProgramNodeId[] = [];
	program.nodes.forEach((node, id) => {
		translated.push(translate(node, translated, values, chosen.has(id) ? inner : null));
	});
	return sweepProgram(program, values.nodes, translated);
}

/** `inner` (axes of the program's reductions) is null where the node is to stay as written. */
function translate(
	node: ProgramNode,
	translated: readonly ProgramNodeId[],
	values: ValueNumbering,
	inner: readonly (readonly AxisId[])[] | null,
): ProgramNodeId {
	const of = (id: ProgramNodeId): ProgramNodeId => present(translated[id], "operand translated before");
	switch (node.kind) {
		case "input":
			return values.input(node.input, node.access);
		case "constant":
			return values.constant(node.value);
		case "map":
			return values.map(node.operator, node.operands.map(of));
		case "reduce":
			if (inner === null) return values.reduce(node.operator, of(node.operand), node.over);
			return rewriteReduce(values, node.operator, of(node.operand), node.over, inner);
		case "contract":
			if (inner === null) return values.contract(of(node.left), of(node.right), node.over);
			return contractWithoutFreeFactors(values, of(node.left), of(node.right), node.over);
	}
}

function rewriteReduce(
	values: ValueNumbering,
	operator: ReduceOperator,
	operand: ProgramNodeId,
	over: readonly AxisId[],
	inner: readonly (readonly AxisId[])[],
): ProgramNodeId {
	const first = innerPart(over, inner) ?? over;
	const rest = over.filter((axis) => !first.includes(axis));
	const reduced =
		operator === "sum"
			? sumWithoutFreeFactors(values, operand, first)
			: values.reduce(operator, operand, first);
	return rest.length === 0 ? reduced : values.reduce(operator, reduced, rest);
}

/** A product and a quotient of values. */
interface Factors {
	readonly numerators: readonly ProgramNodeId[];
	readonly denominators: readonly ProgramNodeId[];
}

function factorsOf(values: ValueNumbering, id: ProgramNodeId): Factors {
	const node = present(values.nodes[id], "numbered value");
	if (node.kind === "map" && (node.operator === "multiply" || node.operator === "divide")) {
		const [a = id, b = id] = node.operands;
		const left = factorsOf(values, a);
		const right = factorsOf(values, b);
		const [up, down] =
			node.operator === "multiply"
				? [right.numerators, right.denominators]
				: [right.denominators, right.numerators];
		return {
			numerators: [...left.numerators, ...up],
			denominators: [...left.denominators, ...down],
		};
	}
	return { numerators: [id], denominators: [] };
}

function splitFactors(
	values: ValueNumbering,
	factors: Factors,
	over: readonly AxisId[],
): { readonly bound: Factors; readonly free: Factors } {
	const isBound = (id: ProgramNodeId): boolean => values.axesOf(id).some((axis) => over.includes(axis));
	const pick = (keep: boolean): Factors => ({
		numerators: factors.numerators.filter((id) => isBound(id) === keep),
		denominators: factors.denominators.filter((id) => isBound(id) === keep),
	});
	return { bound: pick(true), free: pick(false) };
}

function isEmpty(factors: Factors): boolean {
	return factors.numerators.length + factors.denominators.length === 0;
}

function product(values: ValueNumbering, ids: readonly ProgramNodeId[]): ProgramNodeId | null {
	const [first, ...rest] = [...ids].sort((a, b) => values.axesOf(a).length - values.axesOf(b).length);
	if (first === undefined) return null;
	return rest.reduce((left, right) => values.map("multiply", [left, right]), first);
}

/** base · numerators / denominators, with one division; a missing base is 1, and null if that is all. */
function applyFactors(
	values: ValueNumbering,
	base: ProgramNodeId | null,
	factors: Factors,
): ProgramNodeId | null {
	const numerators = base === null ? factors.numerators : [base, ...factors.numerators];
	const top = product(values, numerators);
	const bottom = product(values, factors.denominators);
	if (bottom === null) return top;
	return values.map("divide", [top ?? values.constant(1), bottom]);
}

function sumWithoutFreeFactors(
	values: ValueNumbering,
	operand: ProgramNodeId,
	over: readonly AxisId[],
): ProgramNodeId {
	const { bound, free } = splitFactors(values, factorsOf(values, operand), over);
	const inner = applyFactors(values, null, bound);
	if (isEmpty(free) || inner === null || !hasAll(values, inner, over))
		return values.reduce("sum", operand, over);
	return applyFactors(values, values.reduce("sum", inner, over), free) ?? operand;
}

function hasAll(values: ValueNumbering, id: ProgramNodeId, over: readonly AxisId[]): boolean {
	return over.every((axis) => values.axesOf(id).includes(axis));
}

function contractWithoutFreeFactors(
	values: ValueNumbering,
	left: ProgramNodeId,
	right: ProgramNodeId,
	over: readonly AxisId[],
): ProgramNodeId {
	const ofLeft = splitFactors(values, factorsOf(values, left), over);
	const ofRight = splitFactors(values, factorsOf(values, right), over);
	const free = {
		numerators: [...ofLeft.free.numerators, ...ofRight.free.numerators],
		denominators: [...ofLeft.free.denominators, ...ofRight.free.denominators],
	};
	const innerLeft = isEmpty(ofLeft.free) ? left : applyFactors(values, null, ofLeft.bound);
	const innerRight = isEmpty(ofRight.free) ? right : applyFactors(values, null, ofRight.bound);
	if (isEmpty(free) || innerLeft === null || innerRight === null) return values.contract(left, right, over);
	return applyFactors(values, values.contract(innerLeft, innerRight, over), free) ?? left;
}
