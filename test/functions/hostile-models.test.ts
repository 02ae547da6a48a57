// Malformed and malicious models, POSTed: each is refused with a problem or understood, none is a fault of ours, and the
// edge goes on.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { analyseBytes } from "#functions/models/analyse-bytes.ts";
import { modelRecordSchema } from "#shared/protocol/model.ts";
import { problemSchema } from "#shared/protocol/problem.ts";
import { createFixtureCompiler } from "./support/fixture-compiler.ts";
import { createTestEdge } from "./support/test-edge.ts";

const folder = process.env["OUTSIDE_SUITES"] && join(process.env["OUTSIDE_SUITES"], "hostile");
const files = folder ? readdirSync(folder).filter((name) => name.endsWith(".onnx")) : [];
if (!folder) console.log("skipped: OUTSIDE_SUITES is not set");

const createEdge = () => createTestEdge({ compiler: { ...createFixtureCompiler(), analyse: analyseBytes } });

describe.skipIf(!folder)("POST /v1/models with hostile bytes", () => {
	test.each(files)("%s is refused or understood", async (name) => {
		const edge = await createEdge();
		const bytes = new Uint8Array(readFileSync(join(folder ?? "", name)));
		const response = await edge.call("POST", "/v1/models", { bytes });
		const body = await response.json();
		if (response.status === 201) modelRecordSchema.parse(body);
		else problemSchema.parse(body);
		expect([body.code ?? "understood", response.status < 500]).toEqual([body.code ?? "understood", true]);
		expect(edge.reports).toEqual([]);
		expect((await edge.call("GET", "/healthz")).status).toBe(200);
	});

	test("one edge survives them all and its store holds only names that it made", async () => {
		const edge = await createEdge();
		for (const name of files) {
			const bytes = new Uint8Array(readFileSync(join(folder ?? "", name)));
			await edge.call("POST", "/v1/models", { bytes });
		}
		const keys = await edge.services.store.list("", 10_000);
		const made = /^(blobs\/sha256|models|programs|keys|reach\/alpha)\/[0-9a-f]{64}(\.json)?$/;
		expect(keys.filter((key) => !made.test(key))).toEqual([]);
	});
});
