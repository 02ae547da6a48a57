// Keeps one runner alive: a child process in its own group, started again with growing pauses when it dies.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { OrphanGuard } from "./orphan-guard.ts";

export interface RunnerSupervisor {
	/** Of the runner that is alive now, or null between two lives. */
	pid(): number | null;
	/** Asks it to drain, waits a little, then ends its whole group. */
	stop(): Promise<void>;
}

export interface RunnerOptions {
	/** What gpu-runner/env.ts reads; added to PATH and HOME of this process, nothing else is inherited. */
	readonly environment: Readonly<Record<string, string>>;
	readonly guard: OrphanGuard;
	readonly onLogLine: (line: string) => void;
}

const runnerMain = fileURLToPath(new URL("../gpu-runner/main.ts", import.meta.url));
const restartPauseMillisecondsMin = 200;
const restartPauseMillisecondsMax = 10_000;
/** A life this long counts as healthy: the next pause is the shortest again. */
const healthyLifeMilliseconds = 20_000;
/** A runner may finish what it is measuring for this long after SIGTERM. */
const drainMilliseconds = 3_000;
const inheritedVariables = ["PATH", "HOME", "TMPDIR", "LANG", "CC"] as const;

export function superviseRunner(options: RunnerOptions): RunnerSupervisor {
	let child: ChildProcess | null = null;
	let isStopping = false;
	let pauseMilliseconds = restartPauseMillisecondsMin;
	let restartTimer: NodeJS.Timeout | null = null;

	const start = (): void => {
		const startedAt = performance.now();
		const runner = spawnRunner(options);
		child = runner;
		runner.once("close", (code, signal) => {
			if (child === runner) child = null;
			endGroup(runner, options.guard);
			if (isStopping) return;
			options.onLogLine(`runner ended (${signal ?? `exit code ${code}`}); starting it again`);
			if (performance.now() - startedAt > healthyLifeMilliseconds) {
				pauseMilliseconds = restartPauseMillisecondsMin;
			}
			restartTimer = setTimeout(start, pauseMilliseconds);
			pauseMilliseconds = Math.min(pauseMilliseconds * 2, restartPauseMillisecondsMax);
		});
	};
	start();

	return {
		pid: () => child?.pid ?? null,
		stop: async () => {
			isStopping = true;
			if (restartTimer !== null) clearTimeout(restartTimer);
			if (child !== null) await drain(child);
		},
	};
}

function spawnRunner(options: RunnerOptions): ChildProcess {
	const inherited: Record<string, string> = {};
	for (const name of inheritedVariables) {
		const value = process.env[name];
		if (value !== undefined) inherited[name] = value;
	}
	// stdin stays open as long as we live: the runner reads its end as our death.
	const runner = spawn(process.execPath, [runnerMain], {
		detached: true,
		stdio: ["pipe", "pipe", "pipe"],
		env: { ...inherited, ...options.environment },
	});
	runner.stdin?.on("error", () => {});
	runner.on("error", (error) => options.onLogLine(`runner: ${error.message}`));
	for (const stream of [runner.stdout, runner.stderr]) {
		if (stream !== null) createInterface({ input: stream }).on("line", options.onLogLine);
	}
	if (runner.pid !== undefined) options.guard.watchGroup(runner.pid);
	return runner;
}

async function drain(runner: ChildProcess): Promise<void> {
	const closed = new Promise<void>((resolve) => runner.once("close", () => resolve()));
	runner.kill("SIGTERM");
	const timer = setTimeout(() => killGroup(runner), drainMilliseconds);
	await closed;
	clearTimeout(timer);
}

/** What the runner left behind (a compiler, a measuring child) goes with it. */
function endGroup(runner: ChildProcess, guard: OrphanGuard): void {
	killGroup(runner);
	if (runner.pid !== undefined) guard.forgetGroup(runner.pid);
}

function killGroup(runner: ChildProcess): void {
	if (runner.pid === undefined) return;
	try {
		process.kill(-runner.pid, "SIGKILL");
	} catch (error) {
		// ESRCH: the whole group has ended by itself.
		if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
	}
}
