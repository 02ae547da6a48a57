// Small random graphs of everything that programs are made of: views, element-wise operators, reductions, products.

import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import type { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import { tensorGraph } from "./tensor-graph.ts";

type Step = (b: GraphBuilder, x: ValueId, random: Random) => ValueId;

const pick = <T>(random: Random, items: readonly T[]): T => items[random.nextBelow(items.length)] as T;

const fresh = (b: GraphBuilder, shape: Shape, random: Random): ValueId =>
	b.input("", "float32", shape, random.nextBelow(2) === 0 ? "activation" : "weight");

function shuffled(random: Random, count: number): number[] {
	const order = Array.from({ length: count }, (_, i) => i);
	for (let i = count - 1; i > 0; i--) {
		const j = random.nextBelow(i + 1);
		[order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
	}
	return order;
}

/** A random shape of the same element count: prime factors in random runs, sometimes with a 1. */
function reshaped(random: Random, shape: Shape): number[] {
	const factors: number[] = [];
	for (let rest = elementCount(shape), prime = 2; rest > 1; ) {
		if (rest % prime === 0) {
			factors.push(prime);
			rest /= prime;
		} else {
			prime++;
		}
	}
	const result: number[] = [];
	for (const factor of shuffled(random, factors.length).map((i) => factors[i] ?? 1)) {
		if (result.length > 0 && random.nextBelow(2) === 0)
			result[result.length - 1] = (result.at(-1) ?? 1) * factor;
		else result.push(factor);
	}
	if (random.nextBelow(3) === 0) result.splice(random.nextBelow(result.length + 1), 0, 1);
	return result;
}

const steps: Readonly<Record<string, Step>> = {
	unary: (b, x, random) => b.unary(pick(random, ["negate", "abs", "tanh", "sigmoid", "sin"] as const), x),
	binaryWithInput: (b, x, random) => {
		const shape = b.shapeOf(x).map((extent) => (random.nextBelow(4) === 0 ? 1 : extent));
		const other = fresh(b, shape.slice(random.nextBelow(shape.length + 1)), random);
		const operator = pick(random, ["add", "multiply", "subtract", "maximum"] as const);
		return random.nextBelow(2) === 0 ? b.binary(operator, x, other) : b.binary(operator, other, x);
	},
	square: (b, x) => b.binary("multiply", x, x),
	normalize: (b, x) => {
		const last = b.shapeOf(x).length - 1;
		return last < 0 ? x : b.binary("subtract", x, b.reduce("max", x, [last], true));
	},
	reduce: (b, x, random) => {
		const axes = [...b.shapeOf(x).keys()].filter(() => random.nextBelow(3) === 0);
		return axes.length === 0
			? x
			: b.reduce(pick(random, ["sum", "max", "min"] as const), x, axes, random.nextBelow(2) === 0);
	},
	transpose: (b, x, random) => b.transpose(x, shuffled(random, b.shapeOf(x).length)),
	reshape: (b, x, random) => b.reshape(x, reshaped(random, b.shapeOf(x))),
	broadcast: (b, x) => {
		const shape = b.shapeOf(x);
		return elementCount(shape) > 200
			? x
			: b.broadcast(x, [2, ...shape.map((extent) => (extent === 1 ? 3 : extent))]);
	},
	slice: (b, x, random) => {
		const shape = b.shapeOf(x);
		const isReversed = shape.map(() => random.nextBelow(4) === 0);
		const sizes = shape.map((extent) => (random.nextBelow(2) === 0 ? extent : 1 + random.nextBelow(extent)));
		const starts = shape.map((extent, axis) =>
			isReversed[axis] ? extent - 1 : random.nextBelow(extent - (sizes[axis] ?? 1) + 1),
		);
		return b.slice(
			x,
			starts,
			sizes,
			isReversed.map((reversed) => (reversed ? -1 : 1)),
		);
	},
	concat: (b, x, random) => {
		const shape = b.shapeOf(x);
		if (shape.length === 0 || elementCount(shape) > 400) return x;
		const axis = random.nextBelow(shape.length);
		return b.concat(
			random.nextBelow(2) === 0 ? [x, fresh(b, shape, random)] : [b.unary("negate", x), x],
			axis,
		);
	},
	interleave: (b, x) => {
		const shape = b.shapeOf(x);
		const last = shape.at(-1) ?? 0;
		if (last < 2 || last % 2 !== 0) return x;
		const half = [...shape.slice(0, -1), last / 2];
		const part = (start: number): ValueId => {
			const steps = shape.map((_, axis) => (axis === shape.length - 1 ? 2 : 1));
			const starts = shape.map((_, axis) => (axis === shape.length - 1 ? start : 0));
			return b.reshape(b.slice(x, starts, half, steps), [...half, 1]);
		};
		return b.reshape(b.concat([b.unary("negate", part(1)), part(0)], shape.length), shape);
	},
	matmul: (b, x, random) => {
		const shape = b.shapeOf(x);
		if (shape.length < 2) return x;
		return b.matmul(x, fresh(b, [shape.at(-1) ?? 1, 1 + random.nextBelow(6)], random));
	},
	gram: (b, x) => {
		const rank = b.shapeOf(x).length;
		if (rank < 2 || elementCount(b.shapeOf(x)) > 400) return x;
		const order = Array.from({ length: rank }, (_, i) => i);
		return b.matmul(x, b.transpose(x, [...order.slice(0, -2), rank - 1, rank - 2]));
	},
};

/** A graph of about `length` primitives over tensors of rank up to 4; the same for the same seed. */
export function randomGraph(seed: number, length: number): Graph {
	return tensorGraph((b) => {
		const random = createRandom(seed);
		const shape = Array.from({ length: 1 + random.nextBelow(3) }, () => pick(random, [1, 2, 3, 4, 6]));
		const made = [fresh(b, shape, random)];
		for (let i = 0; i < length; i++) {
			const from = random.nextBelow(3) > 0 ? (made.at(-1) ?? 0) : pick(random, made);
			const step = steps[pick(random, Object.keys(steps))];
			const next = step?.(b, from, random) ?? from;
			if (elementCount(b.shapeOf(next)) <= 4000 && b.shapeOf(next).length <= 6) made.push(next);
		}
		const computed = made.filter((value) => !b.inputs.some((input) => input.value === value));
		const outputs = computed.length === 0 ? [b.unary("tanh", made[0] ?? 0)] : [computed.at(-1) ?? 0];
		if (computed.length > 2 && random.nextBelow(3) === 0) outputs.push(pick(random, computed));
		return [...new Set(outputs)];
	});
}
