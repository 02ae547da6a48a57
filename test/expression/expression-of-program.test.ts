import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createExpressions, type ExpressionId, type Expressions } from "#shared/expression/expression.ts";
import { expressionsOfProgram } from "#shared/expression/expression-of-program.ts";
import { createRandom } from "#shared/numeric/random.ts";
import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { splitAxes } from "#shared/program/split-axes.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import { samplePrograms } from "#test/support/programs.ts";

const seed = Number(process.env.TEST_SEED);

interface Understood {
	readonly e: Expressions;
	readonly ids: readonly ExpressionId[];
	readonly outputs: readonly ExpressionId[];
}

function understand(program: Program): Understood {
	const e = createExpressions(program.axes.map(({ extent }) => extent));
	const ids = expressionsOfProgram(e, program);
	const outputs = program.outputs.flatMap(({ pieces }) => pieces.map(({ node }) => ids[node] ?? -1));
	return { e, ids, outputs };
}

/** Every value that an output reads is inside it, and has the axes of its node. */
function expectValuesInside(program: Program): void {
	const { e, ids, outputs } = understand(program);
	const live = liveNodes(program);
	program.nodes.forEach((node, at) => {
		const id = ids[at] ?? -1;
		expect(e.freeAxes(id), e.print(id)).toEqual(node.axes);
		if (live.has(at))
			expect(
				outputs.some((output) => e.isSubexpression(id, output)),
				e.print(id),
			).toBe(true);
	});
}

/** What is its own negation, as x - x, is zero. */
function hasZeroDenominator(program: Program): boolean {
	const { e, ids } = understand(program);
	return program.nodes.some((node) => {
		if (node.kind !== "map" || node.operator !== "divide") return false;
		const denominator = ids[node.operands[1] ?? -1] ?? -1;
		return e.negate(denominator) === denominator;
	});
}

function liveNodes(program: Program): ReadonlySet<ProgramNodeId> {
	const live = new Set(program.outputs.flatMap(({ pieces }) => pieces.map(({ node }) => node)));
	for (let at = program.nodes.length - 1; at >= 0; at--) {
		const node = program.nodes[at];
		if (node === undefined || !live.has(at)) continue;
		if (node.kind === "map") for (const operand of node.operands) live.add(operand);
		if (node.kind === "reduce") live.add(node.operand);
		if (node.kind === "contract") live.add(node.left).add(node.right);
	}
	return live;
}

describe("every value of a program is inside an output, with its own axes", () => {
	test.each(Object.entries(samplePrograms))("%s", (_, program) => {
		expectValuesInside(program);
		const { axes } = program;
		const axis = axes.findIndex(({ extent }) => extent % 2 === 0 && extent > 2);
		if (axis >= 0) expectValuesInside(splitAxes(program, [{ axis, innerExtent: 2 }]));
	});
	test("random programs", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 2 ** 31 - 1 }),
				fc.integer({ min: 1, max: 14 }),
				(programSeed, length) => {
					const program = randomProgram(programSeed, length);
					if (!hasZeroDenominator(program)) expectValuesInside(program);
				},
			),
			{ seed, numRuns: 600 },
		);
	});
});

