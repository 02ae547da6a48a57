import type { ExpressionId } from "#shared/expression/expression.ts";
import { present } from "#shared/fault/assert.ts";
import type { AxisMask } from "./axis-masks.ts";
import { type Derivation, derivationKey, type ValueId } from "./derivation.ts";
import { hashResidues, type Residues } from "./residues.ts";

/** A function of the program's inputs over labelled axes: the same abstract expression, axes and residues. */
export interface Value {
	readonly id: ValueId;
	readonly axes: AxisMask;
	readonly expression: ExpressionId;
	readonly residues: Residues;
	/** Each once, in the order they were found. */
	readonly derivations: readonly Derivation[];
	/** How the program as written gets it, an index into `derivations`; -1 where the program does not have it. */
	readonly written: number;
}

export interface ValueTable {
	readonly values: readonly Value[];
	value(id: ValueId): Value;
	derivationCount(): number;
	find(expression: ExpressionId, axes: AxisMask, residues: Residues): Value | null;
	hasExpression(expression: ExpressionId, axes: AxisMask): boolean;
	add(expression: ExpressionId, axes: AxisMask, residues: Residues): Value;
	/** Whether it is new. `isWritten`: by the program; the first such one of a value counts. */
	derive(id: ValueId, derivation: Derivation, isWritten: boolean): boolean;
}

interface GrowingValue extends Value {
	readonly derivations: Derivation[];
	written: number;
	readonly keys: Set<string>;
}

export function createValueTable(): ValueTable {
	const values: GrowingValue[] = [];
	const known = new Map<string, Value>();
	const expressions = new Set<string>();
	let derivationCount = 0;
	const keyOf = (expression: ExpressionId, axes: AxisMask, residues: Residues): string =>
		`${expression} ${axes} ${hashResidues(residues)}`;
	return {
		values,
		value: (id) => present(values[id], "value of the table"),
		derivationCount: () => derivationCount,
		find: (expression, axes, residues) => known.get(keyOf(expression, axes, residues)) ?? null,
		hasExpression: (expression, axes) => expressions.has(`${expression} ${axes}`),
		add: (expression, axes, residues) => {
			const id = values.length;
			const value = { id, axes, expression, residues, derivations: [], written: -1, keys: new Set<string>() };
			values.push(value);
			expressions.add(`${expression} ${axes}`);
			known.set(keyOf(expression, axes, residues), value);
			return value;
		},
		derive: (id, derivation, isWritten) => {
			const value = present(values[id], "value of the table");
			const key = derivationKey(derivation);
			const isNew = !value.keys.has(key);
			if (isNew) {
				value.keys.add(key);
				value.derivations.push(derivation);
				derivationCount++;
			}
			if (isWritten && value.written < 0)
				value.written = value.derivations.findIndex((own) => derivationKey(own) === key);
			return isNew;
		},
	};
}
