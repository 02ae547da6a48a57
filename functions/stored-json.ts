// JSON documents in the store, checked when read: a document that does not fit its schema is our fault, never the caller's.

import type { z } from "zod";
import { AssertionError } from "#shared/fault/assert.ts";
import type { ArtefactStore, PutCondition, PutOutcome } from "#shared/pipeline/ports.ts";

export interface StoredValue<T> {
	readonly value: T;
	readonly etag: string;
}

/** Null when there is no such object. Throws `AssertionError` when it is not what the schema says. */
export function readJsonObject<T>(
	store: ArtefactStore,
	key: string,
	schema: z.ZodType<T>,
): Promise<StoredValue<T> | null> {
	return readTextObject(store, key, (text) => schema.parse(JSON.parse(text)));
}

/** The same for documents with a decoder of their own. */
export async function readTextObject<T>(
	store: ArtefactStore,
	key: string,
	decode: (text: string) => T,
): Promise<StoredValue<T> | null> {
	const stored = await store.get(key);
	if (stored === null) return null;
	try {
		return { value: decode(new TextDecoder().decode(stored.bytes)), etag: stored.etag };
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new AssertionError(`stored document ${key} does not fit its schema: ${reason}`);
	}
}

export function writeText(
	store: ArtefactStore,
	key: string,
	text: string,
	condition: PutCondition,
): Promise<PutOutcome> {
	return store.put(key, new TextEncoder().encode(text), condition, "application/json");
}

export const writeJsonObject = (
	store: ArtefactStore,
	key: string,
	value: unknown,
	condition: PutCondition,
): Promise<PutOutcome> => writeText(store, key, JSON.stringify(value), condition);
