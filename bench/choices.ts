// What each of the search's choices buys, measured: an island as it is written with a kernel for every reduction and
// contraction; its operators fused but not rewritten; and everything the search may do. Each against ONNX Runtime's best
// form in the same interleaved run, so that the three can be compared.
// Usage: OUTSIDE_SUITES=… node bench/choices.ts [--models a,b] [--effort standard] [--threads 1] [--output FILE]

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchSession, measureIsland, summariseIsland } from "#cli/bench-island.ts";
import { readLocalModel, readModelFile } from "#cli/read-model.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { muGraphTraits } from "#shared/mugraph/traits.ts";
import type { Island } from "#shared/partition/partition.ts";
import type { Effort, Plan } from "#shared/pipeline/plan.ts";
import { assemblePlan, effortBudgets } from "#shared/pipeline/plan-program.ts";
import { proveMuGraphs } from "#shared/pipeline/search-part.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { requireEffort, withSession } from "./with-session.ts";

const modelsDefault = [
	"exported/mirage_rmsnorm_linear_m",
	"exported/mirage_lora_m",
	"exported/mirage_qknorm_m",
	"exported/mirage_ntrans_m",
	"exported/mirage_gqa_m",
	"mirage-bench/gqa_bs1_softmax_f32",
];

type Choice = "as written" | "fused" | "searched";
const choices: readonly Choice[] = ["as written", "fused", "searched"];

interface ChoiceResult {
	readonly choice: Choice;
	readonly baselineNs: number;
	/** Of the fastest right candidate; null without one. */
	readonly bestNs: number | null;
	readonly muGraphs: number;
	readonly traits: readonly string[];
}

interface ModelResult {
	readonly model: string;
	readonly results: readonly ChoiceResult[];
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			models: { type: "string", default: modelsDefault.join(",") },
			effort: { type: "string", default: "standard" },
			threads: { type: "string", default: "1" },
			output: { type: "string", default: join(import.meta.dirname, "results/choices.json") },
		},
	});
	const suites = process.env.OUTSIDE_SUITES;
	if (suites === undefined || suites === "") throw new Error("OUTSIDE_SUITES must name the folder of models");
	const effort = requireEffort(values.effort);
	await withSession({ effort, threads: Number(values.threads) }, async (session) => {
		const models: ModelResult[] = [];
		for (const model of values.models.split(",")) {
			process.stderr.write(`${model} …\n`);
			models.push({ model, results: await measureModel(session, join(suites, model, "model.onnx"), effort) });
		}
		await mkdir(dirname(values.output), { recursive: true });
		const { machine, threads } = session;
		await writeFile(values.output, `${JSON.stringify({ machine, threads, effort, models }, null, "\t")}\n`);
		console.log(formatTable(models));
	});
}

/** The model's largest island. */
async function measureModel(session: BenchSession, path: string, effort: Effort): Promise<ChoiceResult[]> {
	const bytes = await readModelFile(path);
	const { graph, partition } = await readLocalModel(path, { shape: {}, weights: "auto" });
	const [island] = [...partition.islands].sort((a, b) => b.program.nodes.length - a.program.nodes.length);
	if (island === undefined) throw new Error(`${path}: no island`);
	const results: ChoiceResult[] = [];
	for (const choice of choices) {
		const directory = join(session.directory, choice.replace(" ", "-"));
		const found = findFor(choice, island, effort);
		const plan = planOf(session, island, found);
		const own = { ...session, directory };
		const result = await measureIsland(own, bytes, graph, island, { plan });
		const { baselineNs, bestNs } = summariseIsland(own, island, result, null);
		const [first] = plan.candidates;
		const best = first === undefined ? undefined : plan.muGraphs[first.muGraph]?.muGraph;
		const traits = best === undefined ? [] : muGraphTraits(best).map(({ id }) => id);
		results.push({ choice, baselineNs, bestNs, muGraphs: plan.muGraphs.length, traits });
	}
	return results;
}

function findFor(choice: Choice, { program }: Island, effort: Effort): readonly MuGraph[] {
	const { searchStatesMax: statesMax, muGraphsMax: foundMax } = effortBudgets[effort];
	if (choice === "searched") return searchMuGraphs(program, { statesMax, foundMax }).found;
	const { found } = searchMuGraphs(program, { statesMax, foundMax: 10_000, dagsMax: 1 });
	const isSplit = ({ splits }: MuGraph): boolean => splits.length > 0;
	const whole = found.filter((muGraph) => !isSplit(muGraph));
	if (choice === "fused") return whole.slice(0, foundMax);
	const kernels = Math.max(...whole.map((muGraph) => muGraph.kernels.length));
	return whole.filter((muGraph) => muGraph.kernels.length === kernels).slice(0, foundMax);
}

function planOf(
	{ target, threads, effort, tolerance }: BenchSession,
	island: Island,
	found: readonly MuGraph[],
): Plan {
	const { program, digest: programDigest } = island;
	const certificates = proveMuGraphs(program, found);
	const search = {
		found: found.map((muGraph, position) => ({ muGraph, position })),
		statesVisited: 0,
		statesPruned: {},
		stop: "saturated" as const,
		cursor: null,
	};
	const request = { program, programDigest, target, threads, effort, tolerance, cursor: null };
	return assemblePlan(request, { search, certificates });
}

function formatTable(models: readonly ModelResult[]): string {
	const lines = models.map(({ model, results }) => {
		const cells = results.map(({ baselineNs, bestNs }) =>
			bestNs === null
				? "-"
				: `${(bestNs / 1000).toFixed(1)} µs, ${(baselineNs / bestNs).toFixed(2)}x ONNX Runtime`,
		);
		return `| ${[model, ...cells, results.at(-1)?.traits.slice(0, 3).join(", ") ?? ""].join(" | ")} |`;
	});
	return [
		`| model | ${choices.join(" | ")} | what the first candidate does |`,
		"| --- | --- | --- | --- | --- |",
		...lines,
	].join("\n");
}

await main();
