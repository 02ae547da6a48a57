// What a command may say and where: data on stdout, messages and progress on stderr.

import type { Progress } from "#shared/pipeline/ports.ts";
import { escapeUntrusted, safeJson } from "./escape-untrusted.ts";

export interface Terminal {
	/** The caller wants one JSON value on stdout and nothing else. */
	readonly isJson: boolean;
	/** A line of data. Not shown with `--json`. */
	print(line: string): void;
	/** The command's result; shown with `--json` only. */
	printJson(value: unknown): void;
	/** A message for people. Not shown with `--quiet`. */
	note(line: string): void;
	/** Shown always. */
	warn(line: string): void;
	readonly progress: Progress;
	/** Clears the progress line, if one is showing. */
	endProgress(): void;
}

export interface TerminalOptions {
	readonly isJson: boolean;
	readonly isQuiet: boolean;
}

/** Where the lines go; process.stdout and process.stderr outside of tests. */
export interface TerminalStreams {
	readonly data: { write(text: string): unknown };
	readonly messages: { write(text: string): unknown; readonly isTTY?: boolean };
}

const barCells = 24;
/** Without a terminal a phase that goes on says so this often. */
const plainProgressMilliseconds = 5_000;

export function createTerminal(
	options: TerminalOptions,
	streams: TerminalStreams = { data: process.stdout, messages: process.stderr },
): Terminal {
	const reporter = createProgressReporter(options, streams);
	const message = (line: string): void => {
		reporter.clear();
		streams.messages.write(`${escapeUntrusted(line)}\n`);
	};
	return {
		isJson: options.isJson,
		print: (line) => {
			reporter.clear();
			if (!options.isJson) streams.data.write(`${escapeUntrusted(line)}\n`);
		},
		printJson: (value) => {
			reporter.clear();
			if (options.isJson) streams.data.write(`${safeJson(value)}\n`);
		},
		note: (line) => {
			if (!options.isQuiet) message(line);
		},
		warn: message,
		progress: reporter.report,
		endProgress: reporter.clear,
	};
}

interface ProgressReporter {
	readonly report: Progress;
	readonly clear: () => void;
}

function createProgressReporter(options: TerminalOptions, streams: TerminalStreams): ProgressReporter {
	if (options.isQuiet) return { report: () => {}, clear: () => {} };
	const out = streams.messages;
	if (out.isTTY === true) {
		let isShowing = false;
		return {
			report: (step) => {
				out.write(`\r\u001b[K${escapeUntrusted(progressLine(step))}`);
				isShowing = true;
			},
			clear: () => {
				if (isShowing) out.write("\r\u001b[K");
				isShowing = false;
			},
		};
	}
	let lastLine = "";
	let lastPhase = "";
	let lastMilliseconds = Number.NEGATIVE_INFINITY;
	return {
		report: (step) => {
			const line = progressLine(step);
			const now = performance.now();
			if (
				line === lastLine ||
				(step.phase === lastPhase && now - lastMilliseconds < plainProgressMilliseconds)
			) {
				return;
			}
			[lastLine, lastPhase, lastMilliseconds] = [line, step.phase, now];
			out.write(`${escapeUntrusted(line)}\n`);
		},
		clear: () => {},
	};
}

function progressLine(step: Parameters<Progress>[0]): string {
	const note = step.note === undefined ? "" : ` ${step.note}`;
	if (step.done === undefined || step.total === undefined || step.total === 0) return `${step.phase}…${note}`;
	const filled = Math.round((barCells * Math.min(step.done, step.total)) / step.total);
	const bar = "█".repeat(filled) + "░".repeat(barCells - filled);
	return `${step.phase} ${bar} ${step.done}/${step.total}${note}`;
}
