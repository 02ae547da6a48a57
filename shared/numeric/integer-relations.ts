import { present } from "#shared/fault/assert.ts";
import { invertModulo, multiplyModulo } from "./field-pair.ts";

/** How the rows of a matrix over Z_q follow from few of them. */
export interface IntegerRelations {
	/** Rows that are linearly independent and span all others. */
	readonly rank: number;
	/** The largest absolute value of an integer by which an independent row enters another. */
	readonly weight: number;
	/** Columns from here on had no part in finding the integers: they confirm them. */
	readonly pivotsEnd: number;
}

/** A reduced row: its first entry other than zero is 1, at `pivot`; `parts` writes it in independent rows. */
interface Echelon {
	readonly row: Float64Array;
	readonly pivot: number;
	readonly parts: readonly number[];
}

/**
 * Independent rows, in order of appearance, and the small integers that make all others from them; null when some row
 * needs an integer above `weightMax`, or more than `rankMax` rows are independent. Entries are residues modulo the prime.
 * Cost: rows · rank · columns.
 */
export function findIntegerRelations(
	rows: readonly Float64Array[],
	prime: number,
	rankMax: number,
	weightMax: number,
): IntegerRelations | null {
	const basis: Echelon[] = [];
	let weight = 1;
	let pivotsEnd = 0;
	for (const given of rows) {
		const row = Float64Array.from(given);
		const parts: number[] = Array.from({ length: basis.length }, () => 0);
		for (const echelon of basis) {
			const factor = present(row[echelon.pivot], "entry at a pivot");
			if (factor !== 0) subtractMultiple(row, parts, echelon, factor, prime);
		}
		const pivot = row.findIndex((entry) => entry !== 0);
		if (pivot < 0) {
			for (const part of parts) weight = Math.max(weight, Math.min(part, prime - part));
			if (weight > weightMax) return null;
			continue;
		}
		if (basis.length >= rankMax) return null;
		pivotsEnd = Math.max(pivotsEnd, pivot + 1);
		basis.push(normalise(row, pivot, parts, prime));
	}
	return { rank: basis.length, weight, pivotsEnd };
}

/** row - factor · echelon; `parts` collects what was taken away. */
function subtractMultiple(
	row: Float64Array,
	parts: number[],
	echelon: Echelon,
	factor: number,
	prime: number,
): void {
	const inverse = 1 / prime;
	for (let column = echelon.pivot; column < row.length; column++) {
		const taken = multiplyModulo(echelon.row[column] as number, factor, prime, inverse);
		const rest = (row[column] as number) - taken;
		row[column] = rest < 0 ? rest + prime : rest;
	}
	echelon.parts.forEach((part, base) => {
		const added = multiplyModulo(part, factor, prime, inverse);
		parts[base] = ((parts[base] ?? 0) + added) % prime;
	});
}

/** The row over its pivot; it is what is left of a new independent row when `parts` is taken away. */
function normalise(row: Float64Array, pivot: number, parts: readonly number[], prime: number): Echelon {
	const inverse = 1 / prime;
	const scale = invertModulo(present(row[pivot], "entry at the pivot"), prime);
	const scaled = (value: number): number => multiplyModulo(value, scale, prime, inverse);
	return {
		row: row.map(scaled),
		pivot,
		parts: [...parts.map((part) => scaled(part === 0 ? 0 : prime - part)), scale],
	};
}
