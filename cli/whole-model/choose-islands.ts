// Which operators a model keeps: those with which it is faster as a whole. An operator costs what it hinders: the runtime
// lays tensors out for its convolutions and fuses their neighbours, and an island between two of them undoes that.

import type { ModelMeasurement } from "./measure-models.ts";
import type { PlannedOperator } from "./plan-operators.ts";
import type { SourceModel } from "./read-source-model.ts";

/** `null` stands for the original model. `before` and `after` in this order: speedup is before / after. */
export type CompareModels = (
	before: readonly PlannedOperator[] | null,
	after: readonly PlannedOperator[],
) => Promise<ModelMeasurement>;

export interface ChosenIslands {
	/** Empty: the model is best kept as it is. */
	readonly operators: readonly PlannedOperator[];
	/** Of the last comparison with the original; null when there was none. */
	readonly measurement: ModelMeasurement | null;
}

/** Comparisons with the original: each takes seconds. */
const trialsMax = 8;
/** Operators between convolutions that are looked at one by one. */
const suspectsMax = 16;
/** Share of the operators that goes when the whole does not win. */
const droppedShare = 0.25;

/**
 * `gains`: nanoseconds that the kernel saved by itself, by island. `errorMaxAllowed`: largest difference of an output by
 * its largest value, as for kernels.
 */
export async function chooseIslands(
	source: SourceModel,
	planned: readonly PlannedOperator[],
	gains: ReadonlyMap<number, number>,
	errorMaxAllowed: number,
	compare: CompareModels,
): Promise<ChosenIslands> {
	let operators = await dropHindering(source, planned, errorMaxAllowed, compare);
	let measurement: ModelMeasurement | null = null;
	for (let trial = 0; trial < trialsMax && operators.length > 0; trial++) {
		measurement = await compare(null, operators);
		if (isWin(measurement, errorMaxAllowed)) return { operators, measurement };
		const weakestFirst = [...operators].sort(
			(a, b) => (gains.get(a.island) ?? 0) - (gains.get(b.island) ?? 0),
		);
		const dropped = new Set(weakestFirst.slice(0, Math.ceil(operators.length * droppedShare)));
		operators = operators.filter((operator) => !dropped.has(operator));
	}
	return { operators: [], measurement };
}

/** The original is the answer unless the model is certainly not slower, and gives the same. */
function isWin(measurement: ModelMeasurement, errorMaxAllowed: number): boolean {
	if (measurement.kind === "failed" || measurement.errorMax > errorMaxAllowed) return false;
	return measurement.verdict === "faster" || measurement.verdict === "tie";
}

/** An operator between convolutions stays only if the model is faster with it than without it. */
async function dropHindering(
	source: SourceModel,
	planned: readonly PlannedOperator[],
	errorMaxAllowed: number,
	compare: CompareModels,
): Promise<readonly PlannedOperator[]> {
	let operators = planned;
	for (const suspect of planned
		.filter((operator) => isBetweenConvolutions(source, operator))
		.slice(0, suspectsMax)) {
		const without = operators.filter((operator) => operator !== suspect);
		const before = without.length === 0 ? null : without;
		if (!isWin(await compare(before, operators), errorMaxAllowed)) operators = without;
	}
	return operators;
}

const convolutions: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "MaxPool", "AveragePool"]);

/** Reads what a convolution or a pool makes, and makes what another reads. */
export function isBetweenConvolutions(
	{ graph, nodeNames }: SourceModel,
	{ operands, results }: Pick<PlannedOperator, "operands" | "results">,
): boolean {
	const windows = nodeNames.filter((_, index) => convolutions.has(graph.sources[index]?.operator ?? ""));
	const made = new Set(windows.flatMap(({ outputs }) => outputs));
	const read = new Set(windows.flatMap(({ inputs }) => inputs));
	const follows = operands.some((operand) => operand.kind === "value" && made.has(operand.name));
	return follows && results.some(({ name }) => read.has(name));
}
