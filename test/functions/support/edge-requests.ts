// Steps that many tests of the edge share.

import { expect } from "vitest";
import { jobKey } from "#shared/artefact/store-keys.ts";
import { type Job, jobSchema } from "#shared/protocol/job.ts";
import { type ModelRecord, modelRecordSchema } from "#shared/protocol/model.ts";
import { type Problem, problemSchema } from "#shared/protocol/problem.ts";
import type { CallOptions, TestEdge } from "./test-edge.ts";

/** Bytes of a fixture model with one island a kind. */
export const modelBytes = (...kinds: readonly number[]): Uint8Array<ArrayBuffer> =>
	Uint8Array.from([kinds.length, ...kinds]);

export async function postModel(edge: TestEdge, ...kinds: readonly number[]): Promise<ModelRecord> {
	const response = await edge.call("POST", "/v1/models", { bytes: modelBytes(...kinds) });
	expect(response.status).toBe(201);
	return modelRecordSchema.parse(await response.json());
}

export async function postOptimization(
	edge: TestEdge,
	json: Readonly<Record<string, unknown>>,
	options: CallOptions = {},
): Promise<{ readonly response: Response; readonly job: Job }> {
	const body = { target: "cpu-x86-64-v3", ...json };
	const response = await edge.call("POST", "/v1/optimizations", { json: body, ...options });
	expect([200, 202]).toContain(response.status);
	return { response, job: jobSchema.parse(await response.json()) };
}

export async function expectProblem(response: Response, code: string, status: number): Promise<Problem> {
	expect(response.headers.get("content-type")).toBe("application/problem+json");
	const problem = problemSchema.parse(await response.json());
	expect({ code: problem.code, status: problem.status }).toEqual({ code, status });
	expect(response.status).toBe(status);
	expect(response.headers.get("request-id")).toBe(problem.request_id);
	return problem;
}

/** Changes a job as a runner would. */
export async function changeJob(edge: TestEdge, id: string, change: (job: Job) => Job): Promise<void> {
	const { store } = edge.services;
	const stored = await store.get(jobKey(id));
	const job = jobSchema.parse(JSON.parse(new TextDecoder().decode(stored?.bytes)));
	const bytes = new TextEncoder().encode(JSON.stringify(change(job)));
	await store.put(jobKey(id), bytes, { kind: "always" });
}

/** Bodies of all messages that wait, taken from the queue. */
export async function drainQueue(edge: TestEdge): Promise<readonly Readonly<Record<string, unknown>>[]> {
	const bodies = [];
	for (;;) {
		const message = await edge.queue.receive(0, 60);
		if (message === null) return bodies;
		await edge.queue.acknowledge(message.receipt);
		bodies.push(JSON.parse(message.body));
	}
}
