// Which inputs of two models are one tensor, and whether the models have the same inputs and outputs.

import { present } from "#shared/fault/assert.ts";
import type { Graph, Value, ValueId } from "#shared/graph/graph.ts";
import { type InputDomain, intersectDomains, type ValueDomain } from "#shared/graph/value-domain.ts";
import { equalShapes } from "#shared/tensor/shape.ts";

const graphValue = (graph: Graph, id: ValueId) => present(graph.values[id], "a value of the graph");

/** An input of either side or both; one that a side does not have, that side does not use. */
export interface SharedInput {
	readonly value: Value;
	readonly left: ValueId | null;
	readonly right: ValueId | null;
}

/** Null when the inputs cannot be matched. */
export function matchInputs(left: Graph, right: Graph): readonly SharedInput[] | null {
	const byName = (graph: Graph) =>
		new Map(graph.inputs.map(({ value }) => [graphValue(graph, value).name, value]));
	const [leftIds, rightIds] = [byName(left), byName(right)];
	const isWithin = (names: ReadonlyMap<string, ValueId>, others: ReadonlyMap<string, ValueId>): boolean =>
		[...names.keys()].every((name) => others.has(name));
	if (isWithin(leftIds, rightIds) || isWithin(rightIds, leftIds)) {
		const larger = leftIds.size >= rightIds.size ? left : right;
		return larger.inputs.map(({ value: id }) => {
			const value = graphValue(larger, id);
			return { value, left: leftIds.get(value.name) ?? null, right: rightIds.get(value.name) ?? null };
		});
	}
	if (left.inputs.length !== right.inputs.length) return null;
	return left.inputs.map(({ value: id }, at) => {
		const other = present(right.inputs[at], "as many inputs").value;
		return { value: graphValue(left, id), left: id, right: other };
	});
}

/** Null when both have inputs and outputs of the same types and shapes. */
export function compareSignatures(left: Graph, right: Graph, inputs: readonly SharedInput[]): string | null {
	const differ = (one: Value, other: Value): boolean =>
		one.dataType !== other.dataType || !equalShapes(one.shape, other.shape);
	for (const input of inputs) {
		if (input.left === null || input.right === null) continue;
		if (differ(graphValue(left, input.left), graphValue(right, input.right)))
			return `input '${input.value.name}' has another type or shape`;
	}
	if (left.outputs.length !== right.outputs.length)
		return `${left.outputs.length} and ${right.outputs.length} outputs`;
	const output = left.outputs.findIndex(({ value }, at) => {
		const other = present(right.outputs[at], "as many outputs").value;
		return differ(graphValue(left, value), graphValue(right, other));
	});
	return output >= 0 ? `output ${output} has another type or shape` : null;
}

/**
 * What the elements of each input may be where the models are defined: what operators of either side demand, and null
 * where none does.
 */
export function sharedDomains(
	left: Graph,
	right: Graph,
	inputs: readonly SharedInput[],
	declared: DeclaredDomains,
): readonly (ValueDomain | null)[] {
	const valuesOf = (
		graph: Graph,
		id: ValueId | null,
		domains: readonly InputDomain[],
	): ValueDomain | null => {
		if (id === null) return null;
		const { name } = graphValue(graph, id);
		return domains.find(({ input }) => input === name)?.values ?? null;
	};
	return inputs.map((input) => {
		const one = valuesOf(left, input.left, declared.left);
		const other = valuesOf(right, input.right, declared.right);
		return one === null || other === null ? (one ?? other) : intersectDomains(one, other);
	});
}

/** What operators of each model demand of its inputs. */
export interface DeclaredDomains {
	readonly left: readonly InputDomain[];
	readonly right: readonly InputDomain[];
}
