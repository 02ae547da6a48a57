import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ChildOptions, runChild } from "#runner/child.ts";

const run = (script: string, change: Partial<ChildOptions> = {}) =>
	runChild({
		command: "/bin/sh",
		arguments: ["-c", script],
		directory: "/",
		limitMilliseconds: 5000,
		silenceMilliseconds: 0,
		...change,
	});

/** Whether a process is there; one that has ended and waits to be reaped is not. */
function isAlive(pid: number): boolean {
	try {
		return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
	} catch {
		return false;
	}
}

describe("a child", () => {
	test("ends with its status and what it said on standard error", async () => {
		expect(await run("echo oops >&2; exit 3")).toEqual({ kind: "exited", status: 3, errorText: "oops\n" });
	});

	test("reports every line before it ends", async () => {
		const lines: string[] = [];
		await run("echo one; echo two", { onLine: (line) => lines.push(line) });
		expect(lines).toEqual(["one", "two"]);
	});

	test("sees nothing of our environment", async () => {
		process.env.KILN_TEST_SECRET = "secret";
		const lines: string[] = [];
		await run("/usr/bin/env", { environment: { GIVEN: "1" }, onLine: (line) => lines.push(line) });
		expect(lines).toContain("GIVEN=1");
		expect(lines.join("\n")).not.toContain("secret");
	});

	test.each<[string, Partial<ChildOptions>, string]>([
		["that takes too long", { limitMilliseconds: 200 }, "overtime"],
		["that falls silent", { silenceMilliseconds: 200 }, "silent"],
		["whose work is cancelled", { signal: AbortSignal.timeout(200) }, "aborted"],
	])("%s is ended with all it started", async (_, change, kind) => {
		const lines: string[] = [];
		const end = await run("sleep 60 & echo $!; wait", { ...change, onLine: (line) => lines.push(line) });
		expect(end.kind).toBe(kind);
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(isAlive(Number(lines[0]))).toBe(false);
	});

	test("what it leaves behind ends with it", async () => {
		const lines: string[] = [];
		const end = await run("sleep 60 >/dev/null 2>&1 & echo $!", { onLine: (line) => lines.push(line) });
		expect(end.kind).toBe("exited");
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(isAlive(Number(lines[0]))).toBe(false);
	});

	test("one that does not keep to its form is ended, and the fault is not ours", async () => {
		const onLine = (line: string): void => {
			JSON.parse(line);
		};
		const end = await run("echo '{\"a\":inf}'; sleep 60", { onLine });
		expect(end).toMatchObject({ kind: "unintelligible" });
	});

	test("one that writes without end is stopped, lines or not", async () => {
		const end = await run("head -c 70000000 /dev/zero", { limitMilliseconds: 30_000 });
		expect(end.kind).toBe("talkative");
	});

	test("a process that left the group and keeps the pipes open keeps nobody waiting", async () => {
		const lines: string[] = [];
		const end = await run("setsid sleep 60 & echo $!", { onLine: (line) => lines.push(line) });
		expect(end).toMatchObject({ kind: "exited", status: 0 });
		process.kill(Number(lines[0]), "SIGKILL");
	});

	test("a command that is not there is a value, not a throw", async () => {
		expect((await run("", { command: "/nonexistent" })).kind).toBe("notStarted");
	});

	test("a signal that ends it is named", async () => {
		expect(await run("kill -SEGV $$")).toMatchObject({ kind: "signalled", signal: "SIGSEGV" });
	});
});
