import type { Effort } from "#shared/pipeline/plan.ts";
import type { Program } from "#shared/program/program.ts";

/** Shards of a search that is worth dividing. Half the calls of one request are enough for one program of the most effort. */
const widths: Readonly<Record<Effort, number>> = { quick: 2, standard: 4, max: 6 };
/** Reductions and contractions from which a program has cuts by the hundred; below, a call costs more than it saves. */
const unitsMin = 3;

/** Into how many parts a program's search is divided: by the program and the effort alone, never by a clock. */
export function searchWidth(program: Program, effort: Effort, widthMax: number): number {
	const units = program.nodes.filter(({ kind }) => kind === "reduce" || kind === "contract").length;
	return units < unitsMin ? 1 : Math.min(widths[effort], widthMax);
}
