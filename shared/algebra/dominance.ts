// Choices that can only make a DAG dearer, or spell it differently, go before extraction, lest they multiply there. What
// the program itself does always stays.
//   one order for a product (a sum) of many: of the derivations of a value by multiplying and dividing the same factors
//     (adding and subtracting the same terms), the cheapest;
//   a number is multiplied into the smallest tensor: c·(X·W), (c·X)·W and X·(c·W) leave one;
//   a sum in two steps takes first the axes that the program sums alone elsewhere;
//   what lacks an axis is multiplied with a sum over it, not into it;
//   a sum of products is a contraction, where that is there too;
//   x/s + y/s and x·f + y·f are (x + y)/s and (x + y)·f, where those are there too.

import { present } from "#shared/fault/assert.ts";
import type { MapOperator } from "#shared/program/program.ts";
import type { AxisMask } from "./axis-masks.ts";
import type { ValueId } from "./derivation.ts";
import {
	type Choice,
	type DerivationSpace,
	restrictSpace,
	type SpaceValue,
	treeCost,
	treeCosts,
} from "./derivation-space.ts";

export function dominantSpace(space: DerivationSpace): DerivationSpace {
	const scaled = restrictSpace(space, smallestScaling(space));
	const writtenSums = sumsOfProgram(space);
	const contracted = restrictSpace(
		scaled,
		(value, choice) =>
			choice.isWritten ||
			!(
				isSpelledContraction(value, choice) ||
				isDistributed(scaled, value, choice) ||
				isOddlyStepped(scaled, choice, writtenSums) ||
				isSumOfMultiples(scaled, value, choice)
			),
	);
	return restrictSpace(contracted, oneOrder(contracted));
}

type Keeps = (value: SpaceValue, choice: Choice) => boolean;

function isSpelledContraction(value: SpaceValue, { derivation }: Choice): boolean {
	if (derivation.kind !== "reduce" || derivation.operator !== "sum") return false;
	return value.choices.some(
		(other) => other.derivation.kind === "contract" && other.derivation.over === derivation.over,
	);
}

/** Axis sets that the program reduces at once. */
function sumsOfProgram(space: DerivationSpace): ReadonlySet<AxisMask> {
	const choices = space.values.flatMap((value) => value?.choices ?? []);
	return new Set(choices.filter(({ isWritten, over }) => isWritten && over !== 0).map(({ over }) => over));
}

/** Whether it sums what can only be had by a sum over other axes than any that the program sums at once. */
function isOddlyStepped(space: DerivationSpace, choice: Choice, written: ReadonlySet<AxisMask>): boolean {
	if (choice.derivation.kind !== "reduce") return false;
	const operand = present(space.values[choice.derivation.operands[0]], "value of the space");
	return operand.choices.some(({ over }) => over !== 0 && !written.has(over));
}

/** Whether it sums a product with a factor that lacks one of the axes: that factor is as well multiplied in between or after. */
function isSumOfMultiples(space: DerivationSpace, value: SpaceValue, { derivation }: Choice): boolean {
	if (derivation.kind !== "reduce" || derivation.operator !== "sum" || value.choices.length === 1)
		return false;
	const { over } = derivation;
	const operand = present(space.values[derivation.operands[0]], "value of the space");
	return operand.choices.some(
		(choice) =>
			familyOf(choice) === "product" &&
			choice.derivation.operands.some((factor) => (over & ~(space.values[factor]?.axes ?? 0)) !== 0),
	);
}

/** Whether the terms are multiples (quotients) by what the value can be had as a multiple (quotient) of. */
function isDistributed(space: DerivationSpace, value: SpaceValue, choice: Choice): boolean {
	if (familyOf(choice) !== "sum" || choice.derivation.operands.length !== 2) return false;
	const [left = new Set<string>(), right = new Set<string>()] = choice.derivation.operands.map((operand) =>
		factorsOf(present(space.values[operand], "value of the space")),
	);
	return [...factorsOf(value)].some((factor) => left.has(factor) && right.has(factor));
}

/** What a value is a multiple or a quotient of, one step down. */
function factorsOf({ choices }: SpaceValue): Set<string> {
	return new Set(
		choices.flatMap(({ derivation }) => {
			if (derivation.kind !== "map") return [];
			const [a, b] = derivation.operands;
			if (derivation.operator === "divide") return [`/${b}`];
			return derivation.operator === "multiply" ? [`*${a}`, `*${b}`] : [];
		}),
	);
}

type Family = "product" | "sum";

function familyOf({ derivation }: Choice): Family | null {
	if (derivation.kind !== "map") return null;
	if (derivation.operator === "multiply" || derivation.operator === "divide") return "product";
	if (derivation.operator === "add" || derivation.operator === "subtract" || derivation.operator === "negate")
		return "sum";
	return null;
}

const inverting: ReadonlySet<MapOperator> = new Set<MapOperator>(["divide", "subtract"]);

/** Leaves of a product or sum, and how often each counts; below 0 under a division or a subtraction. */
type Leaves = ReadonlyMap<ValueId, number>;

function oneOrder(space: DerivationSpace): Keeps {
	const costs = treeCosts(space);
	const leavesOf = createFlattening(space, costs);
	const keptOf = new Map<ValueId, ReadonlySet<Choice>>();
	const kept = (value: SpaceValue): ReadonlySet<Choice> => {
		const own = keptOf.get(value.id) ?? cheapestOfGroups(value, costs, leavesOf, (id) => numberOf(space, id));
		keptOf.set(value.id, own);
		return own;
	};
	return (value, choice) => choice.isWritten || kept(value).has(choice);
}

