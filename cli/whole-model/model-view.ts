// What `kiln optimize` says of the whole model.

import { basename } from "node:path";
import type { Interval } from "#shared/artefact/manifest.ts";
import type { ModelMeasurement } from "./measure-models.ts";
import type { LeftIsland } from "./plan-operators.ts";

/** Under `wholeModel` in JSON. Paths are null when the model is kept as it is. */
export interface ModelView {
	readonly verdict: "faster" | "tie" | "kept";
	/** Why it is kept; null otherwise. */
	readonly reason: string | null;
	readonly file: string | null;
	readonly library: string | null;
	readonly weights: string | null;
	/** The model as a library of its own; null also where something is left to ONNX Runtime. */
	readonly standalone: string | null;
	readonly islandsReplaced: readonly number[];
	/** Islands with a faster kernel that are no operators, with the reason. */
	readonly left: readonly LeftIsland[];
	/** original / model in ONNX Runtime, 95 % interval; null when it was not measured. */
	readonly speedup: Interval | null;
	/** Largest difference from the original's outputs by their largest value. */
	readonly errorMax: number | null;
}

/** The user's model is the answer. */
export function keptModel(
	reason: string,
	left: readonly LeftIsland[] = [],
	measurement: ModelMeasurement | null = null,
): ModelView {
	const measured = measurement?.kind === "measured" ? measurement : null;
	return {
		verdict: "kept",
		reason,
		file: null,
		library: null,
		weights: null,
		standalone: null,
		islandsReplaced: [],
		left,
		speedup: measured?.speedup ?? null,
		errorMax: measured?.errorMax ?? null,
	};
}

/** Lines for people. */
export function describeModel(view: ModelView): readonly string[] {
	const { speedup, errorMax, islandsReplaced, file, left } = view;
	const interval =
		speedup === null
			? ""
			: `  ${speedup.median.toFixed(2)}x [${speedup.low.toFixed(2)}, ${speedup.high.toFixed(2)}]`;
	const kept = left.map(({ island, reason }) => `           island ${island} stays as it is: ${reason}`);
	if (file === null) return [`whole model  kept as it is${interval}: ${view.reason ?? ""}`, ...kept];
	const count = `${islandsReplaced.length} ${islandsReplaced.length === 1 ? "island" : "islands"} replaced`;
	return [
		`whole model  ${basename(file)}`,
		`           ${view.verdict}${interval}  ${count}, error ${errorMax?.toExponential(1)}`,
		...(view.standalone === null
			? []
			: [`           without a runtime: ${basename(view.standalone)}, model.h`]),
		...kept,
	];
}
