// Generated kernels beside kernels that were written by hand for the same programs: both are candidates of one measurement,
// checked alike and timed interleaved in one process, on one thread. The hand-written ones are a C file that is not part of
// the project; bench/hand-written-cases.ts says what it must define.
// Usage: node bench/hand-written.ts KERN.c [--cases a,b] [--effort standard] [--output FILE]

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BenchSession, measureIsland } from "#cli/bench-island.ts";
import { effortBudget } from "#runner/jobs/effort-budget.ts";
import { candidateId } from "#runner/measure/check-candidates.ts";
import { kernelPrefix, measureCandidates } from "#runner/measure/measure-candidates.ts";
import { bootstrapMedian, latencyOf, roundRatios } from "#runner/measure/statistics.ts";
import type { EmitUnit } from "#runner/toolchain/compile-candidates.ts";
import { abiVersion } from "#shared/codegen/c-runtime.ts";
import { present } from "#shared/fault/assert.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import { islandBaselines } from "#shared/pipeline/island-baselines.ts";
import type { Effort } from "#shared/pipeline/plan.ts";
import { targets } from "#shared/target/target.ts";
import { cpuModelBytes } from "./cpu-model.ts";
import { type HandWrittenCase, handWrittenCases } from "./hand-written-cases.ts";
import { keepRow, readRows } from "./result-rows.ts";
import { requireEffort, withSession } from "./with-session.ts";

interface HandWrittenRow {
	readonly case: string;
	readonly effort: Effort;
	readonly command: string;
	readonly machine: BenchSession["machine"];
	readonly handNs: number;
	readonly kernelNs: number;
	readonly baselineNs: number;
	/** Time of the hand-written kernel over that of the generated one; null when one of them is wrong. */
	readonly ratio: { readonly median: number; readonly low: number; readonly high: number } | null;
	/** What came of each. */
	readonly kernel: string;
	readonly hand: string;
	/** Of every round of the contest, in nanoseconds a run. */
	readonly samplesNs: { readonly kernel: readonly number[]; readonly hand: readonly number[] };
}

/** Candidates of the second measurement. */
const generated = 0;
const written = 1;
const seed = 1;

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			cases: { type: "string", default: handWrittenCases.map(({ name }) => name).join(",") },
			effort: { type: "string", default: "standard" },
			output: { type: "string" },
		},
	});
	const [file] = positionals;
	if (file === undefined) throw new Error("expected the path of the C file with hand-written kernels");
	const effort = requireEffort(values.effort);
	const wanted = values.cases.split(",").map(findCase);
	await withSession({ effort }, async (session) => {
		const output = values.output ?? join(import.meta.dirname, `results/hand-written-${session.target}.json`);
		for (const each of wanted) {
			process.stderr.write(`${each.name} …\n`);
			await keepRow(output, await compare(session, each, resolve(file)), ({ case: name }) => name);
		}
		console.log(formatTable(await readRows<HandWrittenRow>(output)));
	});
}

function findCase(name: string): HandWrittenCase {
	const found = handWrittenCases.find((own) => own.name === name);
	if (found !== undefined) return found;
	throw new Error(`case '${name}': expected one of ${handWrittenCases.map((own) => own.name).join(", ")}`);
}

/** The winner of the ordinary measurement against the hand-written kernel, in a measurement of these two alone. */
async function compare(session: BenchSession, each: HandWrittenCase, file: string): Promise<HandWrittenRow> {
	const bytes = cpuModelBytes(each.model);
	const { graph } = importModel(bytes, { weights: Object.keys(each.model.weights) });
	const { islands } = partitionGraph(graph);
	const [island] = islands;
	if (island === undefined || islands.length > 1)
		throw new Error(`case '${each.name}': ${islands.length} islands where one is expected`);
	const tuned = await measureIsland(session, bytes, graph, island);
	const source = present(tuned.kernel, "a kernel that computes the program").source;
	const names = island.programInputs.map((id) => present(graph.values[id], "a value").name);
	const { compiler, harness, runtime, signal, effort } = session;
	const result = await measureCandidates({
		program: island.program,
		target: targets[session.target],
		threads: 1,
		seed,
		tolerance: session.tolerance,
		baselines: islandBaselines(bytes, graph, island).map(({ bytes: model, ...form }) => ({ ...form, model })),
		candidatesCount: 2,
		emitUnit: emitBoth(source, (prefix) => adapterSource(each, names, prefix, file)),
		budget: { ...effortBudget(effort, 1).measure, refineMilliseconds: 0 },
		directory: join(session.directory, `${island.digest}-hand`),
		compiler,
		harness,
		runtime,
		hangMilliseconds: 10_000,
		signal,
	});
	return summarise(session, each, result);
}

