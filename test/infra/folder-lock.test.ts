import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderOwner, lockFolder } from "#infra/folder-lock.ts";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "kiln-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function lockInChild(child: string): Promise<ChildProcess> {
	const script = `import { lockFolder } from "#infra/folder-lock.ts";
		const outcome = lockFolder(${JSON.stringify(child)});
		process.stdout.write(outcome.kind + "\\n");
		process.stdin.resume();`;
	const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	await new Promise((resolve) => holder.stdout.once("data", resolve));
	return holder;
}

async function kill(child: ChildProcess): Promise<void> {
	const closed = new Promise((resolve) => child.once("close", resolve));
	child.kill("SIGKILL");
	await closed;
}

describe("lockFolder", () => {
	test("a held folder names the process that holds it", async () => {
		const holder = await lockInChild(folder);
		try {
			expect(lockFolder(folder)).toMatchObject({ kind: "held", owner: { pid: holder.pid, url: null } });
		} finally {
			await kill(holder);
		}
	});

	test("a lock whose owner was killed is taken over", async () => {
		await kill(await lockInChild(folder));
		expect(lockFolder(folder).kind).toBe("locked");
	});

	test.each([
		[
			"a pid that another process has got meanwhile",
			JSON.stringify({ pid: process.pid, startTicks: "1", url: null }),
		],
		["half a line", '{"pid": 12'],
		["nothing", ""],
	])("a lock file that holds %s is stale", (_, text) => {
		writeFileSync(join(folder, "lock"), text);
		expect(lockFolder(folder).kind).toBe("locked");
	});

	test("release frees the folder and leaves no file behind", () => {
		const first = lockFolder(folder);
		if (first.kind === "locked") first.lock.release();
		expect(readdirSync(folder)).toEqual([]);
		expect(lockFolder(folder).kind).toBe("locked");
	});

	test("an announced address is what other processes read", () => {
		const mine = lockFolder(folder);
		if (mine.kind === "locked") mine.lock.announce("http://127.0.0.1:1");
		expect(folderOwner(folder)).toMatchObject({ pid: process.pid, url: "http://127.0.0.1:1" });
	});

	test("of several processes that start at once on a stale lock exactly one gets it", async () => {
		writeFileSync(join(folder, "lock"), JSON.stringify({ pid: 2 ** 22 + 1, startTicks: "1", url: null }));
		const script = `import { lockFolder } from "#infra/folder-lock.ts";
			process.stdout.write(lockFolder(${JSON.stringify(folder)}).kind + "\\n");
			process.stdin.resume();`;
		const children = Array.from({ length: 4 }, () =>
			spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] }),
		);
		const kinds = await Promise.all(
			children.map(
				(child) =>
					new Promise<string>((resolve) => child.stdout.once("data", (text) => resolve(String(text).trim()))),
			),
		);
		await Promise.all(children.map(kill));
		expect(kinds.sort()).toEqual(["held", "held", "held", "locked"]);
	});
});
