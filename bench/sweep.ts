// How good is what `standard` effort finds? Its winner's algorithm under schedules drawn at random from the whole space, all
// measured; then the best of these beside the winner, in long interleaved rounds.
// Usage: node bench/sweep.ts [--count 2000] [--cases a,b] [--output FILE]

import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchSession, type IslandMeasurement, measureIsland } from "#cli/bench-island.ts";
import { effortBudget } from "#runner/jobs/effort-budget.ts";
import { candidateId } from "#runner/measure/check-candidates.ts";
import { bootstrapMedian, median, quantile, roundRatios } from "#runner/measure/statistics.ts";
import { present } from "#shared/fault/assert.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import type { Plan, PlannedCandidate } from "#shared/pipeline/plan.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import { drawSchedules } from "#shared/schedule/draw-schedules.ts";
import { targets } from "#shared/target/target.ts";
import { type CpuModel, cpuModelBytes } from "./cpu-model.ts";
import { keepRow, readRows } from "./result-rows.ts";
import { sweepCases } from "./sweep-cases.ts";
import { withSession } from "./with-session.ts";

interface SweepRow {
	readonly case: string;
	readonly command: string;
	readonly machine: BenchSession["machine"];
	/** Candidates that `standard` compiled and timed, of which so many while refining. */
	readonly standardCandidates: number;
	readonly refined: number;
	/** Schedules drawn; of these, those that were compiled, right and timed. */
	readonly drawn: number;
	readonly timed: number;
	/** Time of the winner of `standard` over that of the best schedule drawn: above 1, the sweep found something better. */
	readonly regret: { readonly median: number; readonly low: number; readonly high: number };
	/** Of the times of all drawn, over the best of them. */
	readonly spread: { readonly quarter: number; readonly median: number; readonly worst: number };
	/** Of all drawn, those within so much of the best of them. */
	readonly within: { readonly tenPercent: number; readonly quarter: number };
	readonly best: readonly PlannedCandidate["schedule"][];
	readonly winner: PlannedCandidate["schedule"];
	/** Median of a candidate's samples in nanoseconds, by schedule drawn; null: not timed. */
	readonly nanoseconds: readonly (number | null)[];
}

const effort = "standard";
const seed = 20261129;
/** Compared in the end, beside the winner of `standard`. */
const bestCount = 5;
/** Schedules measured at a time: a plan of effort `max` has as many. */
const portion = 160;
/** One round of all, for each this long in the mean. */
const screenMillisecondsEach = 12;

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			cases: { type: "string", default: Object.keys(sweepCases).join(",") },
			count: { type: "string", default: "2000" },
			output: { type: "string" },
		},
	});
	const count = Number(values.count);
	if (!Number.isInteger(count) || count < bestCount)
		throw new Error(`count '${values.count}': expected a whole number of at least ${bestCount}`);
	const wanted = values.cases.split(",").map((name) => {
		const model = sweepCases[name];
		if (model !== undefined) return { name, model };
		throw new Error(`case '${name}': expected one of ${Object.keys(sweepCases).join(", ")}`);
	});
	await withSession({ effort }, async (session) => {
		const output = values.output ?? join(import.meta.dirname, `results/sweep-${session.target}.json`);
		for (const { name, model } of wanted) {
			process.stderr.write(`${name} …\n`);
			await keepRow(output, await sweep(session, name, model, count), (row) => row.case);
		}
		console.log(formatTable(await readRows<SweepRow>(output)));
	});
}

