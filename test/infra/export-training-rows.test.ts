import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { readTrainingRows, type TrainingRowObject, withFolderStore } from "#infra/export-training-rows.ts";
import { trainingKey } from "#shared/artefact/store-keys.ts";
import { decodeTrainingRow, encodeTrainingRow } from "#shared/protocol/training-row.ts";
import { runKiln } from "#test/support/kiln-process.ts";
import { trainingRowFixture } from "#test/support/training-row-fixture.ts";

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "kiln-training-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const digest = "ab".repeat(32);
const place = (job: string, task: number): string => trainingKey("cpu-x86-64-v3", digest, job, task);
const bytes = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(`${lines.join("\n")}\n`);
const line = (id: string): string => encodeTrainingRow(trainingRowFixture({ id }));
const always = { kind: "always" } as const;

describe("exporting training rows", () => {
	test("gives the rows of every task in the order of keys, and counts lines that are none", async () => {
		const store = createMemoryStore();
		await store.put(place("job_B", 0), bytes([line("c")]), always);
		await store.put(
			place("job_A", 1),
			bytes([line("a"), '{"schema":"kiln.training/9"}', line("b"), '{"cut']),
			always,
		);
		await store.put("kernels/x.json", bytes(["{}"]), always);
		const read: TrainingRowObject[] = [];
		for await (const object of readTrainingRows(store)) read.push(object);
		expect(read.map(({ key, linesInvalid }) => [key, linesInvalid])).toEqual([
			[place("job_A", 1), 2],
			[place("job_B", 0), 0],
		]);
		const rows = read.flatMap(({ lines }) => lines.map(decodeTrainingRow));
		expect(rows.map(({ id }) => id)).toEqual(["a", "b", "c"]);
	});

	test("kiln training-rows writes what lies in a data folder", async () => {
		const dataFolder = join(folder, "data");
		await withFolderStore(dataFolder, async (store) => {
			for (const task of [0, 1]) await store.put(place("job_A", task), bytes([line(`row-${task}`)]), always);
		});
		const output = join(folder, "rows.jsonl");
		const ended = await runKiln(["training-rows", "--data-folder", dataFolder, "-o", output, "--json"]);
		expect(ended).toMatchObject({ code: 0, stderr: "" });
		expect(JSON.parse(ended.stdout)).toEqual({ output, tasks: 2, rows: 2, invalid: 0 });
		expect(readFileSync(output, "utf8")).toBe(`${line("row-0")}\n${line("row-1")}\n`);
	});

	test("a folder that is not there is named and not made", async () => {
		const { code, stderr } = await runKiln([
			"training-rows",
			"--data-folder",
			join(folder, "none"),
			"-o",
			"x",
		]);
		expect(code).toBe(2);
		expect(stderr).toContain(join(folder, "none"));
	});
});
