// Malformed and malicious models, POSTed: each is refused with a problem or understood, none is a fault of ours, and the
// edge goes on.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createModelCompiler } from "#functions/models/compile-model.ts";
import { modelRecordSchema } from "#shared/protocol/model.ts";
import { problemSchema } from "#shared/protocol/problem.ts";
import { fixturesDirectory } from "#test/support/outside-suites.ts";
import { computeHere } from "./support/search-platforms.ts";
import { createTestEdge } from "./support/test-edge.ts";

const folder = join(fixturesDirectory, "hostile");
const files = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
const made = /^(blobs\/sha256|models|programs|keys|reach\/alpha)\/[0-9a-f]{64}(\.json)?$/;

describe("POST /v1/models with hostile bytes", () => {
	test.each(files)("%s is refused or understood", async (name) => {
		const edge = await createTestEdge({ compiler: createModelCompiler(computeHere) });
		const bytes = new Uint8Array(readFileSync(join(folder, name)));
		const response = await edge.call("POST", "/v1/models", { bytes });
		const body = await response.json();
		if (response.status === 201) modelRecordSchema.parse(body);
		else expect(problemSchema.parse(body).status).toBeLessThan(500);
		expect(edge.reports).toEqual([]);
		const keys = await edge.services.store.list("", 10_000);
		expect(keys.filter((key) => !made.test(key))).toEqual([]);
		expect((await edge.call("GET", "/healthz")).status).toBe(200);
	});
});
