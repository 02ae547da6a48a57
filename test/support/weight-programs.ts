import type { Program } from "#shared/program/program.ts";
import { buildProgram } from "./program-builder.ts";

/** X·(W + A·B), X [m, k], W [k, n], A [k, r], B [r, n]: LoRA with its branch folded into the weights. */
export function foldedLora(
	m: number,
	k: number,
	n: number,
	r: number,
	role: "weight" | "activation" = "weight",
): Program {
	const b = buildProgram();
	const [rows, inner, columns, rank] = [b.axis(m), b.axis(k), b.axis(n), b.axis(r)];
	const x = b.input([rows, inner]);
	const w = b.input([inner, columns], role);
	const branch = b.contract(b.input([inner, rank], role), b.input([rank, columns], role), rank);
	b.output(b.contract(x, b.map("add", w, branch), inner));
	return b.build();
}

/** (X·(g∘W))/σ, σ the root mean square of X's rows: the gain of a norm folded into the weights behind it. */
export function foldedGain(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const gained = b.map("multiply", b.input([inner], "weight"), b.input([inner, columns], "weight"));
	const squares = b.reduce("sum", b.map("multiply", x, x), inner);
	const sigma = b.map("sqrt", b.map("add", b.map("multiply", squares, b.constant(1 / k)), b.constant(1e-5)));
	b.output(b.map("divide", b.contract(x, gained, inner), sigma));
	return b.build();
}

/** X·W - m·colsum(W), m the mean of X's rows; and the same with a row of biases that is made of weights too. */
export function columnSums(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const w = b.input([inner, columns], "weight");
	const mean = b.map("multiply", b.reduce("sum", x, inner), b.constant(1 / k));
	const sums = b.reduce("sum", w, inner);
	const centred = b.map("subtract", b.contract(x, w, inner), b.map("multiply", mean, sums));
	b.output(centred);
	const bias = b.map("add", b.input([columns], "weight"), b.map("exp", b.input([columns], "weight")));
	b.output(b.map("add", centred, bias));
	return b.build();
}

/** X·(p⊗q), p [k], q [n]: weights that are larger than what they are made from. */
export function outerProductWeights(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const outer = b.map("multiply", b.input([inner], "weight"), b.input([columns], "weight"));
	b.output(b.contract(x, outer, inner));
	return b.build();
}

/** X·softmax(A·B) over the columns, A [k, r], B [r, n]: several kernels of weights alone, one after the other. */
export function softmaxWeights(m: number, k: number, n: number, r: number): Program {
	const b = buildProgram();
	const [rows, inner, columns, rank] = [b.axis(m), b.axis(k), b.axis(n), b.axis(r)];
	const x = b.input([rows, inner]);
	const scores = b.contract(b.input([inner, rank], "weight"), b.input([rank, columns], "weight"), rank);
	const powers = b.map("exp", b.map("subtract", scores, b.reduce("max", scores, columns)));
	b.output(b.contract(x, b.map("divide", powers, b.reduce("sum", powers, columns)), inner));
	return b.build();
}

/** X·(W·2) and W·2 itself: an output of weights alone is written in each call. */
export function weightsAsOutput(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const doubled = b.map("multiply", b.input([inner, columns], "weight"), b.constant(2));
	b.output(b.contract(x, doubled, inner));
	b.output(doubled);
	return b.build();
}

export const weightPrograms: Readonly<Record<string, Program>> = {
	"LoRA, folded": foldedLora(5, 17, 15, 3),
	"gain, folded": foldedGain(5, 17, 15),
	"column sums": columnSums(5, 17, 15),
	"outer product of weights": outerProductWeights(5, 17, 15),
	"softmax of weights": softmaxWeights(5, 17, 15, 3),
	"weights as output": weightsAsOutput(5, 17, 15),
};
