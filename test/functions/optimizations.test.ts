import { describe, expect, test } from "vitest";
import { decodePlan } from "#shared/protocol/plan-document.ts";
import {
	changeJob,
	drainQueue,
	expectProblem,
	postModel,
	postOptimization,
} from "./support/edge-requests.ts";
import { publishKernel } from "./support/published-kernel.ts";
import { createTestEdge } from "./support/test-edge.ts";

describe("POST /v1/optimizations", () => {
	test("a miss becomes one task and one message for each distinct program", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1, 1, 2);
		const { response, job } = await postOptimization(edge, { model: model.id });
		expect(response.status).toBe(202);
		expect(response.headers.get("location")).toBe(`/v1/optimizations/${job.id}`);
		expect(response.headers.get("retry-after")).toBe("2");
		expect(job).toMatchObject({ state: "queued", terminal: false, disposition: "executed", outcome: null });
		expect(job.tasks.map((task) => task.islands)).toEqual([[0, 1], [2]]);
		const messages = await drainQueue(edge);
		expect(messages.map(({ jobId, task, attempt }) => ({ jobId, task, attempt }))).toEqual([
			{ jobId: job.id, task: 0, attempt: 1 },
			{ jobId: job.id, task: 1, attempt: 1 },
		]);
	});

	test("the plan that a message names can be read back number for number, baselines and all", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job } = await postOptimization(edge, { model: model.id, threads: 2 });
		const stored = await edge.services.store.get(job.tasks[0]?.plan ?? "");
		const plan = decodePlan(new TextDecoder().decode(stored?.bytes));
		expect(plan).toMatchObject({ programDigest: model.islands[0]?.program, threads: 2 });
		expect(plan.program.nodes[1]).toMatchObject({ kind: "constant", value: Number.NEGATIVE_INFINITY });
		const [baseline] = plan.baselines;
		const form = await edge.services.store.get(`blobs/sha256/${baseline?.blob}`);
		expect(new TextDecoder().decode(form?.bytes)).toBe("baseline 3");
	});

	test("is answered with an ended job and no message when every kernel is cached", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1, 2);
		const { job: first } = await postOptimization(edge, { model: model.id });
		await drainQueue(edge);
		for (const task of first.tasks) await publishKernel(edge.services.store, "alpha", task.key);
		const { response, job } = await postOptimization(edge, { model: model.id });
		expect(response.status).toBe(200);
		expect(job).toMatchObject({
			state: "succeeded",
			terminal: true,
			disposition: "cache_hit",
			outcome: "improved",
		});
		expect(await drainQueue(edge)).toEqual([]);
	});

	test.each([
		["quick", "standard", "cache_hit"],
		["standard", "standard", "cache_hit"],
		["max", "standard", "executed"],
	] as const)("asked for effort %s a kernel of effort %s gives %s", async (asked, cached, disposition) => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job: first } = await postOptimization(edge, { model: model.id });
		await publishKernel(edge.services.store, "alpha", first.tasks[0]?.key ?? "", { effort: cached });
		const { job } = await postOptimization(edge, { model: model.id, effort: asked });
		expect(job.disposition).toBe(disposition);
	});

	test("a model without islands ends at once as a baseline", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge);
		const { response, job } = await postOptimization(edge, { model: model.id });
		expect(response.status).toBe(200);
		expect(job).toMatchObject({ state: "succeeded", outcome: "baseline", disposition: "negative_hit" });
	});

	test("a second job for a kernel under way is coalesced, sends nothing, and ends with the first", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job: leader } = await postOptimization(edge, { model: model.id });
		await drainQueue(edge);
		const { job: follower } = await postOptimization(edge, { model: model.id });
		expect(follower.disposition).toBe("coalesced");
		expect(await drainQueue(edge)).toEqual([]);
		await publishKernel(edge.services.store, "alpha", leader.tasks[0]?.key ?? "");
		const ended = await edge.call("GET", `/v1/optimizations/${follower.id}`);
		expect(await ended.json()).toMatchObject({ state: "succeeded", disposition: "coalesced" });
	});

	test("of ten requests at once for one kernel exactly one leads", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		await Promise.all(Array.from({ length: 10 }, () => postOptimization(edge, { model: model.id })));
		expect(await drainQueue(edge)).toHaveLength(1);
	});

	test("another namespace's kernel is no hit and its job no leader", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job } = await postOptimization(edge, { model: model.id });
		await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "");
		const bytes = Uint8Array.of(1, 1);
		const theirs = await (await edge.call("POST", "/v1/models", { bytes, key: "kiln_beta" })).json();
		expect(theirs.id).not.toBe(model.id);
		const { job: other } = await postOptimization(
			edge,
			{},
			{
				json: { model: theirs.id, target: "cpu-x86-64-v3" },
				key: "kiln_beta",
			},
		);
		expect(other.disposition).toBe("executed");
	});

	test("`cache: only` runs nothing and names every miss with its key components", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const json = { model: model.id, target: "cpu-x86-64-v3", cache: "only" };
		const response = await edge.call("POST", "/v1/optimizations", { json });
		const problem = await expectProblem(response, "cache.miss", 404);
		expect(problem.details.misses).toMatchObject([
			{ components: { program: model.islands[0]?.program, threads: 1 }, cachedEffort: null },
		]);
		expect(await drainQueue(edge)).toEqual([]);
	});

	test("`cache: refresh` measures again: the kernel that lies there does not end it, a later one does", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job: first } = await postOptimization(edge, { model: model.id });
		const key = first.tasks[0]?.key ?? "";
		await publishKernel(edge.services.store, "alpha", key);
		await edge.call("GET", `/v1/optimizations/${first.id}`);
		const { job } = await postOptimization(edge, { model: model.id, cache: "refresh" });
		expect(job.disposition).toBe("executed");
		const path = `/v1/optimizations/${job.id}`;
		expect(await (await edge.call("GET", path)).json()).toMatchObject({ terminal: false });
		await publishKernel(edge.services.store, "alpha", key, { speedup: { median: 3, low: 2.9, high: 3.1 } });
		expect(await (await edge.call("GET", path)).json()).toMatchObject({ state: "succeeded" });
	});

	test("other bindings than the model's analyse it again", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job } = await postOptimization(edge, { model: model.id, shapes: { batch: 8 } });
		expect(job.model).not.toBe(model.id);
		expect(job.tasks[0]?.program).not.toBe(model.islands[0]?.program);
	});

	test.each([
		["no target", { target: undefined }, "/json/target"],
		["an unknown target", { target: "cuda-sm90" }, "/json/target"],
		["an unknown effort", { effort: "extreme" }, "/json/effort"],
		["no threads", { threads: 0 }, "/json/threads"],
		["an id that is a path", { model: "../../keys/x" }, "/json/model"],
		["a member unknown to us", { efort: "max" }, "/json"],
	])("refuses %s and points at it", async (_, change, pointer) => {
		const edge = await createTestEdge();
		const json = { model: `mdl_${"0".repeat(64)}`, target: "cpu-x86-64-v3", ...change };
		const response = await edge.call("POST", "/v1/optimizations", { json });
		const problem = await expectProblem(response, "request.invalid", 422);
		expect(problem.errors.map((error) => error.pointer)).toContain(pointer);
	});

	test("answers 404 for a model that is not there or another's, without a difference", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const ask = async (id: string) => {
			const json = { model: id, target: "cpu-x86-64-v3" };
			const response = await edge.call("POST", "/v1/optimizations", { json, key: "kiln_beta" });
			return expectProblem(response, "auth.not_found_or_hidden", 404);
		};
		const hidden = await ask(model.id);
		const missing = await ask(`mdl_${"0".repeat(64)}`);
		expect(hidden.detail).toBe(missing.detail);
	});
});

