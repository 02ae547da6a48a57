// The canonical form of a program and its digest: the same for two islands that differ in names, in the order of nodes,
// in weights' values, or in which of several equal tensors is called what; different when arithmetic, shapes, types or
// roles differ. Canonical labelling by colour refinement, ties broken by trying each member (as nauty does), bounded.

import { canonicalJson } from "#shared/artefact/canonical-json.ts";
import { present } from "#shared/fault/assert.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { type Colours, firstTie, individualize, initialColours, refineColours } from "./colour-program.ts";
import { type OrderedProgram, orderProgram } from "./order-program.ts";
import type { Program } from "./program.ts";
import { simplifyProgram } from "./simplify.ts";

/**
 * Labellings tried for a program with ties that refinement does not break. Nearly all ties are true symmetries (key and
 * value projections of one shape), where the first is as good as any; beyond the bound the digest may depend on the
 * order of nodes, which costs a cache hit and nothing else.
 */
const LABELLINGS_MAX = 64;

/** A program in canonical form, and how its inputs and outputs lie in the original. */
export interface CanonicalProgram {
	readonly program: Program;
	/** Canonical input i is this input of the original; inputs that nothing reads are gone. */
	readonly inputOrder: readonly number[];
	/** Canonical output i is this output of the original. */
	readonly outputOrder: readonly number[];
}

/** The canonical form: computes the same outputs from the same inputs, both re-ordered. Idempotent. */
export function canonicalProgram(program: Program): CanonicalProgram {
	const simplified = simplifyProgram(program);
	const best = new Labelling(simplified.program).best();
	return {
		program: best.program,
		inputOrder: best.inputOrder.map((input) => present(simplified.inputOrder[input], "input")),
		outputOrder: best.outputOrder,
	};
}

/** SHA-256 of the canonical form, in hex. Equal digests: the same kernel serves both. */
export function programDigest(program: Program): string {
	return canonicalProgramDigest(canonicalProgram(program).program);
}

/** `programDigest` of a program that is canonical already. */
export function canonicalProgramDigest(canonical: Program): string {
	return sha256Hex(serialize(canonical));
}

/** JSON has no -0, NaN and infinities: constants are spelled as texts. */
function serialize(program: Program): string {
	const nodes = program.nodes.map((node) =>
		node.kind === "constant" ? { ...node, value: Object.is(node.value, -0) ? "-0" : `${node.value}` } : node,
	);
	return canonicalJson({ schema: "kiln.program/1", ...program, nodes });
}

class Labelling {
	readonly #program: Program;
	#best: { readonly text: string; readonly ordered: OrderedProgram } | null = null;
	#tried = 0;

	constructor(program: Program) {
		this.#program = program;
	}

	/** Of all labellings tried the one whose serialised form comes first. */
	best(): OrderedProgram {
		this.#descend(refineColours(this.#program, initialColours(this.#program)));
		return present(this.#best, "at least one labelling").ordered;
	}

	#descend(colours: Colours): void {
		const tie = firstTie(colours);
		if (tie === null) {
			this.#tried++;
			const ordered = orderProgram(this.#program, colours);
			const text = serialize(ordered.program);
			if (this.#best === null || text < this.#best.text) this.#best = { text, ordered };
			return;
		}
		for (const part of tie.parts) {
			if (this.#tried >= LABELLINGS_MAX) return;
			this.#descend(refineColours(this.#program, individualize(colours, tie.family, part)));
		}
	}
}
