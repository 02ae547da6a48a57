// Tensors whose bytes lie beside the model file. A location is only a key into the files that came with the upload: it
// is never a path, and nothing is opened. What does not look like a plain file name is refused before it is looked up.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { plainView } from "./wire.ts";

/** Files that came with the model, by name. */
export type ExternalData = ReadonlyMap<string, Uint8Array>;

const plainFileName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;
const decimal = /^(0|[1-9][0-9]{0,15})$/;
const knownKeys: ReadonlySet<string> = new Set(["location", "offset", "length", "checksum"]);

/** Where a tensor's bytes lie. */
export interface ExternalExtent {
	/** A plain file name. */
	readonly location: string;
	readonly offsetBytes: number;
	readonly lengthBytes: number;
}

/** What `entries` name, for a tensor of so many bytes. Throws `model.external_data_forbidden`. */
export function externalExtent(
	entries: readonly (readonly [key: string, value: string])[],
	bytesExpected: number,
	what: string,
): ExternalExtent {
	const { location, offset, length } = parseEntries(entries, what);
	if (length !== null && length !== bytesExpected) {
		forbidden(`${what}: takes ${bytesExpected} bytes, its entry has ${length}`, {
			length,
			expected: bytesExpected,
		});
	}
	return { location, offsetBytes: offset, lengthBytes: bytesExpected };
}

/** The bytes that `entries` (external_data of TensorProto) name. Throws `model.external_data_forbidden`. */
export function readExternalData(
	entries: readonly (readonly [key: string, value: string])[],
	bytesExpected: number,
	what: string,
	files: ExternalData,
): Uint8Array {
	const fields = parseEntries(entries, what);
	const file = files.get(fields.location);
	if (file === undefined) {
		forbidden(`${what}: its data is in the file '${fields.location}', which did not come with the model`, {
			location: fields.location,
		});
	}
	const length = fields.length ?? file.length - fields.offset;
	if (length !== bytesExpected || fields.offset + length > file.length) {
		forbidden(
			`${what}: asks for ${bytesExpected} bytes, its entry for ${length} at ${fields.offset} of the ${file.length} in '${fields.location}'`,
			{ ...fields, expected: bytesExpected, fileBytes: file.length },
		);
	}
	return plainView(file).subarray(fields.offset, fields.offset + length);
}

function parseEntries(
	entries: readonly (readonly [key: string, value: string])[],
	what: string,
): { readonly location: string; readonly offset: number; readonly length: number | null } {
	const fields = new Map<string, string>();
	for (const [key, value] of entries) {
		if (!knownKeys.has(key)) forbidden(`${what}: unknown external data key '${key}'`, { key });
		if (fields.has(key)) forbidden(`${what}: external data key '${key}' is given twice`, { key });
		fields.set(key, value);
	}
	const location = fields.get("location") ?? "";
	if (!plainFileName.test(location)) {
		forbidden(`${what}: external data location '${location}' is not a plain file name`, { location });
	}
	const offset = parseDecimal("offset", fields.get("offset"), what) ?? 0;
	return { location, offset, length: parseDecimal("length", fields.get("length"), what) };
}

function parseDecimal(key: string, text: string | undefined, what: string): number | null {
	if (text === undefined) return null;
	if (!decimal.test(text)) {
		forbidden(`${what}: external data ${key} '${text}' is not a decimal number of bytes`, {
			key,
			found: text,
		});
	}
	return Number(text);
}

function forbidden(message: string, details: Readonly<Record<string, unknown>>): never {
	throw new OptimizeError("model.external_data_forbidden", message, details);
}
