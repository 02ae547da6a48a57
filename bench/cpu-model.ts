// ONNX models of the timing cases, and the pieces they are written from.

import { writeElements } from "#shared/tensor/elements.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { type TinyModel, tinyModel } from "#test/support/onnx-model.ts";

export type WrittenNode = TinyModel["nodes"][number];

/** One output `y`, float32. */
export interface CpuModel {
	readonly inputs: Readonly<Record<string, Shape>>;
	readonly weights: Readonly<Record<string, Shape>>;
	readonly weightType: "float32" | "float16";
	readonly output: Shape;
	readonly nodes: readonly WrittenNode[];
}

/** ONNX bytes. Scalars named `const:<value>` become initializers. */
export function cpuModelBytes({ inputs, weights, weightType, output, nodes }: CpuModel): Uint8Array {
	const names = new Set(nodes.flatMap((own) => own.inputs));
	const scalars = [...names].filter((name) => name.startsWith(scalarPrefix));
	return tinyModel({
		nodes,
		inputs: { ...inputs, ...weights },
		inputTypes: Object.fromEntries(Object.keys(weights).map((name) => [name, weightType])),
		outputs: { y: output },
		initializers: Object.fromEntries(
			scalars.map((name) => {
				const value = Number(name.slice(scalarPrefix.length));
				return [name, writeElements("float32", [], Float64Array.of(value))];
			}),
		),
	});
}

const scalarPrefix = "const:";
export const scalar = (value: number): string => `${scalarPrefix}${value}`;

export function node(
	operator: string,
	inputs: readonly string[],
	output: string,
	attributes: WrittenNode["attributes"] = {},
): WrittenNode {
	return { operator, inputs, outputs: [output], attributes };
}

/** x / sqrt(mean(x²) + 1e-5) of the last axis. */
export function rootMeanSquareNorm(x: string, output: string): WrittenNode[] {
	const [square, mean, shifted, root] = ["square", "mean", "shifted", "root"].map(
		(own) => `${output}_${own}`,
	);
	return [
		node("Mul", [x, x], `${square}`),
		node("ReduceMean", [`${square}`], `${mean}`, { axes: [-1], keepdims: 1 }),
		node("Add", [`${mean}`, scalar(1e-5)], `${shifted}`),
		node("Sqrt", [`${shifted}`], `${root}`),
		node("Div", [x, `${root}`], output),
	];
}

/** softmax(Q·Kᵀ / sqrt(depth))·V over keys [heads, length, depth] and values `v`, into `y`. */
export function softmaxAttention(q: string, k: string, depth: number): WrittenNode[] {
	return [
		node("Transpose", [k], "k_turned", { perm: [0, 2, 1] }),
		node("MatMul", [q, "k_turned"], "scores"),
		node("Mul", ["scores", scalar(1 / Math.sqrt(depth))], "scaled"),
		node("Softmax", ["scaled"], "shares", { axis: -1 }),
		node("MatMul", ["shares", "v"], "y"),
	];
}

/** z·(1 + erf(z / sqrt(2))) / 2 with z = x + bias. */
export function biasGelu(x: string, bias: string, output: string): WrittenNode[] {
	return [
		node("Add", [x, bias], "biased"),
		node("Mul", ["biased", scalar(Math.SQRT1_2)], "scaled"),
		node("Erf", ["scaled"], "erf"),
		node("Add", ["erf", scalar(1)], "raised"),
		node("Mul", ["biased", "raised"], "doubled"),
		node("Mul", ["doubled", scalar(0.5)], output),
	];
}

/** Weights as the products read them: in float32. */
export function widened(weights: readonly string[], type: CpuModel["weightType"]): WrittenNode[] {
	return type === "float32" ? [] : weights.map((own) => node("Cast", [own], `${own}_wide`, { to: 1 }));
}

export const reading = (weight: string, type: CpuModel["weightType"]): string =>
	type === "float32" ? weight : `${weight}_wide`;
