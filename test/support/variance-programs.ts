// Programs with a mean and a variance, as exporters spell them.

import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { buildProgram, type ProgramBuilder } from "./program-builder.ts";

interface Moments {
	readonly mean: ProgramNodeId;
	/** x - mean. */
	readonly centred: ProgramNodeId;
	readonly variance: ProgramNodeId;
}

/** Mean and variance of x over axes of `count` elements. */
export function moments(
	b: ProgramBuilder,
	x: ProgramNodeId,
	over: readonly AxisId[],
	count: number,
): Moments {
	const inverse = b.constant(1 / count);
	const mean = b.map("multiply", b.reduce("sum", x, ...over), inverse);
	const centred = b.map("subtract", x, mean);
	const squares = b.reduce("sum", b.map("multiply", centred, centred), ...over);
	return { mean, centred, variance: b.map("multiply", squares, inverse) };
}

function deviation(b: ProgramBuilder, variance: ProgramNodeId): ProgramNodeId {
	return b.map("sqrt", b.map("add", variance, b.constant(1e-5)));
}

/** Variance along the last axis of [m, n], the second one (axis 1). */
export function rowVariance(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	b.output(moments(b, b.input([rows, columns]), [columns], n).variance);
	return b.build();
}

/** Variance and mean along the first axis of [m, n] (axis 0). */
export function columnVariance(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const { mean, variance } = moments(b, b.input([rows, columns]), [rows], m);
	b.output(variance);
	b.output(mean);
	return b.build();
}

/** Normalised over the last two axes (1 and 2) of [b, m, n]. */
export function imageNorm(batch: number, m: number, n: number): Program {
	const b = buildProgram();
	const [batches, rows, columns] = [b.axis(batch), b.axis(m), b.axis(n)];
	const { centred, variance } = moments(b, b.input([batches, rows, columns]), [rows, columns], m * n);
	b.output(b.map("divide", centred, deviation(b, variance)));
	return b.build();
}

/** Variance of all elements of exp(X + R), [m, n]. */
export function totalVariance(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const sum = b.map("exp", b.map("add", b.input([rows, columns]), b.input([rows, columns])));
	b.output(moments(b, sum, [rows, columns], m * n).variance);
	return b.build();
}

/** ((x - mean)/sqrt(variance + epsilon)·G)·W : X [m, k], W [k, n]. */
export function layerNormLinear(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const { centred, variance } = moments(b, b.input([rows, inner]), [inner], k);
	const normed = b.map("divide", centred, deviation(b, variance));
	const gained = b.map("multiply", normed, b.input([inner], "weight"));
	b.output(b.contract(gained, b.input([inner, columns], "weight"), inner));
	return b.build();
}

/** The same with mean and deviation taken out of the product: (X·(G·W) - mean·sum(G·W))/sqrt(variance + epsilon). */
export function layerNormLinearInOnePass(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const { mean, variance } = moments(b, x, [inner], k);
	const gain = b.input([inner], "weight");
	const gained = b.map("multiply", b.input([inner, columns], "weight"), gain);
	const product = b.contract(x, gained, inner);
	const shift = b.map("multiply", mean, b.reduce("sum", gained, inner));
	b.output(b.map("divide", b.map("subtract", product, shift), deviation(b, variance)));
	return b.build();
}
