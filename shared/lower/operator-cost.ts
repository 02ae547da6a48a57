// What an element-wise operator costs in vector instructions, roughly: decides what is worth keeping instead of computing
// again, and how far loops are unrolled.

import type { MapOperator } from "#shared/program/program.ts";

export const operatorCost: Readonly<Record<MapOperator, number>> = {
	add: 1,
	subtract: 1,
	multiply: 1,
	divide: 4,
	maximum: 1,
	minimum: 1,
	power: 60,
	negate: 1,
	abs: 1,
	exp: 14,
	log: 18,
	sqrt: 6,
	erf: 24,
	sigmoid: 18,
	tanh: 22,
	sin: 30,
	cos: 30,
	floor: 4,
	ceil: 4,
	roundHalfEven: 4,
	sign: 3,
	not: 2,
	equal: 2,
	less: 2,
	lessOrEqual: 2,
	and: 3,
	or: 3,
	select: 3,
};
