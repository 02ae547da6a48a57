import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataFolderHeldError, type LocalStack, startLocalStack } from "#infra/local.ts";
import { fixturesDirectory } from "#test/support/outside-suites.ts";

let root: string;
beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), "kiln-local-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Pids of living processes (zombies do not count) whose parent or group is `of`. */
function descendants(of: number): readonly number[] {
	return readdirSync("/proc")
		.filter((entry) => /^\d+$/.test(entry))
		.map(Number)
		.filter((pid) => {
			const fields = statOf(pid);
			return fields !== null && fields[0] !== "Z" && (Number(fields[1]) === of || Number(fields[2]) === of);
		});
}

/** State, parent, group … of a process, or null when it has gone. */
function statOf(pid: number): readonly string[] | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	} catch {
		return null;
	}
}

const isAlive = (pid: number): boolean => (statOf(pid)?.[0] ?? "Z") !== "Z";

async function eventually(holds: () => boolean): Promise<boolean> {
	const limit = performance.now() + 60_000;
	while (!holds() && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 100));
	return holds();
}

describe.skipIf(process.platform !== "linux")("startLocalStack", () => {
	let stack: LocalStack;
	beforeAll(async () => {
		stack = await startLocalStack({ dataFolder: join(root, "first"), runner: "whenNeeded" });
	});
	afterAll(() => stack.stop());

	const ask = (path: string, key: string) =>
		fetch(`${stack.url}${path}`, { headers: { authorization: `Bearer ${key}` } });

	test("store and queue answer when it resolves", async () => {
		expect((await ask("/readyz", stack.apiKey)).status).toBe(200);
	});

	test("the folder's key opens the service and another does not", async () => {
		const missing = `/v1/models/mdl_${"0".repeat(64)}`;
		expect((await ask(missing, stack.apiKey)).status).toBe(404);
		expect((await ask(missing, `${stack.apiKey}x`)).status).toBe(401);
	});

	test("everything listens on the loopback only", () => {
		for (const url of [stack.url, stack.storage.endpoint, stack.queue.endpoint]) {
			expect(new URL(url).hostname).toBe("127.0.0.1");
		}
	});

	test("a folder has one stack, and folders do not disturb each other", async () => {
		await expect(startLocalStack({ dataFolder: stack.dataFolder })).rejects.toThrow(DataFolderHeldError);
		const other = await startLocalStack({ dataFolder: join(root, "second"), runner: "whenNeeded" });
		try {
			expect(other.url).not.toBe(stack.url);
			expect(other.apiKey).not.toBe(stack.apiKey);
		} finally {
			await other.stop();
		}
	});

	test("searches are divided over calls of the edge to itself", async () => {
		const other = await startLocalStack({ dataFolder: join(root, "third"), runner: "whenNeeded" });
		try {
			const authorization = `Bearer ${other.apiKey}`;
			const file = join(fixturesDirectory, "exported", "mirage_gqa_s", "model.onnx");
			const made = await fetch(`${other.url}/v1/models`, {
				method: "POST",
				headers: { authorization, "content-type": "application/octet-stream" },
				body: new Uint8Array(readFileSync(file)),
			});
			const { id } = await made.json();
			const begun = await fetch(`${other.url}/v1/optimizations`, {
				method: "POST",
				headers: { authorization, "content-type": "application/json" },
				body: JSON.stringify({ model: id, target: "cpu-x86-64-v3", effort: "quick" }),
			});
			expect([begun.status, begun.headers.get("search-calls")]).toEqual([202, "4"]);
		} finally {
			await other.stop();
		}
	});

	test("what was stored is there after a restart", async () => {
		const bytes = readFileSync("examples/models/rms_swiglu_residual.onnx");
		const send = () =>
			fetch(`${stack.url}/v1/models`, {
				method: "POST",
				headers: { authorization: `Bearer ${stack.apiKey}`, "content-type": "application/octet-stream" },
				body: new Uint8Array(bytes),
			});
		const before = await (await send()).json();
		await stack.stop();
		stack = await startLocalStack({ dataFolder: join(root, "first"), runner: "whenNeeded" });
		const after = await ask(`/v1/models/${before.id}`, stack.apiKey);
		expect(await after.json()).toEqual(before);
	});

	test("a runner that is killed is started again", async () => {
		stack.ensureRunner();
		const first = stack.runnerPid();
		expect(first).not.toBeNull();
		process.kill(first ?? 0, "SIGKILL");
		expect(await eventually(() => stack.runnerPid() !== null && stack.runnerPid() !== first)).toBe(true);
	});
});

describe.skipIf(process.platform !== "linux")("the end of a stack", () => {
	async function startServe(folder: string) {
		const main = join(import.meta.dirname, "../../cli/main.ts");
		const serve = spawn(process.execPath, [main, "serve", "--port", "0", "--data-folder", folder, "--json"], {
			stdio: ["ignore", "pipe", "ignore"],
		});
		await new Promise((resolve) => serve.stdout.once("data", resolve));
		const pid = serve.pid ?? 0;
		await eventually(() => descendants(pid).length >= 4);
		const closed = new Promise<number | null>((resolve) => serve.once("close", resolve));
		return { serve, children: descendants(pid), closed };
	}

	test("SIGTERM leaves no process and no lock, and ends with 130", async () => {
		const folder = join(root, "term");
		const { serve, children, closed } = await startServe(folder);
		expect(children.length).toBeGreaterThanOrEqual(4);
		serve.kill("SIGTERM");
		expect(await closed).toBe(130);
		expect(children.filter(isAlive)).toEqual([]);
		expect(readdirSync(folder)).not.toContain("lock");
	});

	test("SIGKILL leaves no process either, and the folder can be used again", async () => {
		const folder = join(root, "kill");
		const { serve, children, closed } = await startServe(folder);
		serve.kill("SIGKILL");
		await closed;
		expect(await eventually(() => !children.some(isAlive))).toBe(true);
		const next = await startLocalStack({ dataFolder: folder, runner: "whenNeeded" });
		await next.stop();
	});
});
