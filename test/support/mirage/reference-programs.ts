// The programs that Mirage's µGraph files were found for (its paper's table 4, as its benchmark code has them): no 1/√d and
// no maximum in the softmax, no gain and no epsilon in the norms, silu(x) = x·sigmoid(x), no down projection.

import { present } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { buildProgram } from "../program-builder.ts";

export type MirageCase = "rmsnorm" | "lora" | "gatedMlp" | "attention";

/** Of the input shapes, extents of 1 left in. */
export const referencePrograms: Readonly<
	Record<MirageCase, (shapes: readonly (readonly number[])[]) => Program>
> = {
	rmsnorm: ([x, w]) => rmsnorm(extent(x, 0), extent(x, 1), extent(w, 1)),
	lora: ([x, w, a]) => lora(extent(x, 0), extent(x, 1), extent(w, 1), extent(a, 1)),
	gatedMlp: ([x, w]) => gatedMlp(extent(x, 0), extent(x, 1), extent(w, 1)),
	attention: ([q, k, v]) => attention(extent(q, 0), extent(q, 1), extent(q, 2), extent(k, 2), extent(v, 2)),
};

function extent(shape: readonly number[] | undefined, dimension: number): number {
	return present(shape?.[dimension], "extent");
}

/** (X / sqrt(mean of X²))·W : X [m, k], W [k, n]. */
function rmsnorm(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const squares = b.reduce("sum", b.map("multiply", x, x), inner);
	const root = b.map("sqrt", b.map("multiply", squares, b.constant(1 / k)));
	b.output(b.contract(b.map("divide", x, root), b.input([inner, columns], "weight"), inner));
	return b.build();
}

/** X·W + (X·A)·B : X [m, k], W [k, n], A [k, r], B [r, n]. */
function lora(m: number, k: number, n: number, r: number): Program {
	const b = buildProgram();
	const [rows, inner, columns, rank] = [b.axis(m), b.axis(k), b.axis(n), b.axis(r)];
	const x = b.input([rows, inner]);
	const main = b.contract(x, b.input([inner, columns], "weight"), inner);
	const low = b.contract(x, b.input([inner, rank], "weight"), inner);
	b.output(b.map("add", main, b.contract(low, b.input([rank, columns], "weight"), rank)));
	return b.build();
}

/** silu(X·A)·(X·B) : X [m, k], A and B [k, n]. */
function gatedMlp(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const gate = b.contract(x, b.input([inner, columns], "weight"), inner);
	const up = b.contract(x, b.input([inner, columns], "weight"), inner);
	b.output(b.map("multiply", b.map("multiply", gate, b.map("sigmoid", gate)), up));
	return b.build();
}

/** E = exp(Q·K); (E / sum of E over n)·V : Q [b, m, k], K [b, k, n], V [b, n, v]. A batch of 1 has no axis. */
function attention(batch: number, m: number, k: number, n: number, v: number): Program {
	const b = buildProgram();
	const heads = batch > 1 ? [b.axis(batch)] : [];
	const [query, depth, key, value] = [b.axis(m), b.axis(k), b.axis(n), b.axis(v)];
	const scores = b.contract(b.input([...heads, query, depth]), b.input([...heads, depth, key]), depth);
	const weights = b.map("exp", scores);
	const shares = b.map("divide", weights, b.reduce("sum", weights, key));
	b.output(b.contract(shares, b.input([...heads, key, value]), key));
	return b.build();
}
