// Kernels against ONNX Runtime's best form on this machine: every case through the ordinary plan and measurement, no schedule
// chosen by hand. Rows of cases measured before are kept in the output file, so that it can run in pieces.
// Usage: node bench/cpu.ts [--cases a,b] [--effort standard] [--threads 1] [--tolerance float32-1e-3] [--output FILE]

import { join } from "node:path";
import { parseArgs } from "node:util";
import {
	type BenchSession,
	type MeasuredCase,
	measureEngine,
	measureIsland,
	summariseIsland,
} from "#cli/bench-island.ts";
import type { EngineTime } from "#cli/engine-time/read-trace.ts";
import { engineNote, engineRatio } from "#cli/report/engine-ratio.ts";
import { machineRoofs, rooflineNanoseconds } from "#cli/report/roofline.ts";
import type { Stage } from "#runner/measure/measure-request.ts";
import { defaultTolerance, type ToleranceId, toleranceIds } from "#shared/artefact/tolerance.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import type { Effort } from "#shared/pipeline/plan.ts";
import type { Machine } from "#shared/target/target.ts";
import { type CpuCase, cpuCases } from "./cpu-cases.ts";
import { cpuModelBytes } from "./cpu-model.ts";
import { keepRow, readRows } from "./result-rows.ts";
import { requireEffort, withSession } from "./with-session.ts";

interface CpuRow {
	readonly case: string;
	readonly threads: number;
	readonly effort: Effort;
	/** Absent in rows of before there was a choice: `float32-1e-3`. */
	readonly tolerance?: ToleranceId;
	readonly command: string;
	/** With this row's probes: what its roofline share refers to. */
	readonly machine: Machine;
	readonly summary: MeasuredCase;
	/** Raw samples of the last stage, which the ratio is taken from. */
	readonly samples: Stage | null;
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			cases: { type: "string", default: cpuCases.map(({ name }) => name).join(",") },
			effort: { type: "string", default: "standard" },
			threads: { type: "string", default: "1" },
			tolerance: { type: "string", default: defaultTolerance },
			output: { type: "string" },
		},
	});
	const effort = requireEffort(values.effort);
	const threads = Number(values.threads);
	if (threads !== 1 && threads !== 2) throw new Error(`threads '${values.threads}': expected 1 or 2`);
	const tolerance = toleranceIds.find((own) => own === values.tolerance);
	if (tolerance === undefined)
		throw new Error(`tolerance '${values.tolerance}': expected one of ${toleranceIds.join(", ")}`);
	const wanted = values.cases.split(",").map(findCase);
	await withSession({ effort, threads, tolerance }, async (session) => {
		const output = values.output ?? join(import.meta.dirname, `results/cpu-${session.target}.json`);
		for (const each of wanted) {
			process.stderr.write(`${each.name} …\n`);
			await keepRow(output, await measureCase(session, each), keyOf);
		}
		console.log(formatTable(await readRows<CpuRow>(output)));
	});
}

const keyOf = (row: CpuRow): string =>
	`${row.case} ${row.threads} ${row.effort} ${row.tolerance ?? defaultTolerance}`;

function findCase(name: string): CpuCase {
	const found = cpuCases.find((own) => own.name === name);
	if (found !== undefined) return found;
	throw new Error(`case '${name}': expected one of ${cpuCases.map((own) => own.name).join(", ")}`);
}

/** Throws unless the whole model is one island: a part of it would be compared with less than the case. */
async function measureCase(session: BenchSession, { name, model }: CpuCase): Promise<CpuRow> {
	const bytes = cpuModelBytes(model);
	const { graph } = importModel(bytes, { weights: Object.keys(model.weights) });
	const { islands } = partitionGraph(graph);
	const [island] = islands;
	if (island === undefined || islands.length > 1)
		throw new Error(`case '${name}': ${islands.length} islands where one is expected`);
	const result = await measureIsland(session, bytes, graph, island);
	const engine = await measureEngine(session, island, result);
	const { threads, effort, tolerance, machine } = session;
	return {
		case: name,
		threads,
		effort,
		tolerance,
		command: `node bench/cpu.ts --cases ${name} --effort ${effort} --threads ${threads} --tolerance ${tolerance}`,
		machine,
		summary: summariseIsland(session, island, result, engine),
		samples: result.stages.at(-1) ?? null,
	};
}

/** With the read that took part in the same rounds: memory is shared, and its rate at another time says little. */
function shareThen({ readRate, work, kernelNs }: MeasuredCase, machine: Machine): string {
	// Rows that are older than the figure lack it.
	if ((readRate ?? null) === null) return "–";
	const roofs = { ...machineRoofs(machine, 1), readGigabytesPerSecond: readRate ?? 0 };
	return `${((100 * rooflineNanoseconds(work, roofs)) / kernelNs).toFixed(0)} %`;
}

function formatTable(rows: readonly CpuRow[]): string {
	const lines = rows.map(
		({ case: name, threads, effort, tolerance = defaultTolerance, machine, summary }) => {
			const { baselineForm, baselineNs, kernelNs, ratio, verdict, rooflineShare } = summary;
			// Rows that are older than the figure lack it.
			const engine: EngineTime | null = summary.engine ?? null;
			const cells = [
				name,
				threads,
				effort,
				tolerance,
				`${(baselineNs / 1000).toFixed(1)} (${baselineForm})`,
				engine === null ? "–" : (engine.nodesNs / 1000).toFixed(1),
				(kernelNs / 1000).toFixed(1),
				`${ratio.median.toFixed(2)} [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`,
				engineRatio({ engine, baselineNs, kernelNs })?.toFixed(2) ?? "–",
				verdict,
				`${(100 * rooflineShare).toFixed(0)} %`,
				threads === 1 ? shareThen(summary, machine) : "–",
			];
			return `| ${cells.join(" | ")} |`;
		},
	);
	return [
		"| case | threads | effort | tolerance | ONNX Runtime µs (form) | in engine µs | kernel µs | ratio | in engine / kernel | verdict | of the roof | of the roof then |",
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
		...lines,
		"",
		engineNote,
	].join("\n");
}

await main();
