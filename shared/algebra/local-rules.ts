// The steps that matter most, before everything is tried with everything: each looks at one derivation of a value and one of
// an operand, so a pass over a program is cheap however large it is.
//   sum_k (x·f)·y -> (sum_k x·y)·f, the same for ÷     f has no k (Mirage, OSDI'25, figure 3)
//   sum_k (x·f)·y -> sum_k x·(f·y)                      f has k: a gain folds into the weights
//   sum_k (x + y)·z <-> (sum_k x·z) + (sum_k y·z)
//   sum_n (sum_k x·y)·z -> sum_k x·(sum_n y·z)
//   (x·f)·y, (x/f)·y, (x/f)/y -> (x·y)·f, (x·y)/f, x/(f·y)
// A wrong step would cost time only: what a candidate is, its residues say.

import type { AxisMask } from "./axis-masks.ts";
import type { Derivation } from "./derivation.ts";
import type { Value, ValueTable } from "./value-table.ts";

/** Tries derivations; null where the result is no part of the program or of no shape of it. */
export interface Maker {
	map(operator: "add" | "subtract" | "multiply" | "divide", a: Value | null, b: Value | null): Value | null;
	sum(a: Value | null, over: AxisMask): Value | null;
	contract(a: Value | null, b: Value | null, over: AxisMask): Value | null;
}

/** Passes over all derivations; what one finds the next starts from. */
const passesMax = 8;

export function applyLocalRules(table: ValueTable, make: Maker): void {
	let before = -1;
	for (let pass = 0; pass < passesMax && table.derivationCount() !== before; pass++) {
		before = table.derivationCount();
		for (let id = 0; id < table.values.length; id++)
			for (const derivation of [...table.value(id).derivations]) applyRules(table, derivation, make);
	}
}

function applyRules(table: ValueTable, derivation: Derivation, make: Maker): void {
	const [a, b] = derivation.operands.map((id) => table.value(id));
	if (a === undefined) return;
	if (derivation.kind === "contract" && b !== undefined) {
		rewriteContraction(table, a, b, derivation.over, make);
		if (a !== b) rewriteContraction(table, b, a, derivation.over, make);
	} else if (derivation.kind === "reduce" && derivation.operator === "sum") {
		rewriteSum(table, a, derivation.over, make);
	} else if (derivation.kind === "map" && b !== undefined) {
		rewriteMap(table, derivation.operator, a, b, make);
	}
}

/** Two-operand maps that a value can be got by. */
function openings(table: ValueTable, value: Value): { operator: string; x: Value; y: Value }[] {
	return [...value.derivations].flatMap((derivation) => {
		const [x, y] = derivation.operands;
		if (derivation.kind !== "map" || x === undefined || y === undefined) return [];
		const opened = { operator: derivation.operator, x: table.value(x), y: table.value(y) };
		const isSymmetric = derivation.operator === "multiply" && x !== y;
		return isSymmetric ? [opened, { ...opened, x: opened.y, y: opened.x }] : [opened];
	});
}

const hasAll = (value: Value, over: AxisMask): boolean => (over & ~value.axes) === 0;
const hasNone = (value: Value, over: AxisMask): boolean => (over & value.axes) === 0;

function rewriteContraction(
	table: ValueTable,
	opened: Value,
	other: Value,
	over: AxisMask,
	make: Maker,
): void {
	/** sum over `over` of part·other, where part may not have the axes. */
	const contracted = (part: Value): Value | null => {
		if (hasAll(part, over)) return make.contract(part, other, over);
		return hasNone(part, over) ? make.map("multiply", part, make.sum(other, over)) : null;
	};
	for (const { operator, x, y } of openings(table, opened)) {
		if (operator === "add" || operator === "subtract") make.map(operator, contracted(x), contracted(y));
		else if (operator === "multiply" && hasAll(x, over)) {
			if (hasNone(y, over)) make.map("multiply", make.contract(x, other, over), y);
			else make.contract(x, make.map("multiply", y, other), over);
		} else if (operator === "divide" && hasAll(x, over) && hasNone(y, over))
			make.map("divide", make.contract(x, other, over), y);
	}
	for (const derivation of [...opened.derivations]) {
		if (derivation.kind !== "contract") continue;
		const [x, y] = derivation.operands.map((id) => table.value(id));
		if (x === undefined || y === undefined || !hasNone(other, derivation.over)) continue;
		for (const [stays, meets] of [
			[x, y],
			[y, x],
		] as const)
			if (hasAll(meets, over) && hasNone(stays, over))
				make.contract(stays, make.contract(meets, other, over), derivation.over);
	}
}

function rewriteSum(table: ValueTable, opened: Value, over: AxisMask, make: Maker): void {
	for (const { operator, x, y } of openings(table, opened)) {
		if (operator === "multiply" && hasAll(x, over) && hasAll(y, over)) make.contract(x, y, over);
		else if (!hasAll(x, over)) continue;
		else if (hasNone(y, over) && (operator === "multiply" || operator === "divide"))
			make.map(operator, make.sum(x, over), y);
		else if (hasAll(y, over) && (operator === "add" || operator === "subtract"))
			make.map(operator, make.sum(x, over), make.sum(y, over));
	}
}

function rewriteMap(table: ValueTable, operator: string, a: Value, b: Value, make: Maker): void {
	if (operator === "add" || operator === "subtract") factorOut(a, b, operator, table, make);
	if (operator === "multiply") {
		moveFactors(table, a, b, make);
		if (a !== b) moveFactors(table, b, a, make);
	}
	if (operator !== "divide") return;
	for (const { operator: inner, x, y } of openings(table, a)) {
		if (inner === "divide") make.map("divide", x, make.map("multiply", y, b));
		else if (inner === "multiply") make.map("multiply", make.map("divide", x, b), y);
	}
}

/** opened·other, where opened is a product or a quotient. */
function moveFactors(table: ValueTable, opened: Value, other: Value, make: Maker): void {
	for (const { operator, x, y } of openings(table, opened))
		if (operator === "multiply" || operator === "divide")
			make.map(operator, make.map("multiply", x, other), y);
}

/** x·y ± x·z -> x·(y ± z), for contractions and maps; y/x ± z/x -> (y ± z)/x. */
function factorOut(a: Value, b: Value, sign: "add" | "subtract", table: ValueTable, make: Maker): void {
	for (const left of [...a.derivations]) {
		for (const right of [...b.derivations]) {
			for (const [shared, y, z] of sharedFactors(left, right)) {
				const [x, rest] = [table.value(shared), make.map(sign, table.value(y), table.value(z))];
				if (left.kind === "contract") make.contract(x, rest, left.over);
				else if (left.kind === "map" && left.operator === "divide") make.map("divide", rest, x);
				else make.map("multiply", x, rest);
			}
		}
	}
}

/** (shared, rest of the left, rest of the right) of two derivations of one kind. */
function sharedFactors(left: Derivation, right: Derivation): [number, number, number][] {
	const [a = -1, b = -1] = left.operands;
	const [c = -1, d = -1] = right.operands;
	if (left.kind === "map" && right.kind === "map" && left.operator === right.operator) {
		if (left.operator === "divide") return b === d ? [[b, a, c]] : [];
		if (left.operator !== "multiply") return [];
	} else if (left.kind !== "contract" || right.kind !== "contract" || left.over !== right.over) return [];
	const all: [number, number, number][] = [];
	if (a === c) all.push([a, b, d]);
	if (a === d) all.push([a, b, c]);
	if (b === c) all.push([b, a, d]);
	if (b === d && b !== a) all.push([b, a, c]);
	return all;
}
