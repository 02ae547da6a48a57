// Element-wise operators, data types and threads of generated code, on values that are hard for them.

import { describe, expect, test } from "vitest";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import { type MapOperator, mapOperatorArity, type Program } from "#shared/program/program.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { compilePrograms, compilerMissing, hostTarget, otherTargets } from "#test/support/compiled-kernel.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import { uniformSchedule, wholeProgramMuGraph } from "#test/support/whole-program.ts";

const missing = compilerMissing();
if (missing !== null) console.warn(`operators are not compiled: ${missing}`);

/** Not a multiple of the vector width: the tail runs through the same vector code. */
const elements = 1021;

function elementwise(operator: MapOperator): Program {
	const b = buildProgram();
	const axis = b.axis(elements);
	const operands = Array.from({ length: mapOperatorArity[operator] }, () => b.input([axis]));
	b.output(b.map(operator, ...operands));
	return b.build();
}

function lowerWhole(program: Program, target: CpuTarget) {
	const muGraph = wholeProgramMuGraph(program);
	const schedule = uniformSchedule(muGraph, 4096, { vectorLanes: target.vectorLanes });
	return lowerMuGraph(muGraph, schedule, target, 1);
}

const everyTarget = [hostTarget, ...otherTargets()];

const spread = (low: number, high: number): Float32Array =>
	Float32Array.from({ length: elements }, (_, at) => low + ((high - low) * at) / (elements - 1));
/** -2 to 2 in quarters: ties, equal pairs, zeros and both signs. */
const quarters = (shift: number): Float32Array =>
	Float32Array.from({ length: elements }, (_, at) => (((at * shift) % 17) - 8) / 4);

/** Inputs, and the largest error relative to the result (or absolute, below 1). */
const cases: Readonly<
	Record<MapOperator, { readonly inputs: readonly Float32Array[]; readonly errorMax: number }>
> = {
	add: { inputs: [spread(-9, 9), quarters(5)], errorMax: 1e-7 },
	subtract: { inputs: [spread(-9, 9), quarters(5)], errorMax: 1e-7 },
	multiply: { inputs: [spread(-9, 9), quarters(5)], errorMax: 1e-7 },
	divide: { inputs: [spread(-9, 9), spread(0.1, 7)], errorMax: 1e-7 },
	maximum: { inputs: [quarters(3), quarters(5)], errorMax: 0 },
	minimum: { inputs: [quarters(3), quarters(5)], errorMax: 0 },
	power: { inputs: [spread(0.01, 9), quarters(5)], errorMax: 2e-7 },
	negate: { inputs: [quarters(3)], errorMax: 0 },
	abs: { inputs: [quarters(3)], errorMax: 0 },
	exp: { inputs: [spread(-103, 88)], errorMax: 2e-7 },
	log: { inputs: [spread(1e-30, 20)], errorMax: 2e-7 },
	sqrt: { inputs: [spread(0, 1e4)], errorMax: 1e-7 },
	erf: { inputs: [spread(-5, 5)], errorMax: 3e-7 },
	sigmoid: { inputs: [spread(-90, 90)], errorMax: 3e-7 },
	tanh: { inputs: [spread(-12, 12)], errorMax: 3e-7 },
	sin: { inputs: [spread(-5000, 5000)], errorMax: 3e-7 },
	cos: { inputs: [spread(-5000, 5000)], errorMax: 3e-7 },
	floor: { inputs: [spread(-70000, 70000)], errorMax: 0 },
	ceil: { inputs: [spread(-9, 9)], errorMax: 0 },
	roundHalfEven: { inputs: [quarters(1)], errorMax: 0 },
	sign: { inputs: [quarters(1)], errorMax: 0 },
	not: { inputs: [quarters(1)], errorMax: 0 },
	equal: { inputs: [quarters(1), quarters(3)], errorMax: 0 },
	less: { inputs: [quarters(1), quarters(3)], errorMax: 0 },
	lessOrEqual: { inputs: [quarters(1), quarters(3)], errorMax: 0 },
	and: { inputs: [quarters(1), quarters(3)], errorMax: 0 },
	or: { inputs: [quarters(1), quarters(3)], errorMax: 0 },
	select: { inputs: [quarters(1), quarters(3), quarters(5)], errorMax: 0 },
};

