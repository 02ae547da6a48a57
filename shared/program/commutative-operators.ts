import type { MapOperator } from "./program.ts";

/** Operators f for which f(a, b) = f(b, a). */
export const commutativeOperators: ReadonlySet<MapOperator> = new Set<MapOperator>([
	"add",
	"multiply",
	"maximum",
	"minimum",
	"equal",
	"and",
	"or",
]);
