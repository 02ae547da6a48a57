// If this process is killed outright, its children would live on: workerd does not watch its parent. A shell of a few
// hundred kilobytes waits on a pipe from us; when the pipe closes, we are gone and it ends what we had started.

import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Lines on stdin are the whole list of what to end: pids, or negative numbers for process groups. Empty: nothing. */
const guardScript = `
doomed=""
while read -r line; do doomed="$line"; done
[ -n "$doomed" ] || exit 0
sleep 1
kill -9 $doomed 2>/dev/null
exit 0
`;

export interface OrphanGuard {
	/** Also ends this process when we die. */
	watchProcess(pid: number): void;
	/** Also ends this process group when we die. */
	watchGroup(groupId: number): void;
	forgetGroup(groupId: number): void;
	/** Nothing is left to guard: the guard goes. */
	dismiss(): void;
}

/** Starts the guard in a session of its own, so that a Ctrl-C on our terminal does not reach it. */
export function startOrphanGuard(): OrphanGuard {
	const shell: ChildProcess = spawn("/bin/sh", ["-c", guardScript], {
		detached: true,
		stdio: ["pipe", "ignore", "ignore"],
	});
	shell.unref();
	// The guard may be gone first (killed by hand); that is no reason for us to fail.
	shell.stdin?.on("error", () => {});
	shell.on("error", () => {});
	const doomed = new Set<number>();
	const tell = (): void => {
		shell.stdin?.write(`${[...doomed].join(" ")}\n`);
	};
	return {
		watchProcess: (pid) => {
			doomed.add(pid);
			tell();
		},
		watchGroup: (groupId) => {
			doomed.add(-groupId);
			tell();
		},
		forgetGroup: (groupId) => {
			doomed.delete(-groupId);
			tell();
		},
		dismiss: () => {
			doomed.clear();
			tell();
			shell.stdin?.end();
		},
	};
}

/** Pids of our direct children whose command name is `name`; empty where there is no /proc. */
export function childrenNamed(name: string): readonly number[] {
	return numericEntries("/proc").filter((pid) => {
		try {
			const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
			const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
			return parent === process.pid && stat.includes(`(${name})`);
		} catch {
			// Ended between the listing and the look: not a child of ours any more.
			return false;
		}
	});
}

function numericEntries(folder: string): readonly number[] {
	try {
		return readdirSync(folder)
			.filter((entry) => /^\d+$/.test(entry))
			.map(Number);
	} catch {
		return [];
	}
}
