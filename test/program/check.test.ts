import { describe, expect, test } from "vitest";
import { checkProgram } from "#shared/program/check.ts";
import type { Program, ProgramNode } from "#shared/program/program.ts";
import { gatedMlp } from "#test/support/programs.ts";

const program = gatedMlp(3, 4, 5);
const contractId = program.nodes.findIndex((node) => node.kind === "contract");
const changeNode = (id: number, change: object): Program => ({
	...program,
	nodes: program.nodes.map((node, i) => (i === id ? ({ ...node, ...change } as ProgramNode) : node)),
});
const output = program.outputs[0];
const piece = output?.pieces[0];
const changeAccess = (change: object): Program => ({
	...program,
	outputs: program.outputs.map((out) => ({
		...out,
		pieces: out.pieces.map((p) => ({ ...p, access: { ...p.access, ...change } })),
	})),
});

describe("checkProgram", () => {
	test("accepts a sound program", () => {
		expect(() => checkProgram(program)).not.toThrow();
	});

	test.each([
		[
			"an axis of extent 1",
			{ ...program, axes: program.axes.map((axis, i) => (i === 0 ? { extent: 1 } : axis)) },
			"extent 1",
		],
		[
			"a node read before it is computed",
			changeNode(contractId, { left: program.nodes.length }),
			"no earlier node",
		],
		["axes its operands do not have", changeNode(contractId, { axes: [] }), "expected"],
		["a sum over an axis that an operand lacks", changeNode(contractId, { over: [0] }), "has no axis 0"],
		["a sum over nothing", changeNode(contractId, { over: [] }), "sums over no axis"],
		["a missing input", changeNode(0, { input: 9 }), "no input 9"],
		[
			"a read past the end of an input",
			changeNode(0, {
				access: { ...(program.nodes[0] as Extract<ProgramNode, { kind: "input" }>).access, offset: 1 },
			}),
			"reads or writes outside",
		],
		[
			"an output that is written twice in one place",
			changeAccess({ strides: [1, 1] }),
			"not written exactly once",
		],
		[
			"an output written in part",
			{ ...program, outputs: program.outputs.map((out) => ({ ...out, shape: [2, 3, 5] })) },
			"not written exactly once",
		],
		["an output piece along other axes than its node", changeAccess({ axes: [0], strides: [1] }), "differ"],
	] as const)("refuses %s", (_, broken, message) => {
		expect(piece).toBeDefined();
		expect(() => checkProgram(broken as Program)).toThrow(message);
	});
});
