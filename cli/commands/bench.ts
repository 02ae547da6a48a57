// kiln bench: interleaved timing of tuned kernels against ONNX Runtime's best form, island by island, on this machine.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import { type Effort, efforts } from "#shared/pipeline/plan.ts";
import type { BenchCase } from "../bench-island.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { requireTarget } from "../local-target.ts";
import { formatNanoseconds } from "../optimization-view.ts";
import { parseThreads } from "../parse-options.ts";
import { addBindingOptions, type BindingOptions, readLocalModel, readModelFile } from "../read-model.ts";
import { userPath } from "../user-path.ts";

interface BenchOptions extends BindingOptions {
	readonly kernels?: string;
	readonly threads: number;
	readonly effort: Effort;
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
		.addHelpText("after", "\nExample:\n  kiln bench model.onnx --kernels kernels --json")
		.action((model: string, options: BenchOptions) => run((context) => bench(model, options, context)));
};

async function bench(
	path: string,
	options: BenchOptions,
	{ terminal, signal }: CommandContext,
): Promise<ExitCode> {
	// Loaded late: no other command needs the measuring code.
	const { benchIsland, openBench } = await import("../bench-island.ts");
	const target = await requireTarget(undefined);
	const bytes = await readModelFile(path);
	const { graph, partition } = await readLocalModel(path, options);
	const directory = await mkdtemp(join(tmpdir(), "kiln-bench-"));
	try {
		const session = await openBench({
			target,
			threads: options.threads,
			effort: options.effort,
			kernels: options.kernels === undefined ? null : userPath(options.kernels),
			directory,
			signal,
		});
		const { islands } = partition;
		const distinct = islands.filter(
			({ digest }, at) => islands.findIndex((other) => other.digest === digest) === at,
		);
		const cases: BenchCase[] = [];
		for (const [done, island] of distinct.entries()) {
			terminal.progress({ phase: "measuring", done, total: distinct.length });
			const measured = await benchIsland(session, bytes, graph, island);
			cases.push(measured);
			terminal.print(describeCase(measured));
		}
		terminal.printJson({ machine: session.machine, threads: options.threads, cases });
		return exitCodes.ok;
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}

function describeCase({ island, verdict, ratio, baselineNs, kernelNs, rooflineShare }: BenchCase): string {
	const times = `${formatNanoseconds(baselineNs)} -> ${formatNanoseconds(kernelNs)}`;
	const interval = `${ratio.median.toFixed(2)}x [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`;
	return `island ${island}  ${verdict}  ${interval}  ${times}, ${Math.round(rooflineShare * 100)} % of the roofline`;
}
