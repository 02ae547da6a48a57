// Two models to be compared. Where shapes depend on the values of integer inputs (the axes of a reduction, the target of
// a Reshape), these inputs are bound to stored tensors in both models, and no others are: what is found then holds for
// those values.

import { present } from "#shared/fault/assert.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel, ImportOptions } from "#shared/onnx/import-options.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { readElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { NamedTensor } from "./tensor-files.ts";

export interface ImportedPair {
	readonly left: ImportedModel;
	readonly right: ImportedModel;
	/** Inputs that were bound, as `axes = [1]`. */
	readonly given: readonly string[];
}

/** Printed elements of a bound tensor; the others are counted. */
const printedElementsMax = 16;

/** `stored`: the models' inputs, by name or, without one, by position. Throws what `importModel` throws. */
export function importPair(
	[left, right]: readonly [Uint8Array, Uint8Array],
	options: ImportOptions,
	stored: readonly NamedTensor[],
): ImportedPair {
	const one = createSide(left, options, stored);
	const other = createSide(right, options, stored);
	const bound = new Set([...one.deciding(), ...other.deciding()]);
	const given = [...bound].map((tensor) => {
		const name = one.nameOf(tensor) ?? other.nameOf(tensor);
		return describeTensor(present(name, "a bound tensor is an input"), tensor);
	});
	return { left: one.importWith(bound), right: other.importWith(bound), given };
}

interface Side {
	/** Tensors without which a node is refused. */
	deciding(): readonly TensorData[];
	importWith(bound: ReadonlySet<TensorData>): ImportedModel;
	nameOf(tensor: TensorData): string | undefined;
}

function createSide(bytes: Uint8Array, options: ImportOptions, stored: readonly NamedTensor[]): Side {
	const plain = importModel(bytes, options);
	const byName = tensorsByName(inputNames(plain), stored);
	const importWith = (bound: ReadonlySet<TensorData>): ImportedModel => {
		const inputValues = new Map([...byName].filter(([, tensor]) => bound.has(tensor)));
		return inputValues.size === 0 ? plain : importModel(bytes, { ...options, inputValues });
	};
	const deciding = (): readonly TensorData[] => {
		if (unboundCount(plain) === 0) return [];
		const integers = [...byName.values()].filter(({ dataType }) => !isFloat(dataType));
		let needed = new Set(integers);
		const leastCount = unboundCount(importWith(needed));
		for (const tensor of integers) {
			const fewer = new Set([...needed].filter((each) => each !== tensor));
			if (unboundCount(importWith(fewer)) === leastCount) needed = fewer;
		}
		return [...needed];
	};
	const nameOf = (tensor: TensorData): string | undefined =>
		[...byName].find(([, own]) => own === tensor)?.[0];
	return { deciding, importWith, nameOf };
}

/** Nodes that are refused since a value is not known. */
function unboundCount({ refusals }: ImportedModel): number {
	return refusals.filter(({ code }) => code === "model.shape_unbound").length;
}

/** In the file's order. */
function inputNames({ graph }: ImportedModel): readonly string[] {
	return graph.inputs.flatMap(({ value, role }) =>
		role === "foreign" ? [] : [graph.values[value]?.name ?? ""],
	);
}

/** By name where a stored tensor has one that the model knows, else by position. */
function tensorsByName(
	names: readonly string[],
	stored: readonly NamedTensor[],
): ReadonlyMap<string, TensorData> {
	const found = new Map<string, TensorData>();
	for (const [at, { name, tensor }] of stored.entries()) {
		const own = names.includes(name) ? name : names[at];
		if (own !== undefined && !found.has(own)) found.set(own, tensor);
	}
	return found;
}

function describeTensor(name: string, tensor: TensorData): string {
	const elements = [...readElements(tensor)];
	const rest = elements.length - printedElementsMax;
	const shown = elements.slice(0, printedElementsMax).join(", ");
	if (tensor.shape.length === 0) return `${name} = ${shown}`;
	return `${name} = [${shown}${rest > 0 ? `, and ${rest} more` : ""}]`;
}
