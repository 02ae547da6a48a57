// What a node reads of the graph around it: its operands, and what the bodies of its branches and loops may take from outside.

import type { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { defaultImportLimits } from "./import-limits.ts";
import type { OnnxNode } from "./model.ts";
import { listFields, readBytes, readMessage, readText } from "./wire.ts";

/** AttributeProto: g and graphs. */
const graphFields: ReadonlySet<number> = new Set([6, 11]);

/** Operand names (without absent ones), then every name that a body reads or returns: more than it captures, never less. */
export function namesReadBy(node: OnnxNode): readonly string[] {
	const names = new Set(node.inputs);
	const addName = (reader: BinaryReader, type: WireType): void => {
		names.add(readText(reader, type, defaultImportLimits.nameBytesMax));
	};
	const isPlain = [...node.attributes.values()].every(({ kind }) => kind !== "other");
	const bodies = isPlain ? [] : bodiesOf(node.bytes, "node");
	for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
		readMessage(body, "body", {
			1: (reader, type) => {
				const inner = readBytes(reader, type);
				readMessage(inner, "node of a body", { 1: addName });
				bodies.push(...bodiesOf(inner, "node of a body"));
			},
			12: (reader, type) => readMessage(readBytes(reader, type), "output of a body", { 1: addName }),
		});
	}
	names.delete("");
	return [...names];
}

/** GraphProto bytes within a NodeProto's attributes. */
function bodiesOf(node: Uint8Array, what: string): Uint8Array[] {
	return listFields(node, what).flatMap(({ field, content }) =>
		field !== 5 || content === null
			? []
			: listFields(content, "attribute").flatMap((part) =>
					graphFields.has(part.field) && part.content !== null ? [part.content] : [],
				),
	);
}
