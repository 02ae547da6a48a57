// An object store within this process: for tests and for anything that needs no durability.

import type { ArtefactStore, PutCondition, PutOutcome } from "#shared/pipeline/ports.ts";

interface Entry {
	readonly bytes: Uint8Array;
	readonly etag: string;
}

/** Conditional writes are atomic because nothing yields between look and write. Bytes are copied in and out. */
export function createMemoryStore(): ArtefactStore {
	const entries = new Map<string, Entry>();
	let writes = 0;

	const refusal = (current: Entry | undefined, condition: PutCondition): PutOutcome | null => {
		if (condition.kind === "absent" && current !== undefined) return { kind: "exists" };
		if (condition.kind === "matches" && current?.etag !== condition.etag) return { kind: "changed" };
		return null;
	};

	return {
		async get(key) {
			const entry = entries.get(key);
			return entry === undefined ? null : { bytes: entry.bytes.slice(), etag: entry.etag };
		},
		async head(key) {
			const entry = entries.get(key);
			return entry === undefined ? null : { bytesCount: entry.bytes.length, etag: entry.etag };
		},
		async put(key, bytes, condition) {
			const refused = refusal(entries.get(key), condition);
			if (refused !== null) return refused;
			const etag = `"${(++writes).toString(16).padStart(32, "0")}"`;
			entries.set(key, { bytes: bytes.slice(), etag });
			return { kind: "stored", etag };
		},
		async list(prefix, limit, after = "") {
			const keys = [...entries.keys()].filter((key) => key.startsWith(prefix) && key > after);
			return keys.sort().slice(0, limit);
		},
		async remove(key) {
			entries.delete(key);
		},
	};
}
