// kiln search: superoptimise on this machine, without measuring: what the edge does before a runner is asked.

import { Option } from "commander";
import { type Effort, efforts } from "#shared/pipeline/plan.ts";
import { type TargetId, targets } from "#shared/target/target.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { searchTable } from "../describe-search.ts";
import { drawSearches } from "../draw-searches.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { describeExplanation, explainIsland } from "../explain-island.ts";
import { bestLocalTarget } from "../local-target.ts";
import { parseRank, parseThreads } from "../parse-options.ts";
import { addBindingOptions, type BindingOptions, readLocalModel } from "../read-model.ts";
import { type IslandSearch, searchIsland, viewIslandSearch } from "../search-island.ts";
import { userPath } from "../user-path.ts";

interface SearchOptions extends BindingOptions {
	readonly effort: Effort;
	readonly target?: TargetId;
	readonly threads: number;
	readonly explain: boolean;
	readonly draw?: string;
	readonly nth: number;
}

/** Nothing is run, so a machine that can run no target searches for this one. */
const targetElsewhere: TargetId = "cpu-x86-64-v3";

export const addSearch: AddCommand = (program, run) => {
	addBindingOptions(program.command("search"))
		.description("superoptimise without measuring: the µGraphs found and proven for each island")
		.argument("<model>", "ONNX file")
		.addOption(new Option("--effort <level>", "how far to search").choices(efforts).default("standard"))
		.addOption(
			new Option("--target <id>", "whose tiles and times (default: the best for this machine)").choices(
				Object.keys(targets),
			),
		)
		.option("--threads <number>", "threads that the kernel may use", parseThreads, 1)
		.option("--explain", "every stage: program, normal forms, DAGs, what pruned what, each µGraph", false)
		.option("--draw <path>", "the best µGraph of each island as SVG: a file ending in .svg, or a folder")
		.option("--nth <rank>", "draw this one instead, counted from the predicted fastest", parseRank, 1)
		.addHelpText(
			"after",
			"\nExamples:\n  kiln search model.onnx\n  kiln search model.onnx --explain | less\n" +
				"  kiln search model.onnx --draw best.svg\n  kiln search model.onnx --effort quick --json",
		)
		.action((model: string, options: SearchOptions) => run((context) => search(model, options, context)));
};

async function search(path: string, options: SearchOptions, { terminal }: CommandContext): Promise<ExitCode> {
	const { islands } = (await readLocalModel(path, options)).partition;
	const distinct = islands.filter(
		({ digest }, at) => islands.findIndex((other) => other.digest === digest) === at,
	);
	const target = options.target ?? (await bestLocalTarget()) ?? targetElsewhere;
	const searches: IslandSearch[] = [];
	for (const [done, island] of distinct.entries()) {
		terminal.progress({ phase: "searching", done, total: distinct.length });
		searches.push(searchIsland(island, { ...options, target }));
	}
	const isExplained = options.explain || terminal.isJson;
	const explanations = isExplained ? searches.map(explainIsland) : [];
	for (const line of searchTable(searches)) terminal.print(line);
	searches.forEach((found, at) => {
		const explanation = explanations[at];
		if (explanation === undefined) return;
		terminal.print("");
		terminal.print(`━━ island ${found.island.index}`);
		for (const line of describeExplanation(found, explanation)) terminal.print(line);
	});
	if (!options.explain && searches.length > 0)
		terminal.note("--explain shows how each was found, --draw FILE.svg draws it");
	const drawn =
		options.draw === undefined ? [] : await drawSearches(searches, userPath(options.draw), options.nth);
	for (const file of drawn) terminal.note(`drawn: ${file}`);
	terminal.printJson({
		target,
		threads: options.threads,
		islands: searches.map((found, at) => ({ ...viewIslandSearch(found), ...explanations[at] })),
		drawn,
	});
	return exitCodes.ok;
}
