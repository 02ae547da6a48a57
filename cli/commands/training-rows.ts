// kiln training-rows: every measurement that a data folder holds, as one JSONL file to train a cost model on.

import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { dataFolderOption, dataFolderPath } from "../data-folder-option.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { userPath } from "../user-path.ts";

interface TrainingRowsOptions {
	readonly dataFolder?: string;
	readonly output: string;
}

export const addTrainingRows: AddCommand = (program, run) => {
	program
		.command("training-rows")
		.description("all measurements of a data folder as one JSONL file (docs/training-rows.md)")
		.requiredOption("-o, --output <file>", "JSONL file to write")
		.addOption(dataFolderOption())
		.addHelpText("after", "\nExample:\n  kiln training-rows -o rows.jsonl")
		.action((options: TrainingRowsOptions) => run((context) => exportRows(options, context)));
};

async function exportRows(options: TrainingRowsOptions, { terminal }: CommandContext): Promise<ExitCode> {
	const dataFolder = dataFolderPath(options.dataFolder);
	if (!existsSync(dataFolder))
		throw new OptimizeError("request.invalid", `there is no data folder ${dataFolder}`, { dataFolder });
	const output = userPath(options.output);
	// Loaded late: no other command needs a store of its own.
	const { readTrainingRows, withFolderStore } = await import("#infra/export-training-rows.ts");
	const counts = { tasks: 0, rows: 0, invalid: 0 };
	await withFolderStore(dataFolder, async (store) => {
		const file = await open(output, "w");
		try {
			for await (const { key, lines, linesInvalid } of readTrainingRows(store)) {
				for (const line of lines) await file.write(`${line}\n`);
				if (linesInvalid > 0) terminal.warn(`kiln: ${key}: ${linesInvalid} lines are no training rows`);
				counts.tasks += 1;
				counts.rows += lines.length;
				counts.invalid += linesInvalid;
			}
		} finally {
			await file.close();
		}
	});
	terminal.print(`${counts.rows} rows of ${counts.tasks} tasks to ${output}`);
	terminal.printJson({ output, ...counts });
	return exitCodes.ok;
}
