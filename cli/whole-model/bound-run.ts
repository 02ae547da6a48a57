// Tensors of ours handed to ONNX Runtime without a copy, for one run or for many.

import koffi from "koffi";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { codeOfDataType, dataTypeOfCode } from "#shared/onnx/element-type.ts";
import { type DataType, elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { addressOf, whileHeld } from "../native-memory.ts";
import type { Pointer, Runtime } from "./onnx-runtime.ts";

/** What a model takes or gives. */
export interface Port {
	readonly name: string;
	readonly dataType: DataType;
	/** Null for an extent that the model leaves open. */
	readonly shape: readonly (number | null)[];
}

export class BoundRun {
	readonly #runtime: Runtime;
	/** Kept: the runtime reads them where they lie. */
	readonly inputs: readonly TensorData[];
	/** Null where only a run tells the shape: then the runtime makes the tensor. */
	readonly #results: readonly (TensorData | null)[];
	readonly #values: readonly Pointer[];
	readonly #from: BigUint64Array;
	readonly #to: BigUint64Array;
	readonly #run: (from: BigUint64Array, to: BigUint64Array) => void;

	/** `run`: on tables of values, an entry of 0 standing for one that the runtime makes. */
	constructor(
		runtime: Runtime,
		ports: readonly Port[],
		inputs: readonly TensorData[],
		run: (from: BigUint64Array, to: BigUint64Array) => void,
	) {
		this.#runtime = runtime;
		this.inputs = inputs;
		this.#results = ports.map(freshTensor);
		this.#run = run;
		const given = inputs.map((input) => wrap(runtime, input));
		const made = this.#results.map((result) => (result === null ? null : wrap(runtime, result)));
		this.#values = [...given, ...made];
		this.#from = pointerTable(given);
		this.#to = pointerTable(made);
	}

	execute(): void {
		this.#releaseMade();
		whileHeld(this, () => this.#run(this.#from, this.#to));
	}

	/** Of the last run. Those of known shape are written by every run, others are copies. */
	outputs(): TensorData[] {
		return this.#results.map((result, at) => result ?? copyTensor(this.#runtime, pointerOf(this.#to[at])));
	}

	release(): void {
		this.#releaseMade();
		for (const value of this.#values) if (value !== null) this.#runtime.call("releaseValue", value);
	}

	#releaseMade(): void {
		for (const [at, result] of this.#results.entries()) {
			const value = result === null ? pointerOf(this.#to[at]) : null;
			if (value === null) continue;
			this.#runtime.call("releaseValue", value);
			this.#to[at] = 0n;
		}
	}
}

/** Type and shape as the runtime tells them. Throws `model.type_unsupported` for types that Kiln does not hold. */
export function describeTensor(runtime: Runtime, tensor: Pointer): Pick<Port, "dataType" | "shape"> {
	const code = Number(runtime.get("elementType", tensor));
	const dataType = dataTypeOfCode(code);
	if (dataType === null)
		throw new OptimizeError("model.type_unsupported", `a tensor of element type ${code}`, { code });
	const rank = Number(runtime.get("rank", tensor));
	const extents = new BigInt64Array(new ArrayBuffer(8 * Math.max(1, rank)));
	whileHeld(extents, () => runtime.call("dimensions", tensor, addressOf(extents), rank));
	const shape = Array.from(extents.subarray(0, rank), (extent) => (extent < 0n ? null : Number(extent)));
	return { dataType, shape };
}

const isKnown = (shape: readonly (number | null)[]): shape is Shape => !shape.includes(null);

function freshTensor({ dataType, shape }: Port): TensorData | null {
	if (!isKnown(shape)) return null;
	return { dataType, shape, bytes: new Uint8Array(elementCount(shape) * elementBytes(dataType)) };
}

function wrap(runtime: Runtime, { dataType, shape, bytes }: TensorData): Pointer {
	const extents = BigInt64Array.from(shape.length === 0 ? [0n] : shape.map(BigInt));
	return whileHeld([extents, bytes], () =>
		runtime.get(
			"createTensor",
			runtime.memory,
			addressOf(bytes),
			bytes.byteLength,
			addressOf(extents),
			shape.length,
			codeOfDataType(dataType),
		),
	);
}

function copyTensor(runtime: Runtime, value: Pointer): TensorData {
	const tensor = runtime.get("typeAndShape", value);
	try {
		const { dataType, shape } = describeTensor(runtime, tensor);
		const known = shape.map((extent) => extent ?? 0);
		const bytes = elementCount(known) * elementBytes(dataType);
		const data = bytes === 0 ? null : koffi.view(runtime.get("tensorData", value), bytes);
		return {
			dataType,
			shape: known,
			bytes: data === null ? new Uint8Array(0) : new Uint8Array(data).slice(),
		};
	} finally {
		runtime.call("releaseTensor", tensor);
	}
}

function pointerTable(pointers: readonly Pointer[]): BigUint64Array {
	const table = new BigUint64Array(new ArrayBuffer(8 * Math.max(1, pointers.length)));
	for (const [at, pointer] of pointers.entries())
		table[at] = pointer === null ? 0n : BigInt(koffi.address(pointer));
	return table;
}

/** A pointer that C wrote into a table of ours. */
function pointerOf(address: bigint | undefined): Pointer {
	return address === undefined || address === 0n ? null : koffi.decode(BigUint64Array.of(address), "void *");
}
