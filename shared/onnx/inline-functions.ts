// Writes calls of model-local functions out in place, so that what follows sees operators only.
// Bounded by depth and by the number of nodes made: a file of 31 functions can otherwise stand for 2^30 nodes.

import { briefName } from "./brief-text.ts";
import { type ImportLimits, limitExceeded } from "./import-limits.ts";
import { addOnce, type OnnxAttribute, type OnnxFunction, type OnnxModel, type OnnxNode } from "./model.ts";
import { malformed } from "./wire.ts";

/** An operator node after inlining. */
export interface FlatNode {
	readonly node: OnnxNode;
	/** Versions by domain where the node is written: the model's or the function's. */
	readonly opsets: ReadonlyMap<string, number>;
	/** The file's node that this one is, or is part of. */
	readonly sourceIndex: number;
}

/** A local function with what every call of it needs. */
interface Callee {
	readonly definition: OnnxFunction;
	readonly inputs: ReadonlySet<string>;
	readonly opsets: ReadonlyMap<string, number>;
	/** Names and attributes that a call binds. */
	readonly parts: number;
}

/** Where a node is written: the names and attributes that a call binds. Null outside functions. */
interface Call {
	readonly names: Map<string, string>;
	readonly attributes: ReadonlyMap<string, OnnxAttribute>;
	/** Unique to the call. */
	readonly prefix: string;
}

/** Throws `model.malformed` for a function that calls itself and `model.limits_exceeded` beyond the limits. */
export function inlineFunctions(model: OnnxModel, limits: ImportLimits): FlatNode[] {
	const callees = prepareCallees(model);
	const flat: FlatNode[] = [];
	const active: Callee[] = [];
	const made = { calls: 0, parts: 0 };

	const countParts = (parts: number): void => {
		made.parts += parts;
		if (made.parts > limits.scalarsMax)
			limitExceeded("names and attributes in function calls", limits.scalarsMax);
	};
	const add = (node: OnnxNode, opsets: FlatNode["opsets"], sourceIndex: number): void => {
		if (flat.length >= limits.onnxNodesMax) limitExceeded("nodes", limits.onnxNodesMax);
		flat.push({ node, opsets, sourceIndex });
	};
	const expand = (
		node: OnnxNode,
		opsets: FlatNode["opsets"],
		sourceIndex: number,
		call: Call | null,
	): void => {
		if (call !== null) countParts(node.inputs.length + node.outputs.length + node.attributes.size);
		const bound = call === null ? node : bindNode(node, call);
		const callee = callees.get(functionKey(node.domain, node.operator, node.overload));
		if (callee === undefined) {
			add(bound, opsets, sourceIndex);
			return;
		}
		enterCall(callee, active, limits);
		if (++made.calls > limits.onnxNodesMax) limitExceeded("function calls", limits.onnxNodesMax);
		countParts(callee.parts);
		const inner = bindCall(callee, bound, `function#${made.calls}/`);
		for (const part of callee.definition.nodes) expand(part, callee.opsets, sourceIndex, inner);
		for (const passed of passedThrough(callee, bound, inner)) add(passed, model.opsets, sourceIndex);
		active.pop();
	};
	for (const [index, node] of model.graph.nodes.entries()) expand(node, model.opsets, index, null);
	return flat;
}

function prepareCallees(model: OnnxModel): ReadonlyMap<string, Callee> {
	const callees = new Map<string, Callee>();
	for (const definition of model.functions) {
		const { domain, name, overload, inputs, outputs, attributeDefaults, opsets } = definition;
		const callee: Callee = {
			definition,
			inputs: new Set(inputs),
			opsets: new Map([...model.opsets, ...opsets]),
			parts: inputs.length + outputs.length + attributeDefaults.size,
		};
		addOnce(callees, functionKey(domain, name, overload), callee, "function");
	}
	return callees;
}

function functionKey(domain: string, name: string, overload: string): string {
	return JSON.stringify([domain, name, overload]);
}

function enterCall(callee: Callee, active: Callee[], limits: ImportLimits): void {
	const { name } = callee.definition;
	if (active.includes(callee)) malformed(`function '${name}' calls itself`, { function: name });
	if (active.length >= limits.functionDepthMax) {
		limitExceeded("functions within functions", limits.functionDepthMax);
	}
	active.push(callee);
}

function bindCall({ definition, inputs }: Callee, call: OnnxNode, prefix: string): Call {
	if (call.inputs.length > definition.inputs.length || call.outputs.length > definition.outputs.length) {
		malformed(
			`call '${call.name}' of function '${definition.name}' has more operands or results than the function`,
		);
	}
	const names = new Map<string, string>([["", ""]]);
	for (const [index, name] of definition.inputs.entries()) names.set(name, call.inputs[index] ?? "");
	for (const [index, name] of definition.outputs.entries()) {
		const outer = call.outputs[index] ?? "";
		if (outer !== "" && !inputs.has(name)) names.set(name, outer);
	}
	const attributes = new Map([...definition.attributeDefaults, ...call.attributes]);
	return { names, attributes, prefix };
}

function bindNode(node: OnnxNode, call: Call): OnnxNode {
	const rename = (name: string): string => {
		const known = call.names.get(name);
		if (known !== undefined) return known;
		// The number keeps names apart that are shortened alike.
		const made = `${call.prefix}${briefName(name)}#${call.names.size}`;
		call.names.set(name, made);
		return made;
	};
	const attributes = new Map<string, OnnxAttribute>();
	for (const [name, attribute] of node.attributes) {
		const value = attribute.reference === "" ? attribute : call.attributes.get(attribute.reference);
		if (value !== undefined) attributes.set(name, { ...value, name });
	}
	return {
		...node,
		name: call.prefix + briefName(node.name),
		inputs: node.inputs.map(rename),
		outputs: node.outputs.map(rename),
		attributes,
	};
}

/** Identity nodes for results that are the function's own operands. */
function passedThrough({ definition, inputs }: Callee, call: OnnxNode, inner: Call): OnnxNode[] {
	const nodes: OnnxNode[] = [];
	for (const [index, name] of definition.outputs.entries()) {
		const output = call.outputs[index] ?? "";
		if (output === "" || !inputs.has(name)) continue;
		nodes.push({
			name: inner.prefix + briefName(name),
			operator: "Identity",
			domain: "",
			overload: "",
			inputs: [inner.names.get(name) ?? ""],
			outputs: [output],
			attributes: new Map(),
			bytes: call.bytes,
		});
	}
	return nodes;
}