async function sweep(session: BenchSession, name: string, model: CpuModel, count: number): Promise<SweepRow> {
	const bytes = cpuModelBytes(model);
	const { graph } = importModel(bytes, { weights: Object.keys(model.weights) });
	const { islands } = partitionGraph(graph);
	const [island] = islands;
	if (island === undefined || islands.length > 1)
		throw new Error(`case '${name}': ${islands.length} islands where one is expected`);
	const { target, threads, tolerance } = session;
	const first = planProgram({
		program: island.program,
		programDigest: island.digest,
		target,
		threads,
		effort,
		tolerance,
		cursor: null,
	});
	const measure = (stage: string, plan: Plan, budget = effortBudget(effort, 1).measure) =>
		measureIsland({ ...session, directory: join(session.directory, stage) }, bytes, graph, island, {
			plan,
			budget,
		});

	const standard = await measure(`${name}-standard`, first);
	const grown = present(standard.plan, "a plan");
	const winner = present(grown.candidates[present(standard.kernel, "a winner").candidate], "a candidate");
	const muGraph = present(grown.muGraphs[winner.muGraph], "a µGraph");

	process.stderr.write(`  ${count} schedules …\n`);
	const drawn = drawSchedules(muGraph.muGraph, targets[target], createRandom(seed, 0), count);
	const candidate = (schedule: PlannedCandidate["schedule"]): PlannedCandidate => ({
		muGraph: 0,
		schedule,
		predictedNanoseconds: 0,
	});
	const planOf = (candidates: readonly PlannedCandidate[]): Plan => ({
		...grown,
		muGraphs: [muGraph],
		candidates,
	});
	const times: (number | null)[] = [];
	for (let from = 0; from < drawn.length; from += portion) {
		const part = drawn.slice(from, from + portion);
		const swept = await measure(`${name}-sweep-${from}`, planOf(part.map(candidate)), {
			...effortBudget(effort, 1).measure,
			screenMilliseconds: part.length * screenMillisecondsEach,
			contestMilliseconds: 100,
			confirmMilliseconds: 100,
			refineMilliseconds: 0,
		});
		times.push(...timesOf(swept, part.length));
		process.stderr.write(`  ${times.length} of ${drawn.length}\n`);
	}
	const ranked = drawn
		.map((schedule, at) => ({ schedule, time: times[at] ?? Number.POSITIVE_INFINITY }))
		.sort((a, b) => a.time - b.time);
	const best = ranked.slice(0, bestCount).map(({ schedule }) => schedule);

	const last = await measure(`${name}-last`, planOf([winner.schedule, ...best].map(candidate)), {
		...effortBudget("max", 1).measure,
		refineMilliseconds: 0,
	});
	const { bursts } = present(
		last.stages.find(({ stage }) => stage === "contest"),
		"a contest",
	);
	const regrets = best.map((_, at) =>
		bootstrapMedian(roundRatios(bursts, candidateId(0), candidateId(at + 1)), createRandom(seed, 1)),
	);
	const regret = present(regrets.sort((a, b) => b.median - a.median)[0], "a schedule drawn");
	const timed = times.filter((time) => time !== null);
	const fastest = Math.min(...timed);
	return {
		case: name,
		command: `node bench/sweep.ts --count ${count} --cases ${name}`,
		machine: session.machine,
		standardCandidates: grown.candidates.length,
		refined: grown.candidates.length - first.candidates.length,
		drawn: drawn.length,
		timed: timed.length,
		regret,
		spread: {
			quarter: quantile(timed, 0.25) / fastest,
			median: median(timed) / fastest,
			worst: Math.max(...timed) / fastest,
		},
		within: {
			tenPercent: timed.filter((time) => time <= 1.1 * fastest).length,
			quarter: timed.filter((time) => time <= 1.25 * fastest).length,
		},
		best,
		winner: winner.schedule,
		nanoseconds: times,
	};
}

function timesOf(result: IslandMeasurement, count: number): readonly (number | null)[] {
	const byCandidate = new Map(result.candidates.map(({ candidate, outcome }) => [candidate, outcome]));
	return Array.from({ length: count }, (_, at) => {
		const outcome = byCandidate.get(at);
		return outcome?.kind === "timed" ? median(outcome.samplesNanoseconds) : null;
	});
}

function formatTable(rows: readonly SweepRow[]): string {
	const lines = rows.map(({ case: name, standardCandidates, timed, regret, spread, within }) => {
		const cells = [
			name,
			standardCandidates,
			timed,
			`${regret.median.toFixed(3)} [${regret.low.toFixed(3)}, ${regret.high.toFixed(3)}]`,
			spread.median.toFixed(2),
			spread.worst.toFixed(1),
			within.tenPercent,
		];
		return `| ${cells.join(" | ")} |`;
	});
	return [
		"| case | candidates of standard | schedules timed | winner over best drawn | median / best | worst / best | within 10 % |",
		"| --- | --- | --- | --- | --- | --- | --- |",
		...lines,
	].join("\n");
}

await main();
