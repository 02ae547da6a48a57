import { describe, expect, test } from "vitest";
import { enumerateDags } from "#shared/algebra/enumerate-dags.ts";
import { hasSmallExpressions } from "#shared/algebra/expression-size.ts";
import type { Program, ProgramNodeId } from "#shared/program/program.ts";
import { buildProgram, type ProgramBuilder } from "#test/support/program-builder.ts";
import { samplePrograms } from "#test/support/programs.ts";
import { layerNormLinear, normedAttention, normedTransformer } from "./algebra-programs.ts";

type Step = (b: ProgramBuilder, value: ProgramNodeId, x: ProgramNodeId) => ProgramNodeId;

/** One step after the other, from the exponential of an input. */
function chain(steps: number, step: Step): Program {
	const b = buildProgram();
	const x = b.input([b.axis(8), b.axis(8)]);
	let value = b.map("exp", x);
	for (let at = 0; at < steps; at++) value = step(b, value, x);
	b.output(value);
	return b.build();
}

const growing: Readonly<Record<string, Step>> = {
	squares: (b, value) => b.map("multiply", value, value),
	doubles: (b, value) => b.map("add", value, value),
	quotients: (b, value, x) => b.map("divide", value, b.map("add", value, x)),
	polynomials: (b, value, x) => b.map("subtract", b.map("multiply", value, x), x),
};

describe("programs whose expressions grow with every node", () => {
	test.each(Object.entries(growing))("come back as written, unasked: %s", (_, step) => {
		const program = chain(60, step);
		const { dags, report } = enumerateDags(program);
		expect(dags).toEqual([program]);
		expect(report).toMatchObject({ queries: 0, closure: "valueLimit", extraction: "dagLimit" });
	});
});

test("so does a program of ten thousand nodes", () => {
	const program = chain(10_000, (b, value) => b.map("sigmoid", value));
	expect(enumerateDags(program).dags).toEqual([program]);
});

test("what models have is far below the limits", () => {
	const programs = [
		...Object.values(samplePrograms),
		layerNormLinear(3, 5, 4),
		normedAttention(3, 5, 4, 2),
		normedTransformer(3, 5),
	];
	for (const program of programs) {
		expect(hasSmallExpressions(program, 16, 32)).toBe(true);
		expect(enumerateDags(program).report.queries).toBeGreaterThan(0);
	}
});
