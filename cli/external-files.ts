// Files beside a model that its tensors lie in.

import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { externalLocations } from "#shared/onnx/external-tensors.ts";
import { externalConstants } from "#shared/onnx/inline-constants.ts";

/** One read of a large file takes at most this much. */
const readBytesMax = 2 ** 30;

/** A location is a file of the model's own folder, by its bare name; anything else the importer refuses. */
const plainFileName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;

/** By plain name; empty for a model that has all in itself. Throws `request.invalid` for one that cannot be read. */
export async function readExternalFiles(
	model: Uint8Array,
	folder: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
	const files = new Map<string, Uint8Array>();
	for (const location of externalLocations(model)) {
		if (plainFileName.test(location)) files.set(location, await readWhole(join(folder, location)));
	}
	return files;
}

/** Constants that belong to a program are small. */
const constantBytesMax = 64 << 20;

/** Values of the tensors beside the model that belong to its program, by name. Throws `model.limits_exceeded`, or what reading throws. */
export async function readConstants(
	model: Uint8Array,
	folder: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
	const constants = externalConstants(model);
	const total = constants.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
	if (total > constantBytesMax) {
		throw new OptimizeError(
			"model.limits_exceeded",
			`constants of ${total} bytes beside the model: at most ${constantBytesMax}`,
			{ bytes: total, limit: constantBytesMax },
		);
	}
	const values = new Map<string, Uint8Array>();
	for (const { name, location, offsetBytes, lengthBytes } of constants) {
		const file = await open(join(folder, location));
		try {
			const value = new Uint8Array(lengthBytes);
			const { bytesRead } = await file.read(value, 0, lengthBytes, offsetBytes);
			if (bytesRead < lengthBytes) throw new Error(`${location} ends before tensor '${name}' does`);
			values.set(name, value);
		} finally {
			await file.close();
		}
	}
	return values;
}

/** In pieces: one call reads no more than 2 GiB. */
async function readWhole(path: string): Promise<Uint8Array> {
	try {
		const bytes = new Uint8Array((await stat(path)).size);
		const file = await open(path);
		try {
			for (let at = 0; at < bytes.length; ) {
				const length = Math.min(readBytesMax, bytes.length - at);
				const { bytesRead } = await file.read(bytes, at, length, at);
				if (bytesRead === 0) throw new Error("the file became shorter");
				at += bytesRead;
			}
		} finally {
			await file.close();
		}
		return bytes;
	} catch (fault) {
		const reason = fault instanceof Error ? fault.message : String(fault);
		throw new OptimizeError("request.invalid", `model data '${path}': ${reason}`, { path }, fault);
	}
}