/** A program of about `length` operators in which every value is read. */
function randomProgram(programSeed: number, length: number): Program {
	const random = createRandom(programSeed);
	const b = buildProgram();
	const axes = [b.axis(4), b.axis(6), b.axis(3)];
	const someAxes = (): AxisId[] => axes.filter(() => random.nextBelow(2) === 0);
	const axesOf = new Map<ProgramNodeId, readonly AxisId[]>();
	const keep = (node: ProgramNodeId, of: readonly AxisId[]): ProgramNodeId => {
		axesOf.set(node, [...new Set(of)].sort());
		return node;
	};
	const free = (node: ProgramNodeId): readonly AxisId[] => axesOf.get(node) ?? [];
	const leaf = (): ProgramNodeId => {
		const own = someAxes();
		return random.nextBelow(5) === 0
			? keep(b.constant([0.5, 3, 1 / 6][random.nextBelow(3)] ?? 1), [])
			: keep(b.input(own), own);
	};
	const made = [leaf()];
	for (let step = 0; step < length; step++) {
		const x = made.at(-1) ?? 0;
		const y = random.nextBelow(2) === 0 ? leaf() : (made[random.nextBelow(made.length)] ?? 0);
		made.push(randomStep(random.nextBelow(12), x, y));
	}
	b.output(made.at(-1) ?? 0);
	return b.build();

	function randomStep(kind: number, x: ProgramNodeId, y: ProgramNodeId): ProgramNodeId {
		const both = [...free(x), ...free(y)];
		const over = free(x)[random.nextBelow(Math.max(1, free(x).length))];
		const binary = (["add", "subtract", "multiply", "divide", "maximum"] as const)[kind];
		if (binary !== undefined) return keep(b.map(binary, x, y), both);
		const unary = (["exp", "sqrt", "negate", "tanh"] as const)[kind - 5];
		if (unary !== undefined) return keep(b.map(unary, x), free(x));
		if (over === undefined) return keep(b.map("multiply", x, x), free(x));
		const left = both.filter((axis) => axis !== over);
		if (kind === 9) return keep(b.contract(x, y, over), left);
		const rest = free(x).filter((axis) => axis !== over);
		return keep(b.reduce(kind === 10 ? "sum" : "max", x, over), rest);
	}
}

describe("spelling does not matter", () => {
	test("a contraction is the sum of a product", () => {
		const b = buildProgram();
		const [i, k, j] = [b.axis(4), b.axis(6), b.axis(5)];
		const [x, w] = [b.input([i, k]), b.input([k, j])];
		const contraction = b.contract(x, w, k);
		const sum = b.reduce("sum", b.map("multiply", w, x), k);
		b.output(b.map("add", contraction, sum));
		const { ids } = understand(b.build());
		expect(ids[sum]).toBe(ids[contraction]);
	});
	test("a maximum's operands have no order, a quotient's have", () => {
		const b = buildProgram();
		const i = b.axis(4);
		const [x, y] = [b.input([i]), b.input([i])];
		const nodes = [b.map("maximum", x, y), b.map("maximum", y, x), b.map("less", x, y), b.map("less", y, x)];
		b.output(nodes.reduce((left, right) => b.map("add", left, right)));
		const { ids } = understand(b.build());
		const [first, second, less, greater] = nodes.map((node) => ids[node]);
		expect(first).toBe(second);
		expect(less).not.toBe(greater);
	});
	test("one tensor read along other axes is another atom", () => {
		const b = buildProgram();
		const [i, k, j] = [b.axis(4), b.axis(6), b.axis(4)];
		const x = b.input([i, k]);
		const transposed = b.readAgain(x, [j, k]);
		const again = b.readAgain(x, [i, k]);
		const gram = b.contract(x, transposed, k);
		b.output(gram);
		const { e, ids } = understand(b.build());
		expect(ids[again]).toBe(ids[x]);
		expect(ids[transposed]).not.toBe(ids[x]);
		const square = e.multiply(ids[x] ?? -1, ids[x] ?? -1);
		expect(e.isSubexpression(square, ids[gram] ?? -1)).toBe(false);
	});
	test("reductions that are no sums are told apart by kind and axes", () => {
		const b = buildProgram();
		const [i, k] = [b.axis(4), b.axis(4)];
		const x = b.input([i, k]);
		const nodes = [b.reduce("max", x, i), b.reduce("min", x, i), b.reduce("max", x, k)];
		b.output(nodes.reduce((left, right) => b.map("add", left, right)));
		const { ids } = understand(b.build());
		expect(new Set(nodes.map((node) => ids[node])).size).toBe(3);
	});
});
