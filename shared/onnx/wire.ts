// Protobuf messages field by field, over a kept-up reader, without generated code.
// Every length is checked against the bytes that remain before anything is read; group wire types (deprecated, and the
// way into deep-recursion attacks) are refused; nested messages are views that the caller opens itself, so that the
// recursion depth is that of the code and never that of the file.

import { BinaryReader, type WireType } from "@bufbuild/protobuf/wire";
import { AssertionError } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** The reader stands at the field's value; the handler reads or skips exactly that value. */
export type FieldHandler = (reader: BinaryReader, wireType: WireType) => void;

/** Handlers by field number; fields without one are skipped. */
export type FieldHandlers = Readonly<Record<number, FieldHandler>>;

/** Wire types of a varint, eight bytes, a length and that many bytes, and four bytes (protobuf encoding specification). */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * The same bytes as a plain Uint8Array. Node's Buffer is one too, but its `slice` is a view where a copy is meant: all
 * that is read from a file must behave alike.
 */
export function plainView(bytes: Uint8Array): Uint8Array {
	return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads one message. `what` names it in messages: "graph", "node 12". Throws `model.malformed`. */
export function readMessage(bytes: Uint8Array, what: string, fields: FieldHandlers): void {
	const reader = new BinaryReader(bytes);
	const place = { what: `${what}: byte 0` };
	guarded(place, () => {
		while (reader.pos < bytes.length) {
			place.what = `${what}: byte ${reader.pos}`;
			const [field, wireType] = reader.tag();
			if (wireType === 3 || wireType === 4) malformed(`${place.what}: field ${field} is a group`);
			place.what = `${what}: field ${field} at byte ${reader.pos}`;
			const handler = fields[field];
			if (handler === undefined) reader.skip(wireType, field);
			else handler(reader, wireType);
			// A last varint or length may run beyond the end: the reader notices only after the fact.
			if (reader.pos > bytes.length) malformed(`${place.what}: ends beyond the message`);
		}
	});
}

/** One field as written: the whole of it with its tag, and for a length-delimited one what it holds. */
export interface WrittenField {
	readonly field: number;
	readonly whole: Uint8Array;
	readonly content: Uint8Array | null;
}

/** The fields of one message as written, in order: for rewriting a message without touching what is not understood. */
export function listFields(bytes: Uint8Array, what: string): WrittenField[] {
	const reader = new BinaryReader(bytes);
	const fields: WrittenField[] = [];
	guarded({ what }, () => {
		while (reader.pos < bytes.length) {
			const start = reader.pos;
			const [field, wireType] = reader.tag();
			const content = wireType === wire.bytes ? reader.bytes() : null;
			if (content === null) reader.skip(wireType, field);
			fields.push({ field, whole: bytes.subarray(start, reader.pos), content });
		}
	});
	return fields;
}

/** Reads a packed run of varints. */
export function readVarints(packed: Uint8Array, what: string, found: (value: bigint) => void): void {
	const reader = new BinaryReader(packed);
	guarded({ what }, () => {
		while (reader.pos < packed.length) found(BigInt(reader.int64()));
	});
}

/** Runs the protobuf reader and turns what it throws into `model.malformed`. */
function guarded(place: { readonly what: string }, read: () => void): void {
	try {
		read();
	} catch (fault) {
		if (fault instanceof OptimizeError || fault instanceof AssertionError) throw fault;
		throw new OptimizeError(
			"model.malformed",
			`${place.what}: ${describe(fault)}`,
			{ place: place.what },
			fault,
		);
	}
}

/** A length-delimited value: a view of the file's bytes, never copied. */
export function readBytes(reader: BinaryReader, wireType: WireType): Uint8Array {
	if (wireType !== wire.bytes) malformed(`wire type ${wireType} where bytes are expected`);
	return reader.bytes();
}

/** A name or other short text; bytes that are not UTF-8 become U+FFFD. */
export function readText(reader: BinaryReader, wireType: WireType, bytesMax: number): string {
	if (wireType !== wire.bytes) malformed(`wire type ${wireType} where text is expected`);
	const start = reader.pos;
	const length = reader.uint32();
	if (length > bytesMax) {
		throw new OptimizeError("model.limits_exceeded", `a text of ${length} bytes: at most ${bytesMax}`, {
			length,
			limit: bytesMax,
		});
	}
	reader.pos = start;
	return reader.string();
}

/** A 64-bit integer as a number; beyond 2^53 it is rounded. */
export function readInteger(reader: BinaryReader, wireType: WireType): number {
	if (wireType !== wire.varint) malformed(`wire type ${wireType} where an integer is expected`);
	return Number(reader.int64());
}

export function readFloat(reader: BinaryReader, wireType: WireType): number {
	if (wireType !== wire.fixed32) malformed(`wire type ${wireType} where a float is expected`);
	return reader.float();
}

/** A repeated scalar field, written packed or one by one. `read` takes one element; `found` is called for each. */
export function readRepeated<T>(
	reader: BinaryReader,
	wireType: WireType,
	elementWireType: WireType,
	read: (reader: BinaryReader, wireType: WireType) => T,
	found: (element: T) => void,
): void {
	if (wireType !== wire.bytes) {
		found(read(reader, wireType));
		return;
	}
	const packed = reader.bytes();
	const elements = new BinaryReader(packed);
	while (elements.pos < packed.length) found(read(elements, elementWireType));
}

/** A repeated scalar field as raw element bytes: the packed run, or the one element. A view. */
export function readRun(reader: BinaryReader, wireType: WireType): Uint8Array {
	return wireType === wire.bytes ? reader.bytes() : reader.skip(wireType);
}

export function malformed(message: string, details: Readonly<Record<string, unknown>> = {}): never {
	throw new OptimizeError("model.malformed", message, details);
}

function describe(fault: unknown): string {
	return fault instanceof Error ? fault.message : String(fault);
}
