// Uploads past the Worker: a presigned PUT to a waiting place, then our own look at what arrived.

import { canReach, digestOf, grantReach, hiddenError, storeBlob } from "#functions/blobs/blob-store.ts";
import type { EdgeServices } from "#functions/services.ts";
import { readJsonObject, writeJsonObject } from "#functions/stored-json.ts";
import { uploadDataKey, uploadKey } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { createIdentifier } from "#shared/protocol/identifier.ts";
import {
	modelBytesMax,
	type UploadRecord,
	uploadRecordSchema,
	uploadSecondsMax,
} from "#shared/protocol/upload.ts";

export type UploadOffer =
	| { readonly kind: "exists" }
	| {
			readonly kind: "put";
			readonly record: UploadRecord;
			readonly url: string;
			readonly headers: Readonly<Record<string, string>>;
	  };

/** `exists` only for what this namespace may read already: a hash is neither a proof of possession nor an oracle. */
export async function beginUpload(
	services: EdgeServices,
	namespace: string,
	content: { readonly sha256: string; readonly bytesCount: number },
): Promise<UploadOffer> {
	if (content.bytesCount > modelBytesMax)
		throw new OptimizeError(
			"upload.too_large",
			`${content.bytesCount} bytes are more than ${modelBytesMax}`,
			{
				found: content.bytesCount,
				limit: modelBytesMax,
			},
		);
	if (await canReach(services, namespace, content.sha256)) return { kind: "exists" };
	const now = services.clock.nowMilliseconds();
	const id = createIdentifier("upl", now, services.random);
	const record: UploadRecord = {
		schema: "kiln.upload/1",
		id,
		namespace,
		...content,
		createdAt: new Date(now).toISOString(),
		expiresAt: new Date(now + uploadSecondsMax * 1000).toISOString(),
	};
	const { url, headers } = await services.presignPut(uploadDataKey(id), {
		...content,
		expiresSeconds: uploadSecondsMax,
	});
	await writeJsonObject(services.store, uploadKey(id), record, { kind: "absent" });
	return { kind: "put", record, url, headers };
}

/** Checks what arrived and makes it a blob that the namespace may read. Doing it twice is harmless. */
export async function completeUpload(services: EdgeServices, namespace: string, id: string): Promise<string> {
	const record = (await readJsonObject(services.store, uploadKey(id), uploadRecordSchema))?.value;
	if (record === undefined || record.namespace !== namespace) throw hiddenError("upload");
	if (await canReach(services, namespace, record.sha256)) return record.sha256;
	await refuseAbsent(services, record);
	const data = await services.store.get(uploadDataKey(id));
	if (data === null)
		throw new OptimizeError("upload.incomplete", "nothing has arrived under this upload yet");
	const bytes = new Uint8Array(data.bytes);
	const found = await digestOf(bytes);
	if (found !== record.sha256)
		throw new OptimizeError("upload.checksum_mismatch", "the bytes that arrived are not those announced", {
			expected: record.sha256,
			found,
		});
	await storeBlob(services, bytes, found);
	await grantReach(services, namespace, [found]);
	await services.store.remove(uploadDataKey(id));
	return found;
}

/** Size before bytes: what is too large is never read. */
async function refuseAbsent(services: EdgeServices, record: UploadRecord): Promise<void> {
	const head = await services.store.head(uploadDataKey(record.id));
	if (head === null) {
		const isOver = services.clock.nowMilliseconds() > Date.parse(record.expiresAt);
		if (isOver)
			throw new OptimizeError("upload.expired", "the presigned URL has expired; begin a new upload");
		throw new OptimizeError("upload.incomplete", "nothing has arrived under this upload yet");
	}
	if (head.bytesCount !== record.bytesCount)
		throw new OptimizeError("upload.checksum_mismatch", "the length that arrived is not the one announced", {
			expected: record.bytesCount,
			found: head.bytesCount,
		});
}
