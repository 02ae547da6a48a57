// All training rows of a data folder or of any store, task after task: what `kiln training-rows` writes.

import { resolve } from "node:path";
import { createS3Store } from "#adapters/s3-store.ts";
import { trainingPrefix } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import { decodeTrainingRow } from "#shared/protocol/training-row.ts";
import { openDataFolder } from "./data-folder.ts";
import { lockFolder } from "./folder-lock.ts";
import { startStorageServer } from "./storage-server.ts";

const keysPerList = 500;

/** One task's rows. */
export interface TrainingRowObject {
	readonly key: string;
	/** Valid rows, without line ends, as they lie. */
	readonly lines: readonly string[];
	/** Lines that are no `kiln.training/1`: cut short, or of a version that is not known here. */
	readonly linesInvalid: number;
}

/** In the order of their keys, so that the same store gives the same rows in the same order. */
export async function* readTrainingRows(store: ArtefactStore): AsyncGenerator<TrainingRowObject> {
	for (let after = ""; ; ) {
		const keys = await store.list(trainingPrefix, keysPerList, after);
		for (const key of keys) {
			const stored = await store.get(key);
			if (stored !== null) yield { key, ...validLines(new TextDecoder().decode(stored.bytes)) };
		}
		const last = keys.at(-1);
		if (last === undefined) return;
		after = last;
	}
}

function validLines(text: string): Omit<TrainingRowObject, "key"> {
	const all = text.split("\n").filter((line) => line !== "");
	const lines = all.filter(isRow);
	return { lines, linesInvalid: all.length - lines.length };
}

function isRow(line: string): boolean {
	try {
		decodeTrainingRow(line);
		return true;
	} catch {
		// Counted by the caller: one line's fault is no other's.
		return false;
	}
}

/** Opens the store of a data folder that no stack is using. Throws infra.capacity when one is. */
export async function withFolderStore<T>(
	dataFolder: string,
	work: (store: ArtefactStore) => Promise<T>,
): Promise<T> {
	const path = resolve(dataFolder);
	const { objectsPath } = openDataFolder(path);
	const outcome = lockFolder(path);
	if (outcome.kind === "held")
		throw new OptimizeError(
			"infra.capacity",
			`data folder ${path} is in use by process ${outcome.owner.pid}`,
		);
	try {
		const server = await startStorageServer(objectsPath);
		try {
			return await work(createS3Store({ ...server, region: "auto" }));
		} finally {
			await server.stop();
		}
	} finally {
		outcome.lock.release();
	}
}
