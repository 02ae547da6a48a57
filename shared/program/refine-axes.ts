// Axis labels by unification with common refinement. Each dimension of each tensor is a product of atoms, outermost
// first. Two dimensions that must mean the same axis are unified: where one has an atom of 64 and the other 4 x 16, the
// atom of 64 splits into two, everywhere it occurs. Union-find whose links may lead to two atoms instead of one.

import { assert, present } from "#shared/fault/assert.ts";

/** Index of an atom: an axis in the making. */
export type AtomId = number;

/** What the atoms were at some moment; see `AxisAtoms.restore`. */
export interface AtomsSnapshot {
	readonly extents: readonly number[];
	readonly links: readonly (readonly AtomId[] | null)[];
}

/** All atoms of one program under construction. Extents are 2 or more: an extent of 1 is no atom at all. */
export class AxisAtoms {
	#extents: number[] = [];
	/** null: a root. [a]: the same axis as a. [outer, inner]: the product of two. */
	#links: (readonly AtomId[] | null)[] = [];

	/** A new atom that nothing else is unified with. */
	fresh(extent: number): AtomId {
		assert(extent >= 2, `an axis of extent ${extent}`);
		this.#extents.push(extent);
		this.#links.push(null);
		return this.#extents.length - 1;
	}

	extent(atom: AtomId): number {
		return present(this.#extents[atom], "unknown atom");
	}

	/** The product of the extents. */
	product(atoms: readonly AtomId[]): number {
		return atoms.reduce((product, atom) => product * this.extent(atom), 1);
	}

	/** The same positions, written in root atoms only. */
	resolve(atoms: readonly AtomId[]): AtomId[] {
		const resolved: AtomId[] = [];
		for (const atom of atoms) {
			const link = this.#links[atom];
			assert(link !== undefined, "unknown atom");
			if (link === null) resolved.push(atom);
			else resolved.push(...this.resolve(link));
		}
		return resolved;
	}

	/**
	 * Makes two lists of equal product the same axes, splitting atoms where needed: [64] ~ [4, 16] splits 64.
	 * False when no common refinement exists ([6, 4] ~ [8, 3]); atoms may then be half unified: restore a snapshot.
	 */
	unify(left: readonly AtomId[], right: readonly AtomId[]): boolean {
		let l = [...left];
		let r = [...right];
		for (;;) {
			l = this.resolve(l);
			r = this.resolve(r);
			const a = l.pop();
			const b = r.pop();
			if (a === undefined || b === undefined) return a === b;
			if (a === b) continue;
			const [large, small, rest] = this.extent(a) >= this.extent(b) ? [a, b, l] : [b, a, r];
			const outerExtent = this.extent(large) / this.extent(small);
			if (!Number.isInteger(outerExtent)) return false;
			if (outerExtent === 1) {
				this.#links[large] = [small];
			} else {
				const outer = this.fresh(outerExtent);
				this.#links[large] = [outer, small];
				rest.push(outer);
			}
		}
	}

	/** Cuts a list into runs with these products, outermost first, splitting atoms where needed; null when they do not divide. */
	regroup(atoms: readonly AtomId[], products: readonly number[]): AtomId[][] | null {
		const groups: AtomId[][] = products.map(() => []);
		let rest = [...atoms];
		for (let group = products.length - 1; group >= 0; group--) {
			let wanted = present(products[group], "group");
			while (wanted > 1) {
				rest = this.resolve(rest);
				const atom = present(rest.pop(), "regroup: products differ");
				const extent = this.extent(atom);
				if (wanted % extent === 0) {
					groups[group]?.unshift(atom);
					wanted /= extent;
				} else if (extent % wanted === 0) {
					const outer = this.fresh(extent / wanted);
					const inner = this.fresh(wanted);
					this.#links[atom] = [outer, inner];
					groups[group]?.unshift(inner);
					rest.push(outer);
					wanted = 1;
				} else {
					return null;
				}
			}
		}
		return groups;
	}

	snapshot(): AtomsSnapshot {
		return { extents: [...this.#extents], links: [...this.#links] };
	}

	restore(snapshot: AtomsSnapshot): void {
		this.#extents = [...snapshot.extents];
		this.#links = [...snapshot.links];
	}
}
