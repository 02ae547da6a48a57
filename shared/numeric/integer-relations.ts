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

/**
 * Independent rows, in order of appearance, and the small integers that make all others from them; null when some row
 * needs an integer above `weightMax`, or more than `rankMax` rows are independent. Entries are residues modulo the prime.
 * Cost: rows · rank · (columns + rank).
 */
export function findIntegerRelations(
	rows: readonly Float64Array[],
	prime: number,
	rankMax: number,
	weightMax: number,
): IntegerRelations | null {
	const columns = rows[0]?.length ?? 0;
	const pivots: number[] = [];
	/** Reduced rows: 1 at their pivot, 0 before it; behind their columns, how they are made of independent rows. */
	const basis: Float64Array[] = [];
	let weight = 1;
	for (const given of rows) {
		const row = new Float64Array(columns + rankMax);
		row.set(given);
		const rank = basis.length;
		for (const [at, reduced] of basis.entries()) {
			const pivot = present(pivots[at], "pivot of a reduced row");
			const factor = row[pivot] as number;
			if (factor !== 0) addMultiple(row, reduced, prime - factor, pivot, columns + rank, prime);
		}
		const pivot = row.findIndex((entry) => entry !== 0);
		if (pivot < 0 || pivot >= columns) {
			for (let base = columns; base < columns + rank; base++) {
				const part = row[base] as number;
				weight = Math.max(weight, Math.min(part, prime - part));
			}
			if (weight > weightMax) return null;
			continue;
		}
		if (rank >= rankMax) return null;
		row[columns + rank] = 1;
		const scale = invertModulo(row[pivot] as number, prime);
		basis.push(row.map((entry) => multiplyModulo(entry, scale, prime, 1 / prime)));
		pivots.push(pivot);
	}
	return { rank: basis.length, weight, pivotsEnd: Math.max(0, ...pivots.map((pivot) => pivot + 1)) };
}

/** row += reduced · factor, from a column on. */
function addMultiple(
	row: Float64Array,
	reduced: Float64Array,
	factor: number,
	from: number,
	end: number,
	prime: number,
): void {
	const inverse = 1 / prime;
	for (let at = from; at < end; at++) {
		const sum = (row[at] as number) + (reduced[at] as number) * factor;
		const rest = sum - Math.floor(sum * inverse) * prime;
		row[at] = rest < 0 ? rest + prime : rest >= prime ? rest - prime : rest;
	}
}
