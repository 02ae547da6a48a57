// model.kiln.onnx and model.kiln.bin: the user's model with operators in place of islands, and beside it the weights as
// the kernels want them, where a runtime can map them.

import { type FileHandle, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { present } from "#shared/fault/assert.ts";
import { readExternalTensors } from "#shared/onnx/external-tensors.ts";
import { type Replacement, type ReplaceRequest, replaceNodes } from "#shared/onnx/replace-nodes.ts";
import type { Extent, StoredTensor, TensorType } from "#shared/onnx/stored-tensor.ts";
import type { LeftIsland, Operand, PlannedOperator } from "./plan-operators.ts";
import type { SourceModel } from "./read-source-model.ts";

export const modelFileName = "model.kiln.onnx";
export const weightsFileName = "model.kiln.bin";

/** A page: so that a mapped tensor lies at a multiple of it. */
const alignmentBytes = 4096;
/** One write takes at most this much. */
const writeBytesMax = 2 ** 30;

export interface WrittenModel {
	/** The operators that are in the model; the others could not be cut out. */
	readonly operators: readonly PlannedOperator[];
	readonly left: readonly LeftIsland[];
	/** Where nothing but operators is left: they in an order in which they can run. Else null. */
	readonly steps: readonly PlannedOperator[] | null;
	/** Where an operand's bytes lie in the weights' file. */
	readonly offsetOf: (operand: Operand) => number;
	readonly weightsBytes: number;
}

/** Bytes that go into the file, and where. */
class Layout {
	readonly pieces: { readonly bytes: Uint8Array; readonly extent: Extent }[] = [];
	readonly #known = new Map<Uint8Array, Extent>();
	endBytes = 0;

	/** The same view is stored once. */
	add(bytes: Uint8Array): Extent {
		const known = this.#known.get(bytes);
		if (known !== undefined) return known;
		const offsetBytes = Math.ceil(this.endBytes / alignmentBytes) * alignmentBytes;
		const extent = { offsetBytes, lengthBytes: bytes.length };
		this.endBytes = offsetBytes + bytes.length;
		this.#known.set(bytes, extent);
		this.pieces.push({ bytes, extent });
		return extent;
	}
}

/** Writes both files into `folder`. An operator that cannot be cut out of the model is left out, with the reason. */
export async function writeModelFiles(
	folder: string,
	source: SourceModel,
	domain: string,
	planned: readonly PlannedOperator[],
): Promise<WrittenModel> {
	const operators = [...planned];
	const left: LeftIsland[] = [];
	for (;;) {
		const layout = new Layout();
		const request = requestFor(source, domain, operators, layout);
		const draft = replaceNodes(source.bytes, request);
		if (draft.kind === "refused") {
			const [refused] = operators.splice(draft.replacement, 1);
			left.push({ island: present(refused, "a planned operator").island, reason: draft.reason });
			continue;
		}
		const moved = moveTensors(source, draft.live, layout);
		const final = moved.size === 0 ? draft : replaceNodes(source.bytes, { ...request, moved });
		if (final.kind !== "replaced") throw new Error("an order that was found is found again");
		await writeFile(join(folder, modelFileName), final.bytes);
		await writeLayout(join(folder, weightsFileName), layout);
		const steps = draft.steps?.map((at) => present(operators[at], "a planned operator")) ?? null;
		const offsetOf = (operand: Operand): number =>
			operand.kind === "value" ? 0 : layout.add(operand.bytes).offsetBytes;
		return { operators, left, steps, offsetOf, weightsBytes: layout.endBytes };
	}
}

function requestFor(
	source: SourceModel,
	domain: string,
	operators: readonly PlannedOperator[],
	layout: Layout,
): ReplaceRequest {
	const stored: StoredTensor[] = [];
	const nameOf = (operand: Operand, island: number, at: number): string => {
		if (operand.kind === "value") return operand.name;
		const name = `${domain}/${island}/${at}`;
		stored.push({ name, type: operand.type, ...layout.add(operand.bytes) });
		return name;
	};
	const replacements: Replacement[] = operators.map(({ island, operator, sources, operands, results }) => ({
		sources,
		operator,
		inputs: operands.map((operand, at) => nameOf(operand, island, at)),
		outputs: results,
	}));
	return {
		replacements,
		domain,
		location: weightsFileName,
		stored,
		moved: new Map(),
		inputs: inputTypes(source),
	};
}

/** The model's own inputs with the extents that were bound. */
function inputTypes({ graph }: SourceModel): ReadonlyMap<string, TensorType> {
	const own = graph.inputs.filter(({ role }) => role !== "foreign");
	return new Map(
		own.map(({ value }) => {
			const { name, dataType, shape } = present(graph.values[value], "a value of the graph");
			return [name, [dataType, shape] as const];
		}),
	);
}

/** Tensors of the user's other files that the new model still reads: it may not lie in their folder. */
function moveTensors(
	source: SourceModel,
	live: ReadonlySet<string>,
	layout: Layout,
): ReadonlyMap<string, Extent> {
	const moved = new Map<string, Extent>();
	if (source.files.size === 0) return moved;
	for (const [name, bytes] of readExternalTensors(source.bytes, source.files))
		if (live.has(name)) moved.set(name, layout.add(bytes));
	return moved;
}

async function writeLayout(path: string, { pieces }: Layout): Promise<void> {
	const file = await open(path, "w");
	try {
		for (const { bytes, extent } of pieces) await writePiece(file, bytes, extent.offsetBytes);
	} finally {
		await file.close();
	}
}

async function writePiece(file: FileHandle, bytes: Uint8Array, offsetBytes: number): Promise<void> {
	for (let at = 0; at < bytes.length; ) {
		const length = Math.min(writeBytesMax, bytes.length - at);
		at += (await file.write(bytes, at, length, offsetBytes + at)).bytesWritten;
	}
}
