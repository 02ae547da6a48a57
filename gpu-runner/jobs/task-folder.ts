// Scratch of one task, gigabytes where weights are large: named after its runner, so that what a killed one left behind
// can be told from what a living one works in.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const pattern = /^task-(\d+)-/;

/** An empty folder for a task of this process. Readable by its owner only. */
export function createTaskFolder(workFolder: string): Promise<string> {
	return mkdtemp(join(workFolder, `task-${process.pid}-`));
}

/** Removes the folders of runners that are gone. For the start: folders of this very number are an earlier process's. */
export async function removeOrphanedTaskFolders(workFolder: string): Promise<void> {
	for (const name of await readdir(workFolder)) {
		const owner = Number(pattern.exec(name)?.[1] ?? 0);
		if (owner === 0 || (owner !== process.pid && isAlive(owner))) continue;
		await rm(join(workFolder, name), { recursive: true, force: true });
	}
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (fault) {
		// EPERM: it is there, and somebody else's.
		return !(fault instanceof Error && "code" in fault && fault.code === "ESRCH");
	}
}