describe.skipIf(missing !== null).each(everyTarget)("operators for $id", (target) => {
	test("each is as accurate as float32 allows, whole vectors and tails alike", () => {
		const entries = Object.entries(cases);
		const list = entries.map(([operator]) => elementwise(operator as MapOperator));
		const lowered = list.map((program) => lowerWhole(program, target));
		const kernels = compilePrograms(lowered, target);
		entries.forEach(([operator, { inputs, errorMax }], at) => {
			const [result] = kernels[at]?.run(inputs) ?? [];
			const [expected] = interpretProgramFloat64(
				list[at] ?? buildProgram().build(),
				inputs.map((input) => Float64Array.from(input)),
			);
			expect(worstError(expected, result), operator).toBeLessThanOrEqual(errorMax);
		});
	});

	test("exp and log give their limits at the ends of float32", () => {
		const ends = Float32Array.from({ length: elements }, (_, at) =>
			at % 3 === 0 ? Number.POSITIVE_INFINITY : at % 3 === 1 ? Number.NEGATIVE_INFINITY : 0,
		);
		const programs = [elementwise("exp"), elementwise("log")];
		const lowered = programs.map((program) => lowerWhole(program, target));
		const [exp, log] = compilePrograms(lowered, target);
		const powers = exp?.run([ends])[0] as Float32Array;
		expect(Array.from(powers.slice(0, 3))).toEqual([Number.POSITIVE_INFINITY, 0, 1]);
		const logs = log?.run([ends])[0] as Float32Array;
		expect(Array.from(logs.slice(0, 3))).toEqual([
			Number.POSITIVE_INFINITY,
			Number.NaN,
			Number.NEGATIVE_INFINITY,
		]);
	});
});

function worstError(expected: Float64Array | undefined, result: ArrayBufferView | undefined): number {
	if (expected === undefined || !(result instanceof Float32Array)) return Number.NaN;
	let worst = 0;
	expected.forEach((value, at) => {
		const error = Math.abs(value - (result[at] ?? Number.NaN)) / Math.max(1, Math.abs(value));
		worst = Math.max(worst, error);
	});
	return worst;
}

/** [m, n] of one type to [m, n] of another. */
function conversion(from: DataType, to: DataType, shape: readonly [number, number] = [3, 13]): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(shape[0]), b.axis(shape[1])];
	b.output(b.map("add", b.input([rows, columns]), b.constant(0)));
	const program = b.build();
	return {
		...program,
		inputs: program.inputs.map((input) => ({ ...input, dataType: from })),
		outputs: program.outputs.map((output) => ({ ...output, dataType: to })),
	};
}

/** Bits of small integers, exact in every type. */
const halfBits: Readonly<Record<number, number>> = { 0: 0, 1: 0x3c00, 2: 0x4000, 3: 0x4200, 7: 0x4700 };
const brainBits: Readonly<Record<number, number>> = { 0: 0, 1: 0x3f80, 2: 0x4000, 3: 0x4040, 7: 0x40e0 };
const numbers = Array.from({ length: 39 }, (_, at) => [0, 1, 2, 3, 7][at % 5] ?? 0);

function encode(dataType: DataType): ArrayBufferView {
	switch (dataType) {
		case "float32":
			return Float32Array.from(numbers);
		case "float16":
			return Uint16Array.from(numbers, (x) => halfBits[x] ?? 0);
		case "bfloat16":
			return Uint16Array.from(numbers, (x) => brainBits[x] ?? 0);
		case "int64":
			return BigInt64Array.from(numbers, BigInt);
		case "int32":
			return Int32Array.from(numbers);
		case "uint8":
			return Uint8Array.from(numbers);
		case "bool":
			return Uint8Array.from(numbers, (x) => (x === 0 ? 0 : 1));
		default:
			return Float64Array.from(numbers);
	}
}

