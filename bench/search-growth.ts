// How the search grows with a program: states and time against operators (a transformer block from its start), and against
// axes (a chain of products, and attention with more and more batch axes). Writes docs/search-growth-*.svg and results/search-growth.json.
// Usage: node bench/search-growth.ts

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { present } from "#shared/fault/assert.ts";
import { effortBudgets } from "#shared/pipeline/plan-program.ts";
import { type AxisId, type Program, programNodeOperands } from "#shared/program/program.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { rowMajorStrides } from "#shared/tensor/shape.ts";
import { transformerBlock } from "#test/support/attention-programs.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import { softmax } from "#test/support/programs.ts";
import { type ChartLine, drawChart } from "./line-chart.ts";

interface GrowthPoint {
	/** Operators, or axes. */
	readonly size: number;
	readonly values: number;
	readonly states: number;
	readonly muGraphs: number;
	readonly milliseconds: number;
	readonly closure: string;
	readonly stop: string;
}

/** What a plan of standard effort may spend. */
const { searchStatesMax, muGraphsMax } = effortBudgets.standard;

function measure(size: number, program: Program): GrowthPoint {
	const startedAt = process.cpuUsage();
	const { report } = searchMuGraphs(program, { statesMax: searchStatesMax, foundMax: muGraphsMax });
	const { user, system } = process.cpuUsage(startedAt);
	return {
		size,
		values: report.algebra.values,
		states: report.statesVisited,
		muGraphs: report.emitted,
		milliseconds: (user + system) / 1000,
		closure: report.algebra.closure,
		stop: report.stop,
	};
}

/** The first operators of a program, with every value that none of them reads as an output. */
function firstOperators(program: Program, count: number): Program {
	let operators = 0;
	const end = program.nodes.findIndex((node) => {
		if (node.kind !== "input" && node.kind !== "constant") operators++;
		return operators > count;
	});
	const nodes = end < 0 ? program.nodes : program.nodes.slice(0, end);
	const read = new Set(nodes.flatMap(programNodeOperands));
	const unread = nodes.flatMap((node, id) =>
		read.has(id) || node.kind === "input" || node.kind === "constant" ? [] : [id],
	);
	return {
		...program,
		nodes,
		outputs: unread.map((node) => {
			const { axes } = present(nodes[node], "node");
			const shape = axes.map((axis) => present(program.axes[axis], "axis").extent);
			const access = { offset: 0, axes, strides: rowMajorStrides(shape) };
			return { shape, dataType: "float32", pieces: [{ node, access }] };
		}),
	};
}

function growOperators(): GrowthPoint[] {
	const block = transformerBlock(16, 64, 4, 128);
	const sizes = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 24, 28, 32, 36];
	return sizes.map((size) => measure(size, firstOperators(block, size)));
}

/** A product of matrices, one fewer than axes: in how many orders it can be taken grows as Catalan's numbers. */
function growChain(): GrowthPoint[] {
	return [3, 4, 5, 6, 7, 8].map((count) => {
		const b = buildProgram();
		const axes = Array.from({ length: count }, (_, at) => b.axis(16 + 16 * at));
		const matrices = axes.slice(1).map((axis, at) => b.input([present(axes[at], "axis"), axis]));
		const [first = 0, ...rest] = matrices;
		b.output(rest.reduce((left, right, at) => b.contract(left, right, present(axes[at + 1], "axis")), first));
		return measure(count, b.build());
	});
}

/** Attention with 4 axes (queries, keys, depth, columns) and more that go with all of them. */
function growBatchAxes(): GrowthPoint[] {
	return [4, 5, 6, 7, 8].map((count) => {
		const b = buildProgram();
		const batch: AxisId[] = Array.from({ length: count - 4 }, () => b.axis(4));
		const [query, key, depth, column] = [b.axis(64), b.axis(256), b.axis(64), b.axis(64)];
		const scores = b.contract(b.input([...batch, query, depth]), b.input([...batch, key, depth]), depth);
		b.output(b.contract(softmax(b, scores, key), b.input([...batch, key, column]), key));
		return measure(count, b.build());
	});
}

function linesOf(points: readonly GrowthPoint[]): ChartLine[] {
	const limited = points.find(({ closure, stop }) => closure !== "complete" || stop !== "saturated");
	const line = (title: string, of: (point: GrowthPoint) => number): ChartLine => ({
		title,
		points: points.map((point) => [point.size, of(point)]),
		...(limited === undefined ? {} : { limitedFrom: limited.size }),
	});
	return [
		line("states", ({ states }) => states),
		line("values of the closure", ({ values }) => values),
		line("distinct µGraphs", ({ muGraphs }) => muGraphs),
		line("milliseconds", ({ milliseconds }) => milliseconds),
	];
}

function formatTable(title: string, points: readonly GrowthPoint[]): string {
	const rows = points.map(
		({ size, values, states, muGraphs, milliseconds, closure, stop }) =>
			`| ${size} | ${values} | ${states} | ${muGraphs} | ${milliseconds.toFixed(0)} | ${closure}, ${stop} |`,
	);
	return [
		`| ${title} | values | states | µGraphs | ms | closure, search |`,
		"| --- | --- | --- | --- | --- | --- |",
		...rows,
	].join("\n");
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: { docs: { type: "string", default: join(import.meta.dirname, "../docs") } },
	});
	const operators = growOperators();
	const chain = growChain();
	const batchAxes = growBatchAxes();
	const results = join(import.meta.dirname, "results");
	await mkdir(results, { recursive: true });
	await writeFile(
		join(results, "search-growth.json"),
		`${JSON.stringify({ searchStatesMax, operators, chain, batchAxes }, null, "\t")}\n`,
	);
	const charts = [
		{ file: "search-growth-operators.svg", xTitle: "operators", points: operators },
		{ file: "search-growth-axes.svg", xTitle: "axes of a chain of products", points: chain },
	];
	for (const { file, xTitle, points } of charts) {
		const title = `Search against ${xTitle}; hollow: stopped by a budget`;
		await writeFile(
			join(values.docs, file),
			drawChart({ title, xTitle, yTitle: "count, ms", lines: linesOf(points) }),
		);
	}
	const tables = [
		formatTable("operators", operators),
		formatTable("axes of a chain of products", chain),
		formatTable("axes of attention", batchAxes),
	];
	console.log(tables.join("\n\n"));
}

await main();
