import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createModelCompiler } from "#functions/models/compile-model.ts";
import { createParallelCalls } from "#functions/search/parallel-calls.ts";
import { present } from "#shared/fault/assert.ts";
import { islandSchema } from "#shared/protocol/model.ts";
import { decodePlan, encodePlan } from "#shared/protocol/plan-document.ts";
import { decodeProgramDocument, encodeProgramDocument } from "#shared/protocol/program-document.ts";
import { fixturesDirectory } from "#test/support/outside-suites.ts";
import { computeHere } from "./support/search-platforms.ts";

const compiler = createModelCompiler(computeHere);
const calls = createParallelCalls(0);
const analyse = (name: string) =>
	compiler.analyse(new Uint8Array(readFileSync(join(fixturesDirectory, "exported", name, "model.onnx"))), {
		shapes: {},
		weights: "auto",
	});

describe("the compiler behind the edge", () => {
	test("names every island's nodes and gives each distinct program once, with baselines", () => {
		const analysis = analyse("llama_layer_d64_h4kv2_t16");
		for (const island of analysis.islands) islandSchema.parse(island);
		const used = new Set(analysis.islands.map((island) => island.program));
		expect(analysis.programs.map((program) => program.digest).sort()).toEqual([...used].sort());
		for (const { baselines } of analysis.programs) expect(baselines.length).toBeGreaterThan(0);
		expect(analysis.coverage.flopsShare).toBeGreaterThan(0.9);
	});

	test("equal bytes are analysed equally", () => {
		expect(analyse("mirage_lora_s")).toEqual(analyse("mirage_lora_s"));
	});

	test("programs and plans survive their wire forms", async () => {
		const { digest, program } = present(analyse("rms_swiglu_residual_s").programs[0], "an island");
		const document = { schema: "kiln.program/1", digest, program, baselines: [] } as const;
		expect(decodeProgramDocument(encodeProgramDocument(document))).toEqual(document);
		const place = { target: "cpu-x86-64-v4", threads: 2, tolerance: "bfloat16-1e-2" } as const;
		const subject = { programDigest: digest, program, ...place };
		const plan = await compiler.plan({ ...subject, effort: "quick", searchStatesMax: 200, calls });
		expect(plan).toMatchObject(place);
		expect(plan.candidates.length).toBeGreaterThan(0);
		expect(decodePlan(encodePlan(plan))).toEqual(plan);
	});

	test("a search that does not fit the budget says where to go on", async () => {
		const { digest, program } = present(analyse("mirage_rmsnorm_linear_s").programs[0], "an island");
		const place = { target: "cpu-x86-64-v3", threads: 1, tolerance: "float32-1e-3" } as const;
		const subject = { programDigest: digest, program, ...place };
		const cut = await compiler.plan({ ...subject, effort: "quick", searchStatesMax: 3, calls });
		expect(cut.search).toMatchObject({ stop: "stateLimit", statesVisited: 3 });
		expect(cut.search.cursor).not.toBeNull();
		const whole = await compiler.plan({ ...subject, effort: "quick", searchStatesMax: 20_000, calls });
		expect(whole.search).toMatchObject({
			stop: "saturated",
			cursor: null,
		});
	});
});
