// Terms over labelled axes, and single steps of the axioms on them. Written without the normal forms they test.

import type { ExpressionId, Expressions } from "#shared/expression/expression.ts";
import type { Random } from "#shared/numeric/random.ts";

export type Term =
	| { readonly kind: "input"; readonly name: string }
	| { readonly kind: "constant"; readonly value: number }
	| { readonly kind: "add" | "multiply" | "divide"; readonly of: readonly [Term, Term] }
	| { readonly kind: "exp" | "sqrt" | "opaque" | "negate"; readonly of: readonly [Term] }
	/** `count` positions of an axis: all of it, or a part. */
	| { readonly kind: "sum"; readonly axis: number; readonly count: number; readonly of: readonly [Term] };

/** Axis 1 may be summed in two parts of 2. */
export const axisExtents = [2, 4, 3];
const partCount = 2;

const inputAxes: Readonly<Record<string, readonly number[]>> = {
	a: [0],
	b: [1],
	c: [0, 1],
	d: [1, 2],
	s: [],
};
const constants = [0.5, 0.25, 3, 1 / 3];

/** Terms share their subterms, so that most of a changed term is known. */
function oncePerTerm<Result>(compute: (term: Term) => Result): (term: Term) => Result {
	const known = new WeakMap<Term, { readonly result: Result }>();
	return (term) => {
		const found = known.get(term) ?? { result: compute(term) };
		known.set(term, found);
		return found.result;
	};
}

export const operandsOf = (term: Term): readonly Term[] => ("of" in term ? term.of : []);

/** Axes and how much of each has been summed in part (1: nothing); null where a part of a sum is used as if it were one. */
export const axesOf = oncePerTerm((term: Term): ReadonlyMap<number, number> | null => {
	if (term.kind === "input") return new Map((inputAxes[term.name] ?? []).map((axis) => [axis, 1]));
	if (term.kind === "constant") return new Map();
	const axes = new Map<number, number>();
	const isLinear = term.kind === "add" || term.kind === "negate" || term.kind === "sum";
	for (const operand of term.of) {
		const inner = axesOf(operand);
		if (inner === null) return null;
		for (const [axis, parts] of inner) {
			const other = axes.get(axis);
			if (other !== undefined && (other !== parts || (parts !== 1 && !isLinear))) return null;
			if (parts !== 1 && term.kind !== "multiply" && term.kind !== "divide" && !isLinear) return null;
			axes.set(axis, parts);
		}
	}
	if (term.kind === "divide" && [...(axesOf(term.of[1])?.values() ?? [])].some((parts) => parts !== 1))
		return null;
	if (term.kind === "sum") {
		const parts = (axes.get(term.axis) ?? 1) * term.count;
		if (parts === axisExtents[term.axis]) axes.delete(term.axis);
		else if (parts > (axisExtents[term.axis] ?? 0)) return null;
		else if (axes.has(term.axis)) axes.set(term.axis, parts);
	}
	return axes;
});

/** The expression of a term, each term object once. */
export function expressionOfTerms(e: Expressions): (term: Term) => ExpressionId {
	const expressionOf = oncePerTerm((term: Term): ExpressionId => {
		const [a = 0, b = 0] = operandsOf(term).map(expressionOf);
		switch (term.kind) {
			case "input":
				return e.input(term.name, inputAxes[term.name] ?? []);
			case "constant":
				return e.constant(term.value);
			case "add":
			case "multiply":
			case "divide":
				return e[term.kind](a, b);
			case "exp":
			case "sqrt":
			case "negate":
				return e[term.kind](a);
			case "opaque":
				return e.opaque("f", [a], [...(axesOf(term)?.keys() ?? [])]);
			case "sum":
				return term.count === axisExtents[term.axis]
					? e.sum(a, [term.axis])
					: e.partialSum(a, term.axis, term.count);
		}
	});
	return expressionOf;
}