describe("GET /v1/optimizations/{id}", () => {
	test("gives 304 to who has seen this state, and the new state after a change", async () => {
		const edge = await createTestEdge();
		const { job } = await postOptimization(edge, { model: (await postModel(edge, 1)).id });
		const path = `/v1/optimizations/${job.id}`;
		const etag = (await edge.call("GET", path)).headers.get("etag") ?? "";
		const headers = { "if-none-match": etag };
		expect((await edge.call("GET", path, { headers })).status).toBe(304);
		await changeJob(edge, job.id, (current) => ({ ...current, state: "running" }));
		expect((await edge.call("GET", path, { headers })).status).toBe(200);
	});

	test("`Prefer: wait` answers as soon as the job ends, not when the time is up", async () => {
		const edge = await createTestEdge();
		const { job } = await postOptimization(edge, { model: (await postModel(edge, 1)).id });
		const waiting = edge.call("GET", `/v1/optimizations/${job.id}`, { headers: { prefer: "wait=30" } });
		await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "");
		const response = await waiting;
		expect(response.headers.get("preference-applied")).toBe("wait=30");
		expect(await response.json()).toMatchObject({ terminal: true });
	});

	test("`Prefer: wait` gives the state as it is when the time is up", async () => {
		const edge = await createTestEdge();
		const { job } = await postOptimization(edge, { model: (await postModel(edge, 1)).id });
		const headers = { prefer: "respond-async, wait=1" };
		const response = await edge.call("GET", `/v1/optimizations/${job.id}`, { headers });
		expect(await response.json()).toMatchObject({ terminal: false });
	});

	test("a tag that a proxy has made weak is waited on like its own", async () => {
		const edge = await createTestEdge();
		const { response, job } = await postOptimization(edge, { model: (await postModel(edge, 1)).id });
		const headers = { prefer: "wait=9999", "if-none-match": `W/${response.headers.get("etag")}` };
		const waiting = edge.call("GET", `/v1/optimizations/${job.id}`, { headers });
		await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "");
		const answer = await waiting;
		expect(answer.status).toBe(200);
		expect(answer.headers.get("preference-applied")).toBe("wait=30");
	});

	test("a kernel that appears ends the task even if its runner died before saying so", async () => {
		const edge = await createTestEdge();
		const { job } = await postOptimization(edge, { model: (await postModel(edge, 1, 2)).id });
		const attempt = {
			attempt: 1,
			runner: "r",
			startedAt: job.createdAt,
			endedAt: null,
			reason: null,
			phase: "measure",
		};
		await changeJob(edge, job.id, (current) => ({
			...current,
			tasks: current.tasks.map((task) => ({ ...task, state: "running", attempts: [attempt] })),
		}));
		await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "", { verdict: "baseline" });
		const half = await (await edge.call("GET", `/v1/optimizations/${job.id}`)).json();
		expect(half).toMatchObject({ state: "running", terminal: false });
		expect(half.tasks[0]).toMatchObject({ state: "succeeded" });
		expect(half.tasks[0].attempts[0].endedAt).not.toBeNull();
		await publishKernel(edge.services.store, "alpha", job.tasks[1]?.key ?? "", { verdict: "tie" });
		const whole = await (await edge.call("GET", `/v1/optimizations/${job.id}`)).json();
		expect(whole).toMatchObject({ state: "succeeded", outcome: "baseline", disposition: "executed" });
	});

	test("a leader's lasting failure is its follower's too", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job: leader } = await postOptimization(edge, { model: model.id });
		const { job: follower } = await postOptimization(edge, { model: model.id });
		const error = { code: "verify.mismatch", message: "wrong" };
		await changeJob(edge, leader.id, (job) => ({
			...job,
			state: "failed",
			terminal: true,
			tasks: job.tasks.map((task) => ({ ...task, state: "failed", error })),
		}));
		const response = await edge.call("GET", `/v1/optimizations/${follower.id}`);
		expect(await response.json()).toMatchObject({ state: "failed", outcome: "failed", tasks: [{ error }] });
	});

	test("hides another namespace's job as if there were none", async () => {
		const edge = await createTestEdge();
		const { job } = await postOptimization(edge, { model: (await postModel(edge, 1)).id });
		for (const part of ["", "/attempts", "/result"]) {
			const response = await edge.call("GET", `/v1/optimizations/${job.id}${part}`, { key: "kiln_beta" });
			await expectProblem(response, "auth.not_found_or_hidden", 404);
		}
	});
});