/** Numbers among factors count as one, their product. */
function leavesKey(leaves: Leaves, numberOf: (id: ValueId) => number | null): string {
	let number = 1;
	const parts: string[] = [];
	for (const [leaf, count] of [...leaves].sort(([a], [b]) => a - b)) {
		const value = numberOf(leaf);
		if (value === null) parts.push(`${leaf}^${count}`);
		else number *= value ** count;
	}
	return `${number.toPrecision(12)} ${parts.join()}`;
}

function cheapestOfGroups(
	value: SpaceValue,
	costs: Float64Array,
	leavesOf: (choice: Choice, family: Family) => Leaves,
	numberOf: (id: ValueId) => number | null,
): ReadonlySet<Choice> {
	const kept = new Set<Choice>();
	const best = new Map<string, Choice>();
	for (const choice of value.choices) {
		const family = familyOf(choice);
		if (family === null) {
			kept.add(choice);
			continue;
		}
		const key = `${family} ${leavesKey(leavesOf(choice, family), family === "product" ? numberOf : () => null)}`;
		const other = best.get(key);
		const difference = other === undefined ? -1 : treeCost(choice, costs) - treeCost(other, costs);
		if (difference < 0 || (difference === 0 && choice.isWritten)) best.set(key, choice);
	}
	for (const choice of best.values()) kept.add(choice);
	return kept;
}

/** Values are opened by what the program does, or else by their cheapest choice. */
function createFlattening(
	space: DerivationSpace,
	costs: Float64Array,
): (choice: Choice, family: Family) => Leaves {
	const known = new Map<string, Leaves>();
	const ofValue = (id: ValueId, family: Family): Leaves => {
		const key = `${family} ${id}`;
		let leaves = known.get(key);
		if (leaves !== undefined) return leaves;
		// Until it is known what it opens to, a value stands for itself; so no circle is walked twice.
		known.set(key, new Map([[id, 1]]));
		const choice = definingChoice(present(space.values[id], "value of the space"), costs);
		leaves = choice !== null && familyOf(choice) === family ? ofChoice(choice, family) : new Map([[id, 1]]);
		known.set(key, leaves);
		return leaves;
	};
	const ofChoice = ({ derivation }: Choice, family: Family): Leaves => {
		const leaves = new Map<ValueId, number>();
		derivation.operands.forEach((operand, at) => {
			const isInverse =
				derivation.kind === "map" &&
				(derivation.operator === "negate" || (at === 1 && inverting.has(derivation.operator)));
			for (const [leaf, count] of ofValue(operand, family))
				leaves.set(leaf, (leaves.get(leaf) ?? 0) + (isInverse ? -count : count));
		});
		return leaves;
	};
	return ofChoice;
}

function definingChoice(value: SpaceValue, costs: Float64Array): Choice | null {
	let best: Choice | null = null;
	for (const choice of value.choices) {
		if (choice.isWritten) return choice;
		if (best === null || treeCost(choice, costs) < treeCost(best, costs)) best = choice;
	}
	return best;
}

function numberOf(space: DerivationSpace, id: ValueId): number | null {
	const derivation = space.values[id]?.choices[0]?.derivation;
	return derivation?.kind === "constant" ? derivation.value : null;
}

/** Keeps, of the places where a number can be multiplied in on the way to a value, the smallest. */
function smallestScaling(space: DerivationSpace): Keeps {
	const smallest = new Map<string, number>();
	/** Elements of the smallest tensor that can be scaled to have the value scaled so. */
	const elementsScaled = (value: SpaceValue, scaling: string): number => {
		const key = `${value.id} ${scaling}`;
		const known = smallest.get(key);
		if (known !== undefined) return known;
		smallest.set(key, value.elements);
		let elements = value.elements;
		for (const choice of value.choices)
			if (scalingOf(space, choice) !== scaling) elements = Math.min(elements, elementsBelow(choice, scaling));
		smallest.set(key, elements);
		return elements;
	};
	/** Infinite where no operand is a multiple; the terms of a sum are all scaled. */
	const elementsBelow = (choice: Choice, scaling: string): number => {
		const multiples = [...new Set(choice.derivation.operands)]
			.map((operand) => present(space.values[operand], "value of the space"))
			.filter((operand) => operand.choices.some((own) => scalingOf(space, own) === scaling))
			.map((operand) => elementsScaled(operand, scaling));
		if (multiples.length === 0) return Number.POSITIVE_INFINITY;
		return familyOf(choice) === "sum" ? multiples.reduce((a, b) => a + b) : Math.min(...multiples);
	};
	return (value, choice) => {
		if (choice.isWritten) return true;
		for (const scaling of new Set(value.choices.map((own) => scalingOf(space, own)))) {
			if (scaling === null) continue;
			const best = elementsScaled(value, scaling);
			const own = scalingOf(space, choice) === scaling ? value.elements : elementsBelow(choice, scaling);
			if (own === Number.POSITIVE_INFINITY) continue;
			if (own > best || (own === best && best === value.elements && scalingOf(space, choice) !== scaling))
				return false;
		}
		return true;
	};
}

/** Names the number by which the choice scales another value; null for other choices. */
function scalingOf(space: DerivationSpace, { derivation }: Choice): string | null {
	if (derivation.kind !== "map" || derivation.operands.length !== 2) return null;
	const [a = -1, b = -1] = derivation.operands;
	const isNumber = (id: ValueId): boolean => numberOf(space, id) !== null;
	if (derivation.operator === "multiply" && isNumber(a) !== isNumber(b))
		return `multiply ${isNumber(a) ? a : b}`;
	return derivation.operator === "divide" && isNumber(b) && !isNumber(a) ? `divide ${b}` : null;
}