export function randomTerm(random: Random, depth: number): Term {
	const inner = (): Term => randomTerm(random, depth - 1);
	const leaf = (): Term => {
		const names = Object.keys(inputAxes);
		return { kind: "input", name: names[random.nextBelow(names.length)] ?? "a" };
	};
	if (depth === 0 || random.nextBelow(6) === 0) return leaf();
	const kinds = ["add", "add", "multiply", "multiply", "multiply", "divide", "scale", "sum", "sum"] as const;
	const rare = ["exp", "sqrt", "opaque", "negate"] as const;
	const kind = [...kinds, ...rare][random.nextBelow(kinds.length + rare.length)] ?? "add";
	if (kind === "add" || kind === "multiply" || kind === "divide") return { kind, of: [inner(), inner()] };
	if (kind === "scale") {
		const value = constants[random.nextBelow(constants.length)] ?? 1;
		return { kind: "multiply", of: [inner(), { kind: "constant", value }] };
	}
	if (kind !== "sum") return { kind, of: [inner()] };
	const of = inner();
	const axes = [...(axesOf(of)?.keys() ?? [])];
	const axis = axes[random.nextBelow(Math.max(1, axes.length))];
	return axis === undefined ? of : { kind, axis, count: axisExtents[axis] ?? 1, of: [of] };
}

/** Every term that one axiom makes of this one, at any place in it. */
export function stepsOf(term: Term): readonly Term[] {
	const here = axioms.flatMap((axiom) => axiom(term));
	const below = operandsOf(term).flatMap((operand, at) =>
		stepsOf(operand).map((changed) => withOperand(term, at, changed)),
	);
	return [...here, ...below].filter((changed) => axesOf(changed) !== null);
}

export function subtermsOf(term: Term): readonly Term[] {
	return [term, ...operandsOf(term).flatMap(subtermsOf)];
}

export const textOf = oncePerTerm((term: Term): string => {
	const inner = operandsOf(term).map(textOf).join(" ");
	if (term.kind === "input") return term.name;
	if (term.kind === "constant") return `${term.value}`;
	return term.kind === "sum" ? `(sum ${term.axis}:${term.count} ${inner})` : `(${term.kind} ${inner})`;
});

function withOperand(term: Term, at: number, changed: Term): Term {
	if (!("of" in term)) return term;
	if (term.of.length === 1) return { ...term, of: [changed] } as Term;
	return { ...term, of: at === 0 ? [changed, term.of[1]] : [term.of[0], changed] } as Term;
}

const add = (a: Term, b: Term): Term => ({ kind: "add", of: [a, b] });
const multiply = (a: Term, b: Term): Term => ({ kind: "multiply", of: [a, b] });
const divide = (a: Term, b: Term): Term => ({ kind: "divide", of: [a, b] });
const exp = (a: Term): Term => ({ kind: "exp", of: [a] });
const negate = (a: Term): Term => ({ kind: "negate", of: [a] });
const sum = (axis: number, count: number, a: Term): Term => ({ kind: "sum", axis, count, of: [a] });
const isSame = (a: Term, b: Term): boolean => textOf(a) === textOf(b);
const lacks = (term: Term, axis: number): boolean => axesOf(term)?.has(axis) === false;

type Axiom = (term: Term) => readonly Term[];

const associative: Axiom = (t) => {
	if (t.kind !== "add" && t.kind !== "multiply") return [];
	const join = t.kind === "add" ? add : multiply;
	const [x, y] = t.of;
	const found = [join(y, x)];
	if (x.kind === t.kind) found.push(join(x.of[0], join(x.of[1], y)));
	if (y.kind === t.kind) found.push(join(join(x, y.of[0]), y.of[1]));
	return found;
};

const productOverSum: Axiom = (t) => {
	if (t.kind === "multiply" && t.of[1].kind === "add") {
		const [x, { of }] = [t.of[0], t.of[1]];
		return [add(multiply(x, of[0]), multiply(x, of[1]))];
	}
	if (t.kind !== "add") return [];
	const [x, y] = t.of;
	if (x.kind !== "multiply" || y.kind !== "multiply" || !isSame(x.of[0], y.of[0])) return [];
	return [multiply(x.of[0], add(x.of[1], y.of[1]))];
};

