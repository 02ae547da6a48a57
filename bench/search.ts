// What the search costs and finds, program by program, each in an isolate with a Worker's memory.
// Usage: OUTSIDE_SUITES=… node bench/search.ts [--cases "LoRA;nTrans"] [--output FILE]
// Writes results/search.json, prints Markdown. Times are CPU time of one thread.

import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { type SearchCase, searchCases } from "./search-cases.ts";
import type { SearchRow } from "./search-worker.ts";

/** A Worker's 128 MiB, young generation and code included. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 24, codeRangeSizeMb: 8 };
const heapSampleMilliseconds = 20;

interface MeasuredCase {
	readonly row: SearchRow;
	/** MiB of V8's heap, sampled: garbage that was not collected yet counts. */
	readonly heapMebibytes: number;
}

async function main(): Promise<void> {
	const { values } = parseArgs({ options: { cases: { type: "string" }, output: { type: "string" } } });
	const suites = process.env.OUTSIDE_SUITES ?? "";
	const asked = values.cases?.split(";");
	const cases = searchCases.filter(
		({ name, source }) =>
			(asked === undefined || asked.includes(name)) && (suites !== "" || "build" in source),
	);
	const measured: MeasuredCase[] = [];
	for (const own of cases) {
		process.stderr.write(`${own.name} …\n`);
		measured.push(await runCase(own, suites));
	}
	const machine = `${cpus()[0]?.model ?? "unknown"}, Node ${process.version}, one thread`;
	const output = values.output ?? join(import.meta.dirname, "results/search.json");
	await mkdir(dirname(output), { recursive: true });
	await writeFile(output, `${JSON.stringify({ machine, cases: measured }, null, "\t")}\n`);
	console.log(formatTable(measured));
}

/** Rejects when the case does not fit the memory. */
async function runCase({ name }: SearchCase, suites: string): Promise<MeasuredCase> {
	const worker = new Worker(new URL("./search-worker.ts", import.meta.url), {
		workerData: { name, suites },
		resourceLimits,
	});
	let heapBytes = 0;
	const sampling = setInterval(() => {
		worker.getHeapStatistics().then(
			({ used_heap_size }) => {
				heapBytes = Math.max(heapBytes, used_heap_size);
			},
			() => undefined,
		);
	}, heapSampleMilliseconds);
	try {
		const row = await new Promise<SearchRow>((resolve, reject) => {
			worker.once("message", resolve);
			worker.once("error", reject);
			worker.once("exit", (code) => reject(new Error(`${name}: worker left with ${code}`)));
		});
		return { row, heapMebibytes: heapBytes / 2 ** 20 };
	} finally {
		clearInterval(sampling);
		await worker.terminate();
	}
}

function formatTable(measured: readonly MeasuredCase[]): string {
	const header =
		"| program | operators | values | DAGs | states | µGraphs | search s | proven | proofs s | heap MiB | bytes fused / unfused | winner | Mirage: µGraphs, s |";
	const rule = "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";
	const rows = measured.map(({ row, heapMebibytes }) => {
		const { report } = row;
		const mirage = searchCases.find(({ name }) => name === row.name)?.mirage;
		const cells = [
			row.name,
			row.operators,
			report.algebra.values,
			report.dags,
			report.statesVisited,
			report.emitted,
			(row.searchMilliseconds / 1000).toFixed(2),
			`${row.verified} of ${row.tested}`,
			(row.verifyMilliseconds / 1000).toFixed(2),
			heapMebibytes.toFixed(0),
			`${mebibytes(row.bytes)} / ${mebibytes(row.bytesUnfused)} MiB`,
			row.isWinnerFound ? `found: ${row.traits.slice(0, 4).join(", ")}` : "not found",
			mirage === undefined ? "-" : `${mirage.candidates}; ${mirage.seconds}`,
		];
		return `| ${cells.join(" | ")} |`;
	});
	return [header, rule, ...rows].join("\n");
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(2);

await main();
