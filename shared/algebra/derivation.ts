import { commutativeOperators } from "#shared/program/commutative-operators.ts";
import type { MapOperator, ReduceOperator, StridedAccess } from "#shared/program/program.ts";
import type { AxisMask } from "./axis-masks.ts";

/** Index of a value in its `ValueTable`. */
export type ValueId = number;

/** One way to get a value from others, or from outside. */
export type Derivation =
	| {
			readonly kind: "input";
			readonly input: number;
			readonly access: StridedAccess;
			readonly operands: readonly [];
	  }
	| { readonly kind: "constant"; readonly value: number; readonly operands: readonly [] }
	| { readonly kind: "map"; readonly operator: MapOperator; readonly operands: readonly ValueId[] }
	| {
			readonly kind: "reduce";
			readonly operator: ReduceOperator;
			readonly over: AxisMask;
			readonly operands: readonly [ValueId];
	  }
	| { readonly kind: "contract"; readonly over: AxisMask; readonly operands: readonly [ValueId, ValueId] };

/** The one spelling of a derivation: operands of commutative operators ascend. */
export function normalDerivation(derivation: Derivation): Derivation {
	const [first = 0, second = 0] = derivation.operands;
	if (derivation.kind === "contract" && first > second) return { ...derivation, operands: [second, first] };
	if (derivation.kind === "map" && commutativeOperators.has(derivation.operator) && first > second)
		return { ...derivation, operands: [second, first] };
	return derivation;
}

/** Equal for equal derivations in normal spelling. */
export function derivationKey(derivation: Derivation): string {
	switch (derivation.kind) {
		case "input":
			return `input ${derivation.input} ${JSON.stringify(derivation.access)}`;
		case "constant":
			return `constant ${Object.is(derivation.value, -0) ? "-0" : derivation.value}`;
		case "map":
			return `${derivation.operator} ${derivation.operands.join()}`;
		case "reduce":
			return `${derivation.operator} ${derivation.over} ${derivation.operands[0]}`;
		case "contract":
			return `contract ${derivation.over} ${derivation.operands.join()}`;
	}
}

export function isSumming(derivation: Derivation): boolean {
	return derivation.kind === "contract" || (derivation.kind === "reduce" && derivation.operator === "sum");
}
