import type { Command } from "commander";
import type { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** What every command gets besides its own arguments. */
export interface CommandContext {
	readonly terminal: Terminal;
	/**
	 * Aborted by Ctrl-C and SIGTERM: finish cleaning up and return. They are caught from its first use on; a command that
	 * leaves nothing behind never asks for it, and they end it at once, in the middle of a computation too.
	 */
	readonly signal: AbortSignal;
}

/** Runs one command's work: makes its context, and turns its end into the exit code. */
export type RunCommand = (work: (context: CommandContext) => Promise<ExitCode>) => Promise<void>;

/** Adds one command to the program. Each file in commands/ exports one. */
export type AddCommand = (program: Command, run: RunCommand) => void;
