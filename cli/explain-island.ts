// What the search did with one island, stage by stage, for people and as data.

import { type AlgebraReport, enumerateDags } from "#shared/algebra/enumerate-dags.ts";
import { createExpressions } from "#shared/expression/expression.ts";
import { expressionsOfProgram } from "#shared/expression/expression-of-program.ts";
import { present } from "#shared/fault/assert.ts";
import { bytesText } from "#shared/mugraph/draw/text-size.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { printProgram } from "#shared/program/print.ts";
import type { Program } from "#shared/program/program.ts";
import { describePrediction } from "./describe-search.ts";
import type { IslandSearch, RankedMuGraph } from "./search-island.ts";

export interface IslandExplanation {
	readonly programPrint: string;
	/** Normal form of each output's pieces. */
	readonly expressions: readonly { readonly output: number; readonly print: string }[];
	readonly algebra: AlgebraReport;
	/** Programs equal to this one, itself first. */
	readonly dags: readonly string[];
}

/** Characters of a normal form that are shown. */
const expressionCharactersMax = 2_000;

export function explainProgram(program: Program): IslandExplanation {
	const { dags, report } = enumerateDags(program);
	return {
		programPrint: printProgram(program),
		expressions: printExpressions(program),
		algebra: report,
		dags: dags.map(printProgram),
	};
}

function printExpressions(program: Program): IslandExplanation["expressions"] {
	const expressions = createExpressions(program.axes.map(({ extent }) => extent));
	const ofNode = expressionsOfProgram(expressions, program);
	return program.outputs.flatMap(({ pieces }, output) =>
		pieces.map(({ node }) => {
			const print = expressions.print(present(ofNode[node], "expression of an output"));
			const isLong = print.length > expressionCharactersMax;
			return { output, print: isLong ? `${print.slice(0, expressionCharactersMax)} …` : print };
		}),
	);
}

/** Everything, as lines. */
export function describeExplanation(search: IslandSearch, explanation: IslandExplanation): readonly string[] {
	const { programPrint, expressions, algebra, dags } = explanation;
	return [
		heading("the program"),
		...indented(programPrint),
		heading("what it computes, in normal form"),
		...expressions.map(({ output, print }) => `  out${output} = ${print}`),
		heading(describeAlgebra(algebra)),
		...dags.flatMap((dag, id) => [
			`  DAG ${id}${id === 0 ? ", as written" : ""}`,
			...indented(nodesOf(dag)).map((line) => `  ${line}`),
		]),
		heading("cuts into kernels and placements of axes"),
		...describeCounts(search),
		heading(
			`µGraphs, proven, predicted fastest first; with a kernel for each node ${bytesText(search.unfusedBytes)} move`,
		),
		...search.muGraphs.flatMap((found, nth) => describeMuGraph(found, nth, search)),
	];
}

const heading = (text: string): string => `\n── ${text}`;
const indented = (text: string): readonly string[] =>
	text
		.trimEnd()
		.split("\n")
		.map((line) => `  ${line}`);

/** Axes and inputs are the program's own. */
const nodesOf = (print: string): string =>
	print
		.split("\n")
		.filter((line) => !/^(axes|in\d+) /.test(line))
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
		...indented(printMuGraph(muGraph)).map((line) => `   ${line}`),
	];
}