describe("GET /v1/optimizations/{id}/attempts and /result", () => {
	test("attempts are listed with the task they are of", async () => {
		const edge = await createTestEdge();
		const { job } = await postOptimization(edge, { model: (await postModel(edge, 1, 2)).id });
		const attempt = {
			attempt: 1,
			runner: "runner-7",
			startedAt: job.createdAt,
			endedAt: job.createdAt,
			reason: "runner.lost",
			phase: "compile",
		};
		await changeJob(edge, job.id, (current) => ({
			...current,
			tasks: current.tasks.map((task, index) => (index === 1 ? { ...task, attempts: [attempt] } : task)),
		}));
		const response = await edge.call("GET", `/v1/optimizations/${job.id}/attempts`);
		expect(await response.json()).toEqual({ job: job.id, attempts: [{ task: 1, ...attempt }] });
	});

	test("a result is refused until the job has ended and then has a manifest for every program", async () => {
		const edge = await createTestEdge();
		const { job } = await postOptimization(edge, { model: (await postModel(edge, 1, 1)).id });
		const path = `/v1/optimizations/${job.id}/result`;
		await expectProblem(await edge.call("GET", path), "result.not_ready", 409);
		await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "");
		const response = await edge.call("GET", path);
		expect(await response.json()).toMatchObject({
			job: job.id,
			outcome: "improved",
			kernels: [{ islands: [0, 1], manifest: { manifest: { verdict: "faster" }, keyId: "test" } }],
		});
	});
});

