// The messages that models, functions and lone tensor files share: NodeProto, AttributeProto, TensorProto, ValueInfoProto.

import type { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type ImportLimits, limitExceeded } from "./import-limits.ts";
import {
	type AttributeKind,
	addOnce,
	canonicalDomain,
	type DeclaredExtent,
	type OnnxAttribute,
	type OnnxNode,
	type OnnxTensor,
	type TensorField,
	type ValueInfo,
} from "./model.ts";
import * as w from "./wire.ts";

/** Readers that share one set of limits and counts. */
export interface ProtoReader {
	readonly limits: ImportLimits;
	node(bytes: Uint8Array, what: string): OnnxNode;
	attribute(bytes: Uint8Array, what: string): OnnxAttribute;
	tensor(bytes: Uint8Array, what: string): OnnxTensor;
	valueInfo(bytes: Uint8Array, what: string): ValueInfo;
	stringEntry(bytes: Uint8Array, what: string, valueBytesMax?: number): readonly [string, string];
	text(reader: BinaryReader, type: WireType): string;
	addName(names: string[], reader: BinaryReader, type: WireType): void;
	/** Throws when a list of declarations is longer than allowed. */
	checkEntries(count: number): void;
}

export function createProtoReader(limits: ImportLimits): ProtoReader {
	const counts = { attributes: 0, tensors: 0, scalars: 0 };
	const text: ProtoReader["text"] = (reader, type) => w.readText(reader, type, limits.nameBytesMax);
	const countScalar = (): void => {
		if (++counts.scalars > limits.scalarsMax) limitExceeded("repeated scalars", limits.scalarsMax);
	};
	const proto: ProtoReader = {
		limits,
		text,
		node: (bytes, what) => readNode(bytes, what, proto),
		attribute: (bytes, what) => {
			if (++counts.attributes > limits.attributesMax) limitExceeded("attributes", limits.attributesMax);
			return readAttribute(bytes, what, proto, countScalar);
		},
		tensor: (bytes, what) => {
			if (++counts.tensors > limits.tensorsMax) limitExceeded("tensors", limits.tensorsMax);
			return readTensor(bytes, what, proto, countScalar);
		},
		valueInfo: (bytes, what) => readValueInfo(bytes, what, proto, countScalar),
		stringEntry: (bytes, what, valueBytesMax = limits.nameBytesMax) => {
			let [key, value] = ["", ""];
			w.readMessage(bytes, what, {
				1: (reader, type) => {
					key = text(reader, type);
				},
				2: (reader, type) => {
					value = w.readText(reader, type, valueBytesMax);
				},
			});
			return [key, value];
		},
		addName: (names, reader, type) => {
			countScalar();
			names.push(text(reader, type));
		},
		checkEntries: (count) => {
			if (count > limits.entriesMax) limitExceeded("declarations of one kind", limits.entriesMax);
		},
	};
	return proto;
}

function readNode(bytes: Uint8Array, what: string, proto: ProtoReader): OnnxNode {
	const text = { name: "", operator: "", domain: "", overload: "" };
	const inputs: string[] = [];
	const outputs: string[] = [];
	const attributes = new Map<string, OnnxAttribute>();
	w.readMessage(bytes, what, {
		1: (reader, type) => proto.addName(inputs, reader, type),
		2: (reader, type) => proto.addName(outputs, reader, type),
		3: (reader, type) => {
			text.name = proto.text(reader, type);
		},
		4: (reader, type) => {
			text.operator = proto.text(reader, type);
		},
		5: (reader, type) => {
			const attribute = proto.attribute(w.readBytes(reader, type), `${what}: attribute`);
			addOnce(attributes, attribute.name, attribute, `${what}: attribute`);
		},
		7: (reader, type) => {
			text.domain = canonicalDomain(proto.text(reader, type));
		},
		8: (reader, type) => {
			text.overload = proto.text(reader, type);
		},
	});
	return { ...text, inputs, outputs, attributes, bytes };
}