const quotients: Axiom = (t) => {
	if (t.kind === "add") {
		const [x, y] = t.of;
		if (x.kind !== "divide" || y.kind !== "divide" || !isSame(x.of[1], y.of[1])) return [];
		return [divide(add(x.of[0], y.of[0]), x.of[1])];
	}
	if (t.kind === "multiply" && t.of[1].kind === "divide")
		return [divide(multiply(t.of[0], t.of[1].of[0]), t.of[1].of[1])];
	if (t.kind !== "divide") return [];
	const [x, y] = t.of;
	const found: Term[] = [];
	if (x.kind === "add") found.push(add(divide(x.of[0], y), divide(x.of[1], y)));
	if (x.kind === "multiply") found.push(multiply(x.of[0], divide(x.of[1], y)));
	if (x.kind === "divide") found.push(divide(x.of[0], multiply(x.of[1], y)));
	if (y.kind === "multiply") found.push(divide(divide(x, y.of[0]), y.of[1]));
	return found;
};

const sumOutwards: Axiom = (t) => {
	if (t.kind === "add") {
		const [x, y] = t.of;
		if (x.kind !== "sum" || y.kind !== "sum" || x.axis !== y.axis || x.count !== y.count) return [];
		return [sum(x.axis, x.count, add(x.of[0], y.of[0]))];
	}
	if ((t.kind === "multiply" || t.kind === "divide") && t.of[0].kind === "sum") {
		const [x, y] = [t.of[0], t.of[1]];
		if (!lacks(y, x.axis)) return [];
		return [sum(x.axis, x.count, { kind: t.kind, of: [x.of[0], y] })];
	}
	return [];
};

const sumInwards: Axiom = (t) => {
	if (t.kind !== "sum") return [];
	const [x] = t.of;
	const inside = (a: Term): Term => sum(t.axis, t.count, a);
	const found: Term[] = [];
	if (t.count === partCount * partCount) found.push(sum(t.axis, partCount, sum(t.axis, partCount, x)));
	if (x.kind === "sum") {
		found.push(sum(x.axis, x.count, sum(t.axis, t.count, x.of[0])));
		const merged = x.count * t.count;
		if (x.axis === t.axis && merged === axisExtents[t.axis]) found.push(sum(t.axis, merged, x.of[0]));
	}
	if (x.kind === "add") found.push(add(inside(x.of[0]), inside(x.of[1])));
	if (x.kind === "negate") found.push(negate(inside(x.of[0])));
	if (x.kind === "multiply" && lacks(x.of[1], t.axis)) found.push(multiply(inside(x.of[0]), x.of[1]));
	if (x.kind === "divide" && lacks(x.of[1], t.axis)) found.push(divide(inside(x.of[0]), x.of[1]));
	return found;
};

const exponentials: Axiom = (t) => {
	if (t.kind === "multiply" && t.of[0].kind === "exp" && t.of[1].kind === "exp")
		return [exp(add(t.of[0].of[0], t.of[1].of[0]))];
	if (t.kind === "exp" && t.of[0].kind === "add") return [multiply(exp(t.of[0].of[0]), exp(t.of[0].of[1]))];
	return [];
};

const signs: Axiom = (t) => {
	if ((t.kind === "multiply" || t.kind === "divide") && t.of[0].kind === "negate")
		return [negate({ kind: t.kind, of: [t.of[0].of[0], t.of[1]] })];
	if (t.kind !== "negate") return [];
	const [x] = t.of;
	if (x.kind === "negate") return [x.of[0]];
	if (x.kind === "add") return [add(negate(x.of[0]), negate(x.of[1]))];
	if (x.kind === "multiply") return [multiply(negate(x.of[0]), x.of[1]), multiply(x.of[0], negate(x.of[1]))];
	return [];
};

const numbers: Axiom = (t) => {
	if (t.kind !== "multiply" || t.of[1].kind !== "constant") return [];
	const [x, { value }] = [t.of[0], t.of[1]];
	const isReciprocal = Number.isInteger(value) || Number.isInteger(1 / value);
	const found: Term[] = isReciprocal ? [divide(x, { kind: "constant", value: 1 / value })] : [];
	// Exact, and nothing cancels.
	if (x.kind === "constant" && x.value < 1 && (value === 0.5 || value === 0.25))
		found.push({ kind: "constant", value: x.value * value });
	return found;
};

/** In both directions, where that keeps terms finite. */
export const axioms: readonly Axiom[] = [
	associative,
	productOverSum,
	quotients,
	sumOutwards,
	sumInwards,
	exponentials,
	signs,
	numbers,
];
