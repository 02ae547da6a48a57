import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";

/** Starts a process that guards a sleeping child of its own; resolves with both. */
async function startGuarded(watch: string): Promise<{ parent: number; kill: () => void; child: number }> {
	const script = `import { spawn } from "node:child_process";
		import { startOrphanGuard } from "#infra/orphan-guard.ts";
		const guard = startOrphanGuard();
		const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
		${watch};
		process.stdout.write(child.pid + "\\n");
		process.stdin.resume();`;
	const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const text = await new Promise<string>((resolve) =>
		parent.stdout.once("data", (data) => resolve(String(data))),
	);
	return { parent: parent.pid ?? 0, kill: () => parent.kill("SIGKILL"), child: Number(text) };
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

async function endsWithin(pid: number, milliseconds: number): Promise<boolean> {
	const limit = performance.now() + milliseconds;
	while (isAlive(pid) && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 50));
	return !isAlive(pid);
}

describe("startOrphanGuard", () => {
	test.each([
		["process", "guard.watchProcess(child.pid)"],
		["group", "guard.watchGroup(child.pid)"],
	])("a watched %s ends when its parent is killed outright", async (_, watch) => {
		const guarded = await startGuarded(watch);
		expect(isAlive(guarded.child)).toBe(true);
		guarded.kill();
		expect(await endsWithin(guarded.child, 60_000)).toBe(true);
	});

	test("a forgotten group is left alone", async () => {
		const guarded = await startGuarded("guard.watchGroup(child.pid); guard.forgetGroup(child.pid)");
		guarded.kill();
		expect(await endsWithin(guarded.child, 2_000)).toBe(false);
		process.kill(guarded.child, "SIGKILL");
	});
});