/** AttributeProto.AttributeType by number. */
const attributeKinds: readonly (AttributeKind | null)[] = [
	null,
	"float",
	"int",
	"string",
	"tensor",
	"other",
	"floats",
	"ints",
	"strings",
];
const attributeKindNumberMax = 14;
/** The field that holds the value of each kind. */
const attributeFields: Readonly<Record<number, AttributeKind>> = {
	2: "float",
	3: "int",
	4: "string",
	5: "tensor",
	6: "other",
	7: "floats",
	8: "ints",
	9: "strings",
	10: "other",
	11: "other",
	14: "other",
	15: "other",
	22: "other",
	23: "other",
};

function readAttribute(
	bytes: Uint8Array,
	what: string,
	proto: ProtoReader,
	countScalar: () => void,
): OnnxAttribute {
	const single = { name: "", float: 0, int: 0, reference: "" };
	let text: Uint8Array = new Uint8Array(0);
	let tensor: OnnxTensor | null = null;
	let graph: Uint8Array | null = null;
	let typeNumber = 0;
	const floats: number[] = [];
	const ints: number[] = [];
	const filled = new Set<AttributeKind>();
	const collect = (list: number[]) => (element: number) => {
		countScalar();
		list.push(element);
	};
	const value = (field: number, read: w.FieldHandler): w.FieldHandler => {
		const kind = attributeFields[field] ?? "other";
		return (reader, type) => {
			filled.add(kind);
			read(reader, type);
		};
	};
	const skip: w.FieldHandler = (reader, type) => {
		reader.skip(type);
	};
	w.readMessage(bytes, what, {
		1: (reader, type) => {
			single.name = proto.text(reader, type);
		},
		2: value(2, (reader, type) => {
			single.float = w.readFloat(reader, type);
		}),
		3: value(3, (reader, type) => {
			single.int = w.readInteger(reader, type);
		}),
		4: value(4, (reader, type) => {
			text = w.readBytes(reader, type);
		}),
		5: value(5, (reader, type) => {
			tensor = proto.tensor(w.readBytes(reader, type), `${what} '${single.name}': tensor`);
		}),
		6: value(6, (reader, type) => {
			graph = w.readBytes(reader, type);
		}),
		7: value(7, (reader, type) => w.readRepeated(reader, type, w.wire.fixed32, w.readFloat, collect(floats))),
		8: value(8, (reader, type) => w.readRepeated(reader, type, w.wire.varint, w.readInteger, collect(ints))),
		9: value(9, skip),
		10: value(10, skip),
		11: value(11, skip),
		14: value(14, skip),
		15: value(15, skip),
		20: (reader, type) => {
			typeNumber = w.readInteger(reader, type);
		},
		21: (reader, type) => {
			single.reference = proto.text(reader, type);
		},
		22: value(22, skip),
		23: value(23, skip),
	});
	const kind = attributeKind(typeNumber, filled, `${what} '${single.name}'`);
	return { ...single, kind, text, tensor, graph, floats, ints };
}

/** The stated type; it must agree with the field that is filled. Files of IR version 1 state none. */
function attributeKind(stated: number, filled: ReadonlySet<AttributeKind>, what: string): AttributeKind {
	if (stated < 0 || stated > attributeKindNumberMax) w.malformed(`${what}: unknown attribute type ${stated}`);
	const kind = stated === 0 ? ([...filled][0] ?? "ints") : (attributeKinds[stated] ?? "other");
	for (const other of filled) {
		if (other !== kind) w.malformed(`${what}: is of type ${kind} but holds ${other}`);
	}
	return kind;
}

