// Which islands of the user's model become operators, and what each operator reads: activations by the names that the
// model has for them, weights packed ahead of time, and the few constants that a run reads as they are.

import { createHash } from "node:crypto";
import { present } from "#shared/fault/assert.ts";
import type { ValueId } from "#shared/graph/graph.ts";
import type { TensorType } from "#shared/onnx/stored-tensor.ts";
import type { Island } from "#shared/partition/partition.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { PackedKernel } from "./packed-kernel.ts";
import type { SourceModel } from "./read-source-model.ts";

export type Operand =
	/** A value of the model. */
	| { readonly kind: "value"; readonly input: number; readonly name: string; readonly type: TensorType }
	/** Bytes that are known now and that a run reads as they are. */
	| {
			readonly kind: "constant";
			readonly input: number;
			readonly type: TensorType;
			readonly bytes: Uint8Array;
	  }
	/** The packed weights: bytes of no type of ONNX's but uint8. */
	| { readonly kind: "prepared"; readonly type: TensorType; readonly bytes: Uint8Array };

/** An island in the form of an operator node. */
export interface PlannedOperator {
	readonly island: number;
	/** Digest of the program, which names the kernel. */
	readonly program: string;
	/** Name of the operator: equal for nodes of equal kernel and shapes. Hexadecimal behind a word. */
	readonly operator: string;
	/** Positions in the file's node list. */
	readonly sources: readonly number[];
	readonly operands: readonly Operand[];
	readonly results: readonly { readonly name: string; readonly type: TensorType }[];
}

/** An island that stays as the model has it, and why. */
export interface LeftIsland {
	readonly island: number;
	readonly reason: string;
}

const operatorDigits = 16;

/** `kernels`: by program digest; only those that are to be used. */
export function planOperators(
	model: SourceModel,
	kernels: ReadonlyMap<string, PackedKernel>,
): { readonly operators: readonly PlannedOperator[]; readonly left: readonly LeftIsland[] } {
	const operators: PlannedOperator[] = [];
	const left: LeftIsland[] = [];
	for (const island of model.partition.islands) {
		const kernel = kernels.get(island.digest);
		if (kernel === undefined) continue;
		const planned = planOperator(model, island, kernel);
		if (typeof planned === "string") left.push({ island: island.index, reason: planned });
		else operators.push(planned);
	}
	return { operators, left };
}

/** The operator, or why there is none. */
function planOperator(model: SourceModel, island: Island, kernel: PackedKernel): PlannedOperator | string {
	const { graph } = model;
	const constants = island.programInputs.map((value) => graph.constants.get(value) ?? null);
	const unpackable = kernel.manifest.inputs.findIndex(
		({ role }, at) => role === "weight" && constants[at] === null,
	);
	if (unpackable >= 0 && kernel.preparedBytes > 0)
		return "its weights are inputs of the model: they cannot be packed ahead of time";
	const operands: Operand[] = [];
	for (const [input, value] of island.programInputs.entries()) {
		const operand = operandOf(model, value, input, constants[input] ?? null);
		if (operand === null) return `operand ${input} has no name in the model's file`;
		if (operand.kind === "value" || kernel.reads(input)) operands.push(operand);
	}
	const sources = island.sources.map((source) => present(graph.sources[source], "a source").index);
	const results = island.programOutputs.map((value) => ({
		name: graph.values[value]?.name ?? "",
		type: typeOf(model, value),
	}));
	if (results.some(({ name }, at) => !isMadeAs(model, island.programOutputs[at] ?? -1, name)))
		return "a result has no name in the model's file";
	if (kernel.preparedBytes > 0) operands.push(prepare(kernel, constants));
	const program = island.digest;
	return {
		island: island.index,
		program,
		operator: nameOperator(program, operands, results),
		sources,
		operands,
		results,
	};
}

function typeOf({ graph }: SourceModel, value: ValueId): TensorType {
	const { dataType, shape } = present(graph.values[value], "a value of the graph");
	return [dataType, shape];
}

/** Null for a value that only the importer's own decomposition of a node has. */
function operandOf(
	model: SourceModel,
	value: ValueId,
	input: number,
	constant: TensorData | null,
): Operand | null {
	const type = typeOf(model, value);
	if (constant !== null) return { kind: "constant", input, type, bytes: constant.bytes };
	const { name } = present(model.graph.values[value], "a value of the graph");
	const isInput = model.graph.inputs.some((given) => given.value === value);
	if (!isInput && !isMadeAs(model, value, name)) return null;
	return { kind: "value", input, name, type };
}

/** Whether a node of the file makes the value under this name; made-up names may look like real ones. */
function isMadeAs({ graph, nodeNames }: SourceModel, value: ValueId, name: string): boolean {
	const maker = graph.nodes.find(({ output }) => output === value);
	const source = maker === undefined ? undefined : graph.sources[maker.source];
	return source !== undefined && nodeNames[source.index]?.outputs.includes(name) === true;
}

function prepare(kernel: PackedKernel, constants: readonly (TensorData | null)[]): Operand {
	const weights = kernel.manifest.inputs.map(({ role }, at) =>
		role === "weight" ? (constants[at]?.bytes ?? null) : null,
	);
	return {
		kind: "prepared",
		type: ["uint8", [kernel.preparedBytes]],
		bytes: kernel.pack(weights),
	};
}

function nameOperator(
	program: string,
	operands: PlannedOperator["operands"],
	results: PlannedOperator["results"],
): string {
	const shapes = [operands.map(({ kind, type }) => [kind, ...type]), results.map(({ type }) => type)];
	const digest = createHash("sha256")
		.update(JSON.stringify([program, shapes]))
		.digest("hex");
	return `Kernel_${digest.slice(0, operatorDigits)}`;
}
