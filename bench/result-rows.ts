// Rows of a results file: one a measurement, written after every one, so that a run that was stopped loses one at most and a
// later run adds to it.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** In place of an earlier row of the same key. */
export async function keepRow<Row>(output: string, row: Row, keyOf: (row: Row) => string): Promise<void> {
	const key = keyOf(row);
	const rows = [...(await readRows<Row>(output)).filter((other) => keyOf(other) !== key), row];
	await mkdir(dirname(output), { recursive: true });
	const lines = rows.map((own) => JSON.stringify(own)).join(",\n");
	await writeFile(output, `{"rows": [\n${lines}\n]}\n`);
}

/** None while the file does not exist. The project's own file: its rows are taken to be what was written. */
export async function readRows<Row>(output: string): Promise<readonly Row[]> {
	try {
		return (JSON.parse(await readFile(output, "utf8")) as { readonly rows: readonly Row[] }).rows;
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
		throw error;
	}
}