function readTensor(
	bytes: Uint8Array,
	what: string,
	proto: ProtoReader,
	countScalar: () => void,
): OnnxTensor {
	let name = "";
	let elementType = 0;
	let raw: Uint8Array | null = null;
	let isExternal = false;
	const dimensions: number[] = [];
	const entries: (readonly [string, string])[] = [];
	const runs: Record<TensorField, Uint8Array[]> = {
		float: [],
		int32: [],
		string: [],
		int64: [],
		double: [],
		uint64: [],
	};
	const run =
		(field: TensorField): w.FieldHandler =>
		(reader, type) => {
			countScalar();
			runs[field].push(w.readRun(reader, type));
		};
	w.readMessage(bytes, what, {
		1: (reader, type) =>
			w.readRepeated(reader, type, w.wire.varint, w.readInteger, (extent) => {
				countScalar();
				dimensions.push(extent);
			}),
		2: (reader, type) => {
			elementType = w.readInteger(reader, type);
		},
		3: () => w.malformed(`${what}: segmented tensors are not supported`),
		4: run("float"),
		5: run("int32"),
		6: run("string"),
		7: run("int64"),
		8: (reader, type) => {
			name = proto.text(reader, type);
		},
		9: (reader, type) => {
			raw = w.readBytes(reader, type);
		},
		10: run("double"),
		11: run("uint64"),
		13: (reader, type) => {
			countScalar();
			entries.push(proto.stringEntry(w.readBytes(reader, type), `${what}: external data entry`));
		},
		14: (reader, type) => {
			isExternal = w.readInteger(reader, type) === 1;
		},
	});
	return { name, elementType, dimensions, raw, runs, external: isExternal ? entries : null, bytes };
}

/** TypeProto's alternatives to a dense tensor, by field number. */
const otherTypes: Readonly<Record<number, string>> = {
	4: "sequence",
	5: "map",
	7: "opaque",
	8: "sparse tensor",
	9: "optional",
};

function readValueInfo(
	bytes: Uint8Array,
	what: string,
	proto: ProtoReader,
	countScalar: () => void,
): ValueInfo {
	let name = "";
	let type: Pick<ValueInfo, "elementType" | "otherKind" | "extents"> = {
		elementType: null,
		otherKind: null,
		extents: null,
	};
	w.readMessage(bytes, what, {
		1: (reader, wireType) => {
			name = proto.text(reader, wireType);
		},
		2: (reader, wireType) => {
			type = readType(w.readBytes(reader, wireType), `${what}: type`, proto, countScalar);
		},
	});
	return { name, ...type, bytes };
}

function readType(
	bytes: Uint8Array,
	what: string,
	proto: ProtoReader,
	countScalar: () => void,
): Pick<ValueInfo, "elementType" | "otherKind" | "extents"> {
	let elementType: number | null = null;
	let otherKind: string | null = null;
	let extents: DeclaredExtent[] | null = null;
	const readExtent = (dimension: Uint8Array): DeclaredExtent => {
		let extent: DeclaredExtent = null;
		countScalar();
		w.readMessage(dimension, `${what}: dimension`, {
			1: (reader, type) => {
				extent = w.readInteger(reader, type);
			},
			2: (reader, type) => {
				extent = proto.text(reader, type) || null;
			},
		});
		return extent;
	};
	const readTensorType = (tensorType: Uint8Array): void =>
		w.readMessage(tensorType, what, {
			1: (reader, type) => {
				elementType = w.readInteger(reader, type);
			},
			2: (reader, type) => {
				const list: DeclaredExtent[] = [];
				w.readMessage(w.readBytes(reader, type), `${what}: shape`, {
					1: (inner, innerType) => {
						list.push(readExtent(w.readBytes(inner, innerType)));
					},
				});
				extents = list;
			},
		});
	const other = (field: number): w.FieldHandler => {
		return (reader, type) => {
			w.readBytes(reader, type);
			otherKind = otherTypes[field] ?? "other type";
		};
	};
	w.readMessage(bytes, what, {
		1: (reader, type) => readTensorType(w.readBytes(reader, type)),
		4: other(4),
		5: other(5),
		7: other(7),
		8: other(8),
		9: other(9),
	});
	return { elementType, otherKind, extents };
}
