// What the search did with one island, stage by stage, for people and as data.

import { type AlgebraReport, enumerateDags } from "#shared/algebra/enumerate-dags.ts";
import { bytesText } from "#shared/mugraph/draw/text-size.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { printProgram } from "#shared/program/print.ts";
import { checkStability, type Stability } from "#shared/verify/check-stability.ts";
import { describePrediction } from "./describe-search.ts";
import { type OutputExpression, printOutputExpressions } from "./print-expressions.ts";
import type { IslandSearch, RankedMuGraph } from "./search-island.ts";

export interface IslandExplanation {
	readonly programPrint: string;
	readonly expressions: readonly OutputExpression[];
	readonly algebra: AlgebraReport;
	/** Programs equal to this one, itself first. */
	readonly dagPrints: readonly string[];
	/** Of each µGraph, were its kernels to compute in half precision; in float32 all are stable. */
	readonly stabilityInFloat16: readonly (Stability & { readonly digest: string })[];
}

export function explainIsland({ island: { program }, muGraphs }: IslandSearch): IslandExplanation {
	const { dags, report } = enumerateDags(program);
	return {
		programPrint: printProgram(program),
		expressions: printOutputExpressions(program),
		algebra: report,
		dagPrints: dags.map(printProgram),
		stabilityInFloat16: muGraphs.map(({ digest, muGraph, certificate }) => ({
			digest,
			...checkStability(muGraph, program, certificate.seeds[0] ?? 0, "float16"),
		})),
	};
}

/** Everything, as lines. */
export function describeExplanation(search: IslandSearch, explanation: IslandExplanation): readonly string[] {
	const { programPrint, expressions, algebra, dagPrints, stabilityInFloat16 } = explanation;
	return [
		...heading("the program"),
		...indented(programPrint),
		...heading("what it computes, in normal form"),
		...expressions.map(({ output, print }) => `  out${output} = ${print}`),
		...heading(describeAlgebra(algebra)),
		...dagPrints.flatMap((dag, id) => [
			`  DAG ${id}${id === 0 ? ", as written" : ""}`,
			...indented(nodesOf(dag)).map((line) => `  ${line}`),
		]),
		...heading("cuts into kernels and placements of axes"),
		...describeCounts(search),
		...heading(
			`µGraphs, proven, predicted fastest first; with a kernel for each node ${bytesText(search.unfusedBytes)} move`,
		),
		...search.muGraphs.flatMap((found, nth) => [
			...describeMuGraph(found, nth, search),
			...describeStability(stabilityInFloat16[nth]),
			...indented(printMuGraph(found.muGraph)).map((line) => `   ${line}`),
		]),
	];
}

/** After an empty line. */
const heading = (text: string): readonly string[] => ["", `── ${text}`];
const indented = (text: string): readonly string[] =>
	text
		.trimEnd()
		.split("\n")
		.map((line) => `  ${line}`);

/** Without axes, inputs and outputs' shapes, which are the program's own. */
const nodesOf = (print: string): string =>
	print
		.split("\n")
		.filter((line) => !/^(axes|in\d+|out\d+) /.test(line))
		.join("\n");

function describeAlgebra({
	values,
	usefulValues,
	derivations,
	dags,
	closure,
	extraction,
}: AlgebraReport): string {
	const how = [
		closure === "complete" ? "closure complete" : "closure stopped at its limit",
		extraction === "complete" ? "every DAG" : "the best DAGs",
	];
	return `algebra: ${values} values, ${usefulValues} useful, ${derivations} ways to get them, ${dags} DAGs (${how.join(", ")})`;
}

function describeCounts({ report, unverified, muGraphs, elapsedMs }: IslandSearch): readonly string[] {
	const { statesVisited, dags, cuts, placements, emitted, stop } = report;
	const pruned = (counts: Readonly<Record<string, number>>): string =>
		Object.entries(counts)
			.map(([rule, count]) => `${rule} ${count}`)
			.join(", ") || "none";
	return [
		`  ${statesVisited} states in ${Math.round(elapsedMs)} ms, ${stop}`,
		`  ${dags} DAGs with splits, ${cuts} cuts, ${placements} placements, ${emitted} µGraphs, ${muGraphs.length} kept, ${unverified} not proven`,
		`  cuts pruned: ${pruned(report.statesPruned)}`,
		`  placements pruned: ${pruned(report.placementsPruned)}`,
	];
}

function describeMuGraph(found: RankedMuGraph, nth: number, search: IslandSearch): readonly string[] {
	const { digest, certificate, traits, muGraph } = found;
	return [
		`  ${nth + 1}. ${digest.slice(0, 16)}  ${describePrediction(found, search)}, proven to 2^${certificate.errorProbabilityLog2.toFixed(0)}`,
		...traits.map(({ title, kernels }) =>
			muGraph.kernels.length === 1 ? `     · ${title}` : `     · ${title} (kernel ${kernels.join(", ")})`,
		),
	];
}

/** Says nothing of what rounds well. */
function describeStability(stability: Stability | undefined): readonly string[] {
	if (stability?.kind !== "unstable") return [];
	const { range, error, referenceError } = stability;
	return [
		`     · not for half precision: on data '${range}' its error would be ${error.toPrecision(2)}, as written ${referenceError.toPrecision(2)}`,
	];
}
