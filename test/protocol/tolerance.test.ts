// Every wire form that names a tolerance.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toleranceIds } from "#shared/artefact/tolerance.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import { jobSchema } from "#shared/protocol/job.ts";
import { analysisRequestSchema, optimizationRequestSchema } from "#shared/protocol/optimization.ts";
import { decodePlan, encodePlan } from "#shared/protocol/plan-document.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";
import { decodeTrainingRow, encodeTrainingRow } from "#shared/protocol/training-row.ts";
import { manifestFixture } from "#test/artefact/manifest-fixture.ts";
import { matrixProduct } from "#test/support/programs.ts";
import { trainingRowFixture } from "#test/support/training-row-fixture.ts";

const program = matrixProduct(3, 17, 15);
const plan = planProgram({
	...{ program, programDigest: canonicalProgramDigest(program), target: "cpu-x86-64-v3", threads: 1 },
	...{ effort: "quick", tolerance: "float32-1e-3", cursor: null, muGraphsMax: 1 },
});
const time = "2026-01-01T00:00:00.000Z";
const request = { model: `mdl_${"0".repeat(64)}`, target: "cpu-x86-64-v3" };
const job = {
	...{
		schema: "kiln.job/1",
		id: "job",
		model: "model",
		target: "cpu-x86-64-v3",
		threads: 1,
		effort: "quick",
	},
	...{ namespace: "alpha", state: "queued", terminal: false, outcome: null, disposition: "executed" },
	...{ createdAt: time, updatedAt: time, deadline: time, enqueuedAt: null, tasks: [], version: 1 },
};
const planDocument: Readonly<Record<string, unknown>> = JSON.parse(encodePlan(plan));
const rowDocument: Readonly<Record<string, unknown>> = JSON.parse(encodeTrainingRow(trainingRowFixture()));
const manifest = manifestFixture();

/** Reads a document with that member for its tolerance (undefined: without one) and gives what was read of it. */
type ReadTolerance = (tolerance: unknown) => unknown;

/** Those that were written, or sent, before there was a choice have none. */
const optional: readonly (readonly [string, ReadTolerance])[] = [
	["a request", (tolerance) => optimizationRequestSchema.parse({ ...request, tolerance }).tolerance],
	["a request to analyse", (tolerance) => analysisRequestSchema.parse({ ...request, tolerance }).tolerance],
	["a job", (tolerance) => jobSchema.parse({ ...job, tolerance }).tolerance],
	[
		"a training row",
		(tolerance) => decodeTrainingRow(JSON.stringify({ ...rowDocument, tolerance })).tolerance,
	],
	["a plan", (tolerance) => decodePlan(JSON.stringify({ ...planDocument, tolerance })).tolerance],
];
const components: ReadTolerance = (tolerance) =>
	decodeSignedManifest(
		JSON.stringify({
			manifest: { ...manifest, components: { ...manifest.components, tolerance } },
			keyId: "test",
			signature: "AAAA",
		}),
	).manifest.components.tolerance;

const all = [...optional, ["a manifest", components] as const];

describe("a tolerance on the wire", () => {
	test.each(all)("%s may be of any there is", (_, read) => {
		expect(toleranceIds.map(read)).toEqual(toleranceIds);
	});

	test.each(all)("%s is refused with one that is none", (_, read) => {
		const others = fc
			.oneof(fc.string(), fc.jsonValue())
			.filter((value) => !toleranceIds.some((id) => id === value));
		fc.assert(
			fc.property(others, (tolerance) => {
				expect(() => read(tolerance)).toThrow();
			}),
			{ seed: Number(process.env.TEST_SEED) },
		);
	});

	test.each(optional)("%s without one is of float32-1e-3", (_, read) => {
		expect(read(undefined)).toBe("float32-1e-3");
	});

	test("a manifest without one is none: its key could not be computed", () => {
		expect(() => components(undefined)).toThrow();
	});

	test("plans that differ in it alone differ in text", () => {
		expect(encodePlan({ ...plan, tolerance: "bfloat16-1e-2" })).not.toBe(encodePlan(plan));
	});
});
