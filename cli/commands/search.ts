// kiln search: superoptimise on this machine, without measuring: what the edge does before a runner is asked.

import { Option } from "commander";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import type { Island } from "#shared/partition/partition.ts";
import { type Effort, efforts } from "#shared/pipeline/plan.ts";
import { effortBudgets } from "#shared/pipeline/plan-program.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { addBindingOptions, type BindingOptions, readLocalModel } from "../read-model.ts";

interface SearchOptions extends BindingOptions {
	readonly effort: Effort;
}

/** Of the verifier; fixed, so that two runs say the same. */
const verifySeed = 20_250_701;

export const addSearch: AddCommand = (program, run) => {
	addBindingOptions(program.command("search"))
		.description("superoptimise without measuring: the µGraphs found and proven for each island")
		.argument("<model>", "ONNX file")
		.addOption(new Option("--effort <level>", "how far to search").choices(efforts).default("standard"))
		.addHelpText("after", "\nExample:\n  kiln search model.onnx --effort quick --json")
		.action((model: string, options: SearchOptions) => run((context) => search(model, options, context)));
};

async function search(path: string, options: SearchOptions, context: CommandContext): Promise<ExitCode> {
	const { terminal } = context;
	const { islands } = (await readLocalModel(path, options)).partition;
	const distinct = islands.filter(
		({ digest }, at) => islands.findIndex((other) => other.digest === digest) === at,
	);
	const views: ReturnType<typeof searchIsland>[] = [];
	for (const [done, island] of distinct.entries()) {
		terminal.progress({ phase: "searching", done, total: distinct.length });
		const view = searchIsland(island, options.effort);
		views.push(view);
		const { mugraphs, statesVisited, elapsedMs, stop } = view;
		terminal.print(
			`island ${island.index}: ${mugraphs.length} µGraphs, ${statesVisited} states, ${Math.round(elapsedMs)} ms, ${stop}`,
		);
		for (const line of mugraphs[0]?.print.trimEnd().split("\n") ?? []) terminal.print(`  ${line}`);
	}
	terminal.printJson({ islands: views });
	return exitCodes.ok;
}

function searchIsland(island: Island, effort: Effort) {
	const startedAt = performance.now();
	const budget = effortBudgets[effort];
	const { found, report } = searchMuGraphs(island.program, {
		statesMax: budget.searchStatesMax,
		foundMax: budget.muGraphsMax,
	});
	let unverified = 0;
	const mugraphs = found.flatMap((muGraph) => {
		const verdict = verifyMuGraph(muGraph, island.program, { seed: verifySeed });
		if (verdict.kind !== "equal") {
			unverified++;
			return [];
		}
		const { errorProbabilityLog2 } = verdict.verified.certificate;
		const kernels = muGraph.kernels.length;
		return { digest: muGraphDigest(muGraph), kernels, errorProbabilityLog2, print: printMuGraph(muGraph) };
	});
	return {
		index: island.index,
		program: island.digest,
		mugraphs,
		statesVisited: report.statesVisited,
		statesPruned: { ...report.statesPruned, ...report.placementsPruned, unverified },
		elapsedMs: performance.now() - startedAt,
		stop: report.stop,
	};
}
