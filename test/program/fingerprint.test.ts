import { describe, expect, test } from "vitest";
import { programDigest } from "#shared/program/fingerprint.ts";
import type { Program, ProgramInput } from "#shared/program/program.ts";
import { gatedMlp, rootMeanSquareNormLinear } from "#test/support/programs.ts";

const withInput = (program: Program, index: number, change: Partial<ProgramInput>): Program => ({
	...program,
	inputs: program.inputs.map((input, i) => (i === index ? { ...input, ...change } : input)),
});

describe("programDigest", () => {
	const program = rootMeanSquareNormLinear(4, 8, 6);

	test.each([
		["another extent", rootMeanSquareNormLinear(4, 8, 7)],
		["another arithmetic", gatedMlp(4, 8, 6)],
		["another data type", withInput(program, 2, { dataType: "float16" })],
		["another role", withInput(program, 2, { role: "activation" })],
		["another constant", withConstant(program, 2e-5)],
	])("differs for %s", (_, other) => {
		expect(programDigest(other)).not.toBe(programDigest(program));
	});

	test("tells -0, 0 and infinities apart", () => {
		const digests = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map((value) =>
			programDigest(withConstant(program, value)),
		);
		expect(new Set(digests).size).toBe(5);
	});

	test("is the same when equal-shaped inputs, their readers and all numbers are exchanged", () => {
		expect(programDigest(reversedInputs(program))).toBe(programDigest(program));
	});

	test("is the same with nodes that nobody reads and nodes written twice", () => {
		const nodes = [...program.nodes];
		const last = nodes.length;
		nodes.push({ kind: "map", operator: "exp", operands: [0], axes: nodes[0]?.axes ?? [] });
		expect(last).toBeGreaterThan(0);
		expect(programDigest({ ...program, nodes })).toBe(programDigest(program));
	});
});

function withConstant(program: Program, value: number): Program {
	const last = program.nodes.reduce((found, node, id) => (node.kind === "constant" ? id : found), -1);
	return {
		...program,
		nodes: program.nodes.map((node, id) =>
			id === last && node.kind === "constant" ? { ...node, value } : node,
		),
	};
}

function reversedInputs(program: Program): Program {
	const last = program.inputs.length - 1;
	return {
		...program,
		inputs: [...program.inputs].reverse(),
		nodes: program.nodes.map((node) =>
			node.kind === "input" ? { ...node, input: last - node.input } : node,
		),
	};
}
