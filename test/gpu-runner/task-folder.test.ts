import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { createTaskFolder, removeOrphanedTaskFolders } from "#runner/jobs/task-folder.ts";

test("folders of runners that are gone are removed, and nothing else", async (context) => {
	const workFolder = mkdtempSync(join(tmpdir(), "kiln-work-"));
	context.onTestFinished(() => rmSync(workFolder, { recursive: true }));
	const { pid: gone } = spawnSync("/bin/true");
	const earlier = await createTaskFolder(workFolder);
	const kept = [`task-${process.ppid}-aaaaaa`, "task-x", "harness-0123", "probe.json"];
	for (const name of [`task-${gone}-bbbbbb`, ...kept])
		mkdirSync(join(workFolder, name, "deep"), { recursive: true });
	expect(statSync(earlier).mode & 0o077).toBe(0);
	await removeOrphanedTaskFolders(workFolder);
	expect(readdirSync(workFolder).sort()).toEqual([...kept].sort());
	const fresh = await createTaskFolder(workFolder);
	expect(readdirSync(workFolder)).toContain(basename(fresh));
});