describe.skipIf(missing !== null).each(everyTarget)("data types for $id", (target) => {
	const types: readonly DataType[] = ["float16", "bfloat16", "float64", "int64", "int32", "uint8", "bool"];

	test("every type is read and written as its numbers", () => {
		const list = types.flatMap((type) => [conversion(type, "float32"), conversion("float32", type)]);
		const lowered = list.map((program) => lowerWhole(program, target));
		const kernels = compilePrograms(lowered, target);
		types.forEach((type, at) => {
			const read = kernels[2 * at]?.run([encode(type)])[0];
			const truth = type === "bool" ? numbers.map((x) => (x === 0 ? 0 : 1)) : numbers;
			expect(Array.from(read as Float32Array), `from ${type}`).toEqual(truth);
			expect(kernels[2 * at + 1]?.run([encode("float32")])[0], `to ${type}`).toEqual(encode(type));
		});
	});

	test("every half is read as its number, and every number becomes the nearest half, ties to even", () => {
		const bits = Uint16Array.from({ length: 65_536 }, (_, at) => at);
		const halves = Float64Array.from(
			readElements({ dataType: "float16", shape: [65_536], bytes: new Uint8Array(bits.buffer) }),
		);
		// The programs add 0: no number is -0. Each half, the number between it and the next, and one just beyond that.
		const near = Float32Array.from({ length: 3 * 65_536 }, (_, at) => {
			const [half, next] = [halves[at % 65_536] ?? 0, halves[(at + 1) % 65_536] ?? 0];
			return [half, (half + next) / 2, ((half + next) / 2) * (1 + 2 ** -20)][Math.floor(at / 65_536)] ?? 0;
		}).map((x) => (Number.isNaN(x) ? 0 : x + 0));
		const list = [
			conversion("float16", "float32", [256, 256]),
			conversion("float32", "float16", [768, 256]),
		].map((program) => lowerWhole(program, target));
		const [read, write] = compilePrograms(list, target);
		expect(Array.from(read?.run([bits])[0] as Float32Array)).toEqual(Array.from(halves, (x) => x + 0));
		const { bytes } = writeElements("float16", [near.length], Float64Array.from(near));
		const expected = new Uint16Array(bytes.buffer, bytes.byteOffset, near.length);
		const written = write?.run([near])[0] as Uint16Array;
		const wrong = Array.from(near.keys()).filter((at) => written[at] !== expected[at]);
		expect(wrong.map((at) => [near[at], written[at], expected[at]]).slice(0, 5)).toEqual([]);
	});

	test("half precision weights of a product are packed as they are", () => {
		const b = buildProgram();
		const [rows, inner, columns] = [b.axis(3), b.axis(5), b.axis(39)];
		b.output(b.contract(b.input([rows, inner]), b.input([inner, columns], "weight"), inner));
		const program = b.build();
		const half: Program = {
			...program,
			inputs: program.inputs.map((input, at) => (at === 1 ? { ...input, dataType: "float16" } : input)),
		};
		const lowered = lowerWhole(half, target);
		expect(lowered.prepare.buffers.find(({ place }) => place.kind === "prepared")?.elementType).toBe(
			"float16",
		);
		const x = Float32Array.from({ length: 15 }, (_, at) => at - 7);
		const w = Array.from({ length: 195 }, (_, at) => numbers[at % 39] ?? 0);
		const expected = interpretProgramFloat64(program, [Float64Array.from(x), Float64Array.from(w)]);
		const bits = Uint16Array.from(w, (value) => halfBits[value] ?? 0);
		const result = compilePrograms([lowered], target)[0]?.run([x, bits])[0] as Float32Array;
		expect(Array.from(result)).toEqual(Array.from(expected[0] ?? []));
	});
});
