// kiln bench: interleaved timing of tuned kernels against ONNX Runtime's best form, island by island, on this machine.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Option } from "commander";
import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import { type Effort, efforts } from "#shared/pipeline/plan.ts";
import type { BenchCase } from "../bench-island.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { requireTarget } from "../local-target.ts";
import { parseThreads } from "../parse-options.ts";
import { addBindingOptions, type BindingOptions, readLocalModel } from "../read-model.ts";
import { benchHead, benchRow, benchSum } from "../report/bench-table.ts";
import { engineNote } from "../report/engine-ratio.ts";
import { sumCases } from "../report/sum-cases.ts";
import { toleranceOption } from "../tolerance-option.ts";
import { userPath } from "../user-path.ts";

interface BenchOptions extends BindingOptions {
	readonly kernels?: string;
	readonly threads: number;
	readonly effort: Effort;
	readonly tolerance: ToleranceId;
	readonly html?: string;
}

export const addBench: AddCommand = (program, run) => {
	addBindingOptions(program.command("bench"))
		.description("interleaved timing against ONNX Runtime on this machine")
		.argument("<model>", "ONNX file")
		.option(
			"--kernels <dir>",
			"what `kiln optimize` wrote (default: candidates found here, without the cache)",
		)
		.option("--threads <number>", "threads that kernel and baseline may use", parseThreads, 1)
		.addOption(new Option("--effort <level>", "how long to measure").choices(efforts).default("quick"))
		.addOption(toleranceOption())
		.option("--html <file>", "write a self-contained report")
		.addHelpText(
			"after",
			"\nExamples:\n  kiln bench model.onnx --kernels kernels --json\n  kiln bench model.onnx --html report.html",
		)
		.action((model: string, options: BenchOptions) => run((context) => bench(model, options, context)));
};

async function bench(
	path: string,
	options: BenchOptions,
	{ terminal, signal }: CommandContext,
): Promise<ExitCode> {
	// Loaded late: no other command needs the measuring code.
	const { benchIsland, openBench } = await import("../bench-island.ts");
	const { renderBenchPage } = await import("../report/bench-page.ts");
	const target = await requireTarget(undefined);
	const { bytes, graph, partition } = await readLocalModel(path, options);
	const directory = await mkdtemp(join(tmpdir(), "kiln-bench-"));
	try {
		const session = await openBench({
			target,
			threads: options.threads,
			effort: options.effort,
			tolerance: options.tolerance,
			kernels: options.kernels === undefined ? null : userPath(options.kernels),
			directory,
			signal,
			note: (line) => terminal.note(`kiln: ${line}`),
		});
		const { islands } = partition;
		const distinct = islands.filter(
			({ digest }, at) => islands.findIndex((other) => other.digest === digest) === at,
		);
		const cases: BenchCase[] = [];
		for (const [done, island] of distinct.entries()) {
			terminal.progress({ phase: "measuring", done, total: distinct.length });
			const occurrences = islands.filter(({ digest }) => digest === island.digest).length;
			const measured = { ...(await benchIsland(session, bytes, graph, island)), occurrences };
			cases.push(measured);
			if (done === 0) terminal.print(benchHead);
			terminal.print(benchRow(measured));
		}
		const summed = sumCases(cases);
		if (cases.length > 1) terminal.print(benchSum(summed));
		if (cases.some(({ engine }) => engine !== null)) terminal.note(engineNote);
		const { machine, threads, tolerance } = session;
		const report = { machine, threads, tolerance, cases, summed };
		if (options.html !== undefined) {
			const command = `kiln bench ${process.argv.slice(process.argv.indexOf("bench") + 1).join(" ")}`;
			const page = renderBenchPage({ ...report, model: basename(path), command });
			await writeFile(userPath(options.html), page);
			terminal.note(`kiln: report in ${options.html}`);
		}
		terminal.printJson(report);
		return exitCodes.ok;
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}