function summarise(
	session: BenchSession,
	{ name }: HandWrittenCase,
	result: Awaited<ReturnType<typeof measureCandidates>>,
): HandWrittenRow {
	const { bursts } = present(
		result.stages.find(({ stage }) => stage === "contest"),
		"a contest",
	);
	const outcomeOf = (own: number): string => {
		const outcome = result.candidates.find(({ candidate }) => candidate === own)?.outcome;
		if (outcome === undefined) return "missing";
		return outcome.kind === "timed" ? outcome.kind : JSON.stringify(outcome);
	};
	const ratios = roundRatios(bursts, candidateId(written), candidateId(generated));
	const samples = (own: number): number[] =>
		bursts
			.filter(({ participant }) => participant === candidateId(own))
			.flatMap(({ nanoseconds }) => nanoseconds);
	const { effort, machine } = session;
	return {
		case: name,
		effort,
		command: `node bench/hand-written.ts KERN.c --cases ${name} --effort ${effort}`,
		machine,
		handNs: latencyOf(bursts, candidateId(written)),
		kernelNs: latencyOf(bursts, candidateId(generated)),
		baselineNs: result.baseline.latencyNanoseconds,
		ratio: ratios.length === 0 ? null : bootstrapMedian(ratios, createRandom(seed, 1)),
		kernel: outcomeOf(generated),
		hand: outcomeOf(written),
		samplesNs: { kernel: samples(generated), hand: samples(written) },
	};
}

/** The hand-written file comes last: its macros have names of a letter. */
function emitBoth(source: string, adapter: (prefix: string) => string): EmitUnit {
	return (parts) =>
		[
			"#define _GNU_SOURCE",
			...[...parts]
				.sort((a, b) => a.candidate - b.candidate)
				.map(({ candidate, prefix }) =>
					candidate === written ? adapter(prefix) : source.replaceAll(kernelPrefix, prefix),
				),
		].join("\n");
}

/** The kernel ABI over the file's globals. */
function adapterSource(
	{ function: name, model, bound, packed, result, setup }: HandWrittenCase,
	inputs: readonly string[],
	prefix: string,
	file: string,
): string {
	const position = (input: string): number => {
		const at = inputs.indexOf(input);
		if (at < 0) throw new Error(`input '${input}': expected one of ${inputs.join(", ")}`);
		return at;
	};
	const resultBytes = 4 * model.output.reduce((product, extent) => product * extent, 1);
	const panels = Object.entries(packed).map(([weight, pointer], at) => {
		const type = pointer.startsWith("H") ? "uint16_t" : "float";
		const offset = `(size_t)${at} * K * N * sizeof(${type})`;
		return {
			pack: `	{
		const ${type} *w = inputs[${position(weight)}];
		${type} *p = (${type} *)((char *)prepared + ${offset});
		for (int j = 0; j < N / 32; j++)
			for (int i = 0; i < K; i++) memcpy(p + ((size_t)j * K + i) * 32, w + (size_t)i * N + j * 32, 32 * sizeof(${type}));
	}`,
			bind: `	${pointer} = (${type} *)((char *)prepared + ${offset});`,
			bytes: `(size_t)K * N * sizeof(${type})`,
		};
	});
	const pointers = Object.entries(bound).map(
		([input, pointer]) => `	${pointer} = (float *)inputs[${position(input)}];`,
	);
	return `#pragma GCC optimize("O3")
#pragma GCC target("avx512bf16,avx512vl,avx512bw,avx512dq,f16c,fma")
#define main hand_written_main
#include "${file}"
#undef main
size_t ${prefix}_prepared_bytes(void) { return ${["0", ...panels.map(({ bytes }) => bytes)].join(" + ")}; }
size_t ${prefix}_workspace_bytes(int threads) { (void)threads; return 64; }
int ${prefix}_abi_version(void) { return ${abiVersion}; }
int ${prefix}_reads(int input) { (void)input; return 1; }
int ${prefix}_prepare(const void *const *inputs, void *prepared) {
	(void)inputs, (void)prepared;
	madvise(prepared, ${prefix}_prepared_bytes(), MADV_HUGEPAGE);
${panels.map(({ pack }) => pack).join("\n")}
	return 0;
}
int ${prefix}_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads) {
	static int isSetUp = 0;
	(void)workspace, (void)prepared, (void)threads;
	if (!isSetUp) { ${setup} isSetUp = 1; }
${[...pointers, ...panels.map(({ bind }) => bind)].join("\n")}
	/* Streaming stores want whole lines; timing gives them, checks do not. */
	static float *lines = NULL;
	const int isAligned = ((uintptr_t)outputs[0] & 63) == 0;
	if (!isAligned && lines == NULL) lines = xalloc(${resultBytes});
	${result} = isAligned ? outputs[0] : lines;
	NEXT = 0;
	${name}(0, 1);
	if (!isAligned) memcpy(outputs[0], lines, ${resultBytes});
	return 0;
}
`;
}

function formatTable(rows: readonly HandWrittenRow[]): string {
	const microseconds = (nanoseconds: number): string => (nanoseconds / 1000).toFixed(1);
	const lines = rows.map(({ case: name, handNs, kernelNs, ratio, kernel, hand }) => {
		const cell =
			ratio === null
				? `${kernel} / ${hand}`
				: `${ratio.median.toFixed(2)} [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`;
		return `| ${name} | ${microseconds(handNs)} | ${microseconds(kernelNs)} | ${cell} |`;
	});
	const ratios = rows.flatMap(({ ratio }) => (ratio === null ? [] : [Math.log(ratio.median)]));
	const mean = Math.exp(ratios.reduce((sum, own) => sum + own, 0) / ratios.length);
	return [
		"| case | hand-written µs | kernel µs | ratio |",
		"| --- | --- | --- | --- |",
		...lines,
		`\nGeometric mean of ${ratios.length} ratios: ${mean.toFixed(3)}`,
	].join("\n");
}

await main();
