// Writes calls of model-local functions out in place, so that what follows sees operators only.
// Bounded by depth and by the number of nodes made: a file of 31 functions can otherwise stand for 2^30 nodes.

import { type ImportLimits, limitExceeded } from "./import-limits.ts";
import type { OnnxAttribute, OnnxFunction, OnnxModel, OnnxNode } from "./model.ts";
import { malformed } from "./wire.ts";

/** An operator node after inlining. */
export interface FlatNode {
	readonly node: OnnxNode;
	/** Versions by domain where the node is written: the model's or the function's. */
	readonly opsets: ReadonlyMap<string, number>;
	/** The file's node that this one is, or is part of. */
	readonly sourceIndex: number;
}

/** Where a node is written: the names and attributes that a call binds. Null outside functions. */
interface Call {
	readonly names: Map<string, string>;
	readonly attributes: ReadonlyMap<string, OnnxAttribute>;
	readonly prefix: string;
}

/** Throws `model.malformed` for a function that calls itself and `model.limits_exceeded` beyond the limits. */
export function inlineFunctions(model: OnnxModel, limits: ImportLimits): FlatNode[] {
	const functions = new Map<string, OnnxFunction>();
	for (const definition of model.functions) {
		const key = functionKey(definition.domain, definition.name, definition.overload);
		if (functions.has(key)) malformed(`function '${definition.name}' is defined twice`);
		functions.set(key, definition);
	}
	const flat: FlatNode[] = [];
	const active: OnnxFunction[] = [];
	let calls = 0;

	const expand = (
		node: OnnxNode,
		opsets: FlatNode["opsets"],
		sourceIndex: number,
		call: Call | null,
	): void => {
		const bound = call === null ? node : bindNode(node, call);
		const callee = functions.get(functionKey(node.domain, node.operator, node.overload));
		if (callee === undefined) {
			if (flat.length >= limits.onnxNodesMax) limitExceeded("nodes", limits.onnxNodesMax);
			flat.push({ node: bound, opsets, sourceIndex });
			return;
		}
		if (active.includes(callee))
			malformed(`function '${callee.name}' calls itself`, { function: callee.name });
		if (active.length >= limits.functionDepthMax) {
			limitExceeded("functions within functions", limits.functionDepthMax);
		}
		if (++calls > limits.onnxNodesMax) limitExceeded("function calls", limits.onnxNodesMax);
		active.push(callee);
		const inner = bindCall(callee, bound, `${bound.name || callee.name}.${calls}/`);
		const innerOpsets = new Map([...model.opsets, ...callee.opsets]);
		for (const part of callee.nodes) expand(part, innerOpsets, sourceIndex, inner);
		for (const passed of passedThrough(callee, bound, inner))
			flat.push({ node: passed, opsets: model.opsets, sourceIndex });
		active.pop();
	};
	for (const [index, node] of model.graph.nodes.entries()) expand(node, model.opsets, index, null);
	return flat;
}

function functionKey(domain: string, name: string, overload: string): string {
	return JSON.stringify([domain, name, overload]);
}

function bindCall(callee: OnnxFunction, call: OnnxNode, prefix: string): Call {
	if (call.inputs.length > callee.inputs.length || call.outputs.length > callee.outputs.length) {
		malformed(
			`call '${call.name}' of function '${callee.name}' has more operands or results than the function`,
		);
	}
	const names = new Map<string, string>([["", ""]]);
	for (const [index, name] of callee.inputs.entries()) names.set(name, call.inputs[index] ?? "");
	for (const [index, name] of callee.outputs.entries()) {
		const outer = call.outputs[index] ?? "";
		if (outer !== "" && !callee.inputs.includes(name)) names.set(name, outer);
	}
	const attributes = new Map(callee.attributeDefaults);
	for (const [name, attribute] of call.attributes) attributes.set(name, attribute);
	return { names, attributes, prefix };
}

function bindNode(node: OnnxNode, call: Call): OnnxNode {
	const rename = (name: string): string => {
		const known = call.names.get(name);
		if (known !== undefined) return known;
		const made = call.prefix + name;
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
		name: call.prefix + node.name,
		inputs: node.inputs.map(rename),
		outputs: node.outputs.map(rename),
		attributes,
	};
}

/** Identity nodes for results that are the function's own operands. */
function passedThrough(callee: OnnxFunction, call: OnnxNode, inner: Call): OnnxNode[] {
	const nodes: OnnxNode[] = [];
	for (const [index, name] of callee.outputs.entries()) {
		const output = call.outputs[index] ?? "";
		if (output === "" || !callee.inputs.includes(name)) continue;
		nodes.push({
			name: `${inner.prefix}${name}`,
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
