// Traits of the algebra: what is computed, in which order, before it is asked where.

import { present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import type { ValueId } from "../value-forms.ts";
import type { TraitRule } from "./trait-rule.ts";
import {
	anySource,
	contractionsOf,
	formOf,
	isContraction,
	isStatistic,
	type KernelView,
	kernelsWhere,
	type MuGraphView,
	type PlacedContraction,
	pairs,
	reads,
} from "./view.ts";

interface Factors {
	readonly numerators: readonly ValueId[];
	readonly denominators: readonly ValueId[];
}

function factorsOf(view: MuGraphView, value: ValueId): Factors {
	const { node, operands } = formOf(view, value);
	const [left, right] = operands;
	const isProduct = node.kind === "map" && (node.operator === "multiply" || node.operator === "divide");
	if (!isProduct || left === undefined || right === undefined)
		return { numerators: [value], denominators: [] };
	const first = factorsOf(view, left);
	const second = factorsOf(view, right);
	const isQuotient = node.operator === "divide";
	return {
		numerators: [...first.numerators, ...(isQuotient ? second.denominators : second.numerators)],
		denominators: [...first.denominators, ...(isQuotient ? second.numerators : second.denominators)],
	};
}

/** Axes over which a contraction sums, through the sums that finish it; null for what is none. */
function contractedAxes(view: MuGraphView, value: ValueId): readonly AxisId[] | null {
	const form = formOf(view, value);
	if (isContraction(form)) return form.over;
	if (form.node.kind !== "reduce" || form.node.operator !== "sum") return null;
	const inner = contractedAxes(view, present(form.operands[0], "operand of a reduction"));
	return inner === null ? null : [...inner, ...form.over];
}

/** A quotient whose numerator is a finished contraction and whose denominator a statistic over the contracted axis. */
const divisionAfterContraction: TraitRule = (view) =>
	kernelsWhere(view, ({ nodes, values }) =>
		nodes.some((node, id) => {
			if (node.kind !== "map") return false;
			const { numerators, denominators } = factorsOf(view, present(values[id], "value of a node"));
			const over = new Set(numerators.flatMap((value) => contractedAxes(view, value) ?? []));
			return denominators.some((value) =>
				anySource(view, value, (form) => isStatistic(form) && form.over.some((axis) => over.has(axis))),
			);
		}),
	);

/** Values that a sum has as its terms, through multiplications. */
function termsOf(view: MuGraphView, value: ValueId): readonly ValueId[] {
	const { node, operands } = formOf(view, value);
	const goesOn = node.kind === "map" && ["add", "subtract", "multiply", "negate"].includes(node.operator);
	return goesOn ? operands.flatMap((operand) => termsOf(view, operand)) : [value];
}

function extentOf(view: MuGraphView, axes: readonly AxisId[]): number {
	return axes.reduce((count, axis) => count * present(view.muGraph.axes[axis], "axis").extent, 1);
}

/** (X·A)·B and X·W in one kernel and one sum, where A's columns are fewer than X's and than W's. */
const lowRankBranch: TraitRule = (view) =>
	kernelsWhere(view, (kernel) => {
		const contractions = contractionsOf(view, kernel);
		return contractions.some((full) =>
			contractions.some((second) =>
				contractions.some(
					(first) => isBranch(view, kernel, first, second, full) && areAdded(view, kernel, second, full),
				),
			),
		);
	});

function isBranch(
	view: MuGraphView,
	kernel: KernelView,
	first: PlacedContraction,
	second: PlacedContraction,
	full: PlacedContraction,
): boolean {
	if (first === full || first === second || second === full) return false;
	const shared = formOf(view, first.value).operands;
	return (
		reads(kernel, second.id, first.id) &&
		!reads(kernel, full.id, first.id) &&
		formOf(view, full.value).operands.some((operand) => shared.includes(operand)) &&
		first.node.over.join() === full.node.over.join() &&
		extentOf(view, second.node.over) < Math.min(extentOf(view, full.node.over), columnsOf(view, full, first))
	);
}

/** Extent of the full product's axes that the branch's first half lacks. */
function columnsOf(view: MuGraphView, full: PlacedContraction, first: PlacedContraction): number {
	return extentOf(
		view,
		full.node.axes.filter((axis) => !first.node.axes.includes(axis)),
	);
}

function areAdded(
	view: MuGraphView,
	{ nodes, values }: KernelView,
	second: PlacedContraction,
	full: PlacedContraction,
): boolean {
	return nodes.some((node, id) => {
		if (node.kind !== "map" || (node.operator !== "add" && node.operator !== "subtract")) return false;
		const terms = termsOf(view, present(values[id], "value of a node"));
		return terms.includes(second.value) && terms.includes(full.value);
	});
}

/** a·c ± b·s where a and b are the same tensor read at two places, in a kernel that contracts the result. */
const rotaryOnTheFly: TraitRule = (view) =>
	kernelsWhere(view, (kernel) =>
		kernel.nodes.some((node, id) => {
			if (node.kind !== "map" || (node.operator !== "add" && node.operator !== "subtract")) return false;
			const products = formOf(view, present(kernel.values[id], "value of a node")).operands;
			const isContracted = contractionsOf(view, kernel).some((contraction) =>
				reads(kernel, contraction.id, id),
			);
			return isContracted && isRotation(view, products);
		}),
	);

function isRotation(view: MuGraphView, products: readonly ValueId[]): boolean {
	const factors = products.map((product) => {
		const { node, operands } = formOf(view, product);
		return node.kind === "map" && node.operator === "multiply" ? operands : [];
	});
	const [left = [], right = []] = factors;
	return left.some((a) =>
		right.some((b) => {
			const angles = [left.find((value) => value !== a), right.find((value) => value !== b)];
			return arePlacesOfOneTensor(view, a, b) && angles[0] !== angles[1] && !angles.includes(undefined);
		}),
	);
}

/** Two values that differ only in where inputs are read, and do differ. */
function arePlacesOfOneTensor(view: MuGraphView, a: ValueId, b: ValueId): boolean {
	if (a === b) return false;
	const [left, right] = [formOf(view, a), formOf(view, b)];
	if (left.node.kind === "load" && right.node.kind === "load") {
		const [from, to] = [left.node.source, right.node.source];
		return (
			from.kind === "input" && to.kind === "input" && from.input === to.input && left.node.axes.length > 1
		);
	}
	if (left.node.kind !== right.node.kind || left.node.kind !== "contract") return false;
	return left.operands.every((operand, at) => {
		const other = present(right.operands[at], "operand of the same kind");
		return operand === other || arePlacesOfOneTensor(view, operand, other);
	});
}

/** A contraction that is exponentiated and contracted again, all in one kernel. */
const fusedAttention: TraitRule = (view) =>
	kernelsWhere(view, (kernel) =>
		pairs(contractionsOf(view, kernel)).some(([scores, weighted]) =>
			kernel.nodes.some(
				(node, id) =>
					node.kind === "map" &&
					node.operator === "exp" &&
					reads(kernel, id, scores.id) &&
					reads(kernel, weighted.id, id),
			),
		),
	);

/** A norm's statistic (it goes under a square root and divides) and a contraction of what it norms. */
const fusedNormalisation: TraitRule = (view) =>
	kernelsWhere(view, (kernel) => {
		if (contractionsOf(view, kernel).length === 0) return false;
		return kernel.nodes.some((node, id) => {
			if (node.kind !== "map" || node.operator !== "sqrt") return false;
			const computedHere = [...present(kernel.sources[id], "sources of a node")];
			const isOfNorm = computedHere.some((source) => {
				const form = formOf(view, present(kernel.values[source], "value of a node"));
				return kernel.nodes[source]?.kind !== "load" && isStatistic(form);
			});
			return isOfNorm && divides(view, kernel, present(kernel.values[id], "value of a node"));
		});
	});

function divides(view: MuGraphView, { values }: KernelView, divisor: ValueId): boolean {
	return values.some((value) => factorsOf(view, value).denominators.includes(divisor));
}

export const algebraRules = {
	divisionAfterContraction,
	lowRankBranch,
	rotaryOnTheFly,
	fusedAttention,
	fusedNormalisation,
};