test("the result of a refresh is what was measured anew, though the isolate remembers the old one", async () => {
	const edge = await createTestEdge();
	const model = await postModel(edge, 1);
	const { job: first } = await postOptimization(edge, { model: model.id });
	const key = first.tasks[0]?.key ?? "";
	await publishKernel(edge.services.store, "alpha", key);
	await edge.call("GET", `/v1/kernels/${key}`);
	const { job } = await postOptimization(edge, { model: model.id, cache: "refresh" });
	await publishKernel(edge.services.store, "alpha", key, { errorMax: 0.5 });
	await changeJob(edge, job.id, (current) => ({
		...current,
		state: "succeeded",
		terminal: true,
		outcome: "improved",
		tasks: current.tasks.map((task) => ({ ...task, state: "succeeded" })),
	}));
	const result = await (await edge.call("GET", `/v1/optimizations/${job.id}/result`)).json();
	expect(result.kernels[0].manifest.manifest.errorMax).toBe(0.5);
});

describe("POST /v1/analyses", () => {
	test("tells what is cached and runs nothing", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1, 2);
		const { job } = await postOptimization(edge, { model: model.id });
		await drainQueue(edge);
		await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "", { effort: "quick" });
		const ask = async (effort: string) => {
			const json = { model: model.id, target: "cpu-x86-64-v3", effort };
			return (await edge.call("POST", "/v1/analyses", { json })).json();
		};
		expect(await ask("quick")).toMatchObject({
			cachedShare: 0.5,
			programs: [
				{ isHit: true, cachedEffort: "quick" },
				{ isHit: false, cachedEffort: null },
			],
		});
		expect(await ask("max")).toMatchObject({ cachedShare: 0 });
		expect(await drainQueue(edge)).toEqual([]);
	});
});
