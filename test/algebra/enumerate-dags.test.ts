import { describe, expect, test } from "vitest";
import { type AlgebraLimits, enumerateDags } from "#shared/algebra/enumerate-dags.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { checkProgram } from "#shared/program/check.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { largestDifference, randomInputs, testSeed } from "#test/support/mugraph-inputs.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import {
	gatedMlp,
	loraLinear,
	maskedAttention,
	rootMeanSquareNormLinear,
	samplePrograms,
} from "#test/support/programs.ts";
import { wholeProgramMuGraph } from "#test/support/whole-program.ts";
import {
	attentionBlock,
	layerNormLinear,
	maskedProduct,
	matrixChain,
	normedAttention,
	normedGatedMlp,
	normedTransformer,
	plainAttention,
	plainNormLinear,
	scaledProduct,
	sumOfProducts,
} from "./algebra-programs.ts";
import { formulas } from "./formula.ts";

/** Small enough to be run and compared, every extent its own. */
const programs: Readonly<Record<string, Program>> = {
	...samplePrograms,
	plainNormLinear: plainNormLinear(3, 5, 4),
	plainAttention: plainAttention(3, 5, 4, 2),
	normedAttention: normedAttention(3, 5, 4, 2),
	attentionBlock: attentionBlock(3, 5, 4, 2, 6),
	matrixChain: matrixChain(3, 5, 4, 2),
	layerNormLinear: layerNormLinear(3, 5, 4),
	sumOfProducts: sumOfProducts(false),
	factoredSum: sumOfProducts(true),
	scaledProduct: scaledProduct(6, 3, 4),
	maskedProduct: maskedProduct(3, 5, 4),
	normedGatedMlp: normedGatedMlp(3, 4, 5),
	normedTransformer: normedTransformer(3, 5),
};

describe.each(Object.entries(programs))("%s", (_, program) => {
	const { dags, report } = enumerateDags(program);
	const print = (dag: Program): string => formulas(dag, names, axisNames).join("; ");

	test("the first DAG is the program as written", () => {
		expect(print(dags[0] as Program)).toBe(print(program));
		expect(dags[0]?.nodes.length).toBeLessThanOrEqual(program.nodes.length);
	});

	test("every DAG is well formed and found once", () => {
		for (const dag of dags) checkProgram(dag);
		expect(new Set(dags.map((dag) => JSON.stringify(dag.nodes))).size).toBe(dags.length);
		expect(report.dags).toBe(dags.length);
	});

	test("every DAG computes the program on signed random data", () => {
		const inputs = randomInputs(program, createRandom(testSeed, 11));
		const expected = interpretProgramFloat64(program, inputs);
		for (const dag of dags) {
			const explain = `seed ${testSeed}\n${print(dag)}`;
			expect(largestDifference(expected, interpretProgramFloat64(dag, inputs)), explain).toBeLessThan(1e-9);
		}
	});

	test("every DAG is proved equal in finite fields", () => {
		for (const dag of dags.slice(0, 12)) {
			const verdict = verifyMuGraph(wholeProgramMuGraph(dag), program, { seed: testSeed });
			expect(verdict, `seed ${testSeed}\n${print(dag)}`).toMatchObject({ kind: "equal" });
		}
	});

	test("a second call gives the same", () => {
		expect(enumerateDags(program)).toEqual({ dags, report });
	});
});

const names = "ABCDEFGHIJ";
const axisNames = "abcdefgh";

function allFormulas(program: Program, limits?: AlgebraLimits): string[] {
	return enumerateDags(program, limits).dags.flatMap((dag) => formulas(dag, names, axisNames));
}

/** The root of a mean of squares along an axis, of input X. */
const root = (x: string, axis: string, inverse: number): string =>
	`sqrt(((${Number(inverse.toPrecision(3))}*sum_${axis}((${x}*${x})))+0.00001))`;

describe("what must come out", () => {
	test("RMSNorm and product: the division after the contraction, the gain on X or in the weights", () => {
		const found = allFormulas(rootMeanSquareNormLinear(8, 64, 64));
		expect(found).toContain(`(dot_b((A*B), C)/${root("A", "b", 1 / 64)})`);
		expect(found).toContain(`(dot_b((B*C), A)/${root("A", "b", 1 / 64)})`);
		expect(found).toContain(`dot_b((A/${root("A", "b", 1 / 64)}), (B*C))`);
	});

	test("the division after the contraction is the best after the program as written", () => {
		expect(allFormulas(rootMeanSquareNormLinear(8, 4096, 4096))[1]).toBe(
			`(dot_b((A*B), C)/${root("A", "b", 1 / 4096)})`,
		);
	});

	test("attention: the division by the row's sum after P·V, without and with a maximum", () => {
		expect(allFormulas(plainAttention(16, 64, 16, 16))).toContain(
			"(dot_b(C, exp(dot_c(A, B)))/sum_b(exp(dot_c(A, B))))",
		);
		const scores = "((0.25*dot_d(A, B))+D)";
		const weights = `exp((${scores}-max_c(${scores})))`;
		expect(allFormulas(maskedAttention(2, 64, 64, 16))).toContain(`(dot_c(C, ${weights})/sum_c(${weights}))`);
	});

	test("a mask before a softmax and a maximum in it stay where they are", () => {
		for (const formula of allFormulas(maskedAttention(2, 64, 64, 16))) {
			expect(formula).toMatch(/exp\(\(\((D\+dot_d\(.*?|\(.*?\+D)\)-max_c\(/);
			expect(formula).not.toMatch(/exp\((D|\(0.25|dot)/);
		}
	});

	test("QKNorm: both divisions behind q·k, one by the product of the roots too", () => {
		const found = allFormulas(normedAttention(16, 64, 16, 16));
		const [q, k] = [root("A", "c", 1 / 16), root("B", "c", 1 / 16)];
		const both = `exp((dot_c(A, B)/(${q}*${k})))`;
		expect(found).toContain(`(dot_b(C, ${both})/sum_b(${both}))`);
		const inTurn = `exp(((dot_c(A, B)/${k})/${q}))`;
		expect(found).toContain(`(dot_b(C, ${inTurn})/sum_b(${inTurn}))`);
	});

	test("LoRA: its three forms", () => {
		expect(allFormulas(loraLinear(16, 64, 64, 4)).sort()).toEqual([
			"(dot_b(A, B)+dot_b(A, dot_d(C, D)))",
			"(dot_b(A, B)+dot_d(D, dot_b(A, C)))",
			"dot_b((B+dot_d(C, D)), A)",
		]);
	});

	test("a chain of products: both ways to put the brackets", () => {
		expect(allFormulas(matrixChain(16, 64, 64, 32)).sort()).toEqual([
			"dot_b(A, dot_c(B, C))",
			"dot_c(C, dot_b(A, B))",
		]);
	});

	test("a product that would be larger than any tensor of the program is not made", () => {
		expect(allFormulas(matrixChain(4, 512, 2, 512))).toEqual(["dot_c(C, dot_b(A, B))"]);
	});

	test("LayerNorm and product: (X·GW - m·colsum(GW))/s + B·W", () => {
		const mean = "(0.0156*sum_b(A))";
		const deviation = `sqrt(((0.0156*sum_b(((A-${mean})*(A-${mean}))))+0.00001))`;
		for (const product of ["dot_b((A*B), D)", "dot_b((B*D), A)"])
			expect(allFormulas(layerNormLinear(8, 64, 64))).toContain(
				`(((${product}-(${mean}*dot_b(B, D)))/${deviation})+dot_b(C, D))`,
			);
	});

	test("X·A + X·B and X·(A + B) find each other", () => {
		const forms = ["(dot_b(A, B)+dot_b(A, C))", "dot_b((B+C), A)"];
		expect(allFormulas(sumOfProducts(false)).sort()).toEqual(forms);
		expect(allFormulas(sumOfProducts(true)).sort()).toEqual(forms);
	});

	test("a number goes to the smallest tensor, and nowhere else but where it is written", () => {
		expect(allFormulas(scaledProduct(64, 8, 16))).toEqual(["dot_b((0.25*A), B)", "dot_b((0.25*B), A)"]);
		expect(allFormulas(scaledProduct(8, 64, 2))).toEqual(["dot_b((0.25*A), B)", "(0.25*dot_b(A, B))"]);
	});

	test("a mask of rows goes past a contraction", () => {
		expect(allFormulas(maskedProduct(8, 16, 4))).toContain("(B*dot_b(A, C))");
	});

	test("residual, norm and gated MLP with down projection: the norm's division behind both products", () => {
		const scale = root("(A+B)", "b", 1 / 16);
		const [gate, up] = ["D", "E"].map((w) => `(dot_b(((A+B)*C), ${w})/${scale})`);
		const product = `((${gate}*sigmoid(${gate}))*${up})`;
		expect(allFormulas(normedGatedMlp(4, 16, 16))).toContain(`((A+B)+dot_c(${product}, F))`);
	});

	test("gated MLP: the two products, and nothing but noise to be had from their product", () => {
		expect(allFormulas(gatedMlp(8, 64, 64))).toEqual(["((dot_b(A, B)*sigmoid(dot_b(A, B)))*dot_b(A, C))"]);
	});

	test("an attention block: all divisions behind their contractions at once", () => {
		const dags = enumerateDags(attentionBlock(16, 64, 16, 16, 32)).dags;
		const [q, k] = [root("A", "c", 1 / 16), root("C", "c", 1 / 16)];
		const isMoved = (formula: string): boolean =>
			!formula.includes(`A/${q}`) && !formula.includes(`C/${k}`) && /^dot_d\(\(dot_b\(F, exp/.test(formula);
		expect(dags.filter((dag) => formulas(dag, names, axisNames).every(isMoved)).length).toBeGreaterThan(0);
	});
});

describe("one value is one node", () => {
	test("equal values are merged, dead ones gone", () => {
		const b = buildProgram();
		const [rows, columns] = [b.axis(3), b.axis(4)];
		const [x, y] = [b.input([rows, columns]), b.input([rows, columns])];
		b.map("exp", x);
		const [once, again] = [b.map("add", x, y), b.map("add", y, b.readAgain(x, [rows, columns]))];
		b.output(b.map("multiply", b.map("exp", once), b.map("exp", again)));
		const [first] = enumerateDags(b.build()).dags;
		expect(first?.nodes.map((node) => (node.kind === "map" ? node.operator : node.kind))).toEqual([
			"input",
			"input",
			"add",
			"exp",
			"multiply",
		]);
	});

	test("two reads of one tensor along different axes are two values", () => {
		const b = buildProgram();
		const [rows, columns] = [b.axis(4), b.axis(4)];
		const x = b.input([rows, columns]);
		b.output(b.map("add", x, b.readAgain(x, [columns, rows])));
		expect(enumerateDags(b.build()).dags[0]?.nodes.length).toBe(3);
	});
});

describe("limits", () => {
	const program = attentionBlock(16, 64, 16, 16, 32);

	test("never more DAGs than asked for", () => {
		const { dags, report } = enumerateDags(program, { dagsMax: 5 });
		expect(dags.length).toBe(5);
		expect(report.extraction).toBe("dagLimit");
		expect(enumerateDags(program, { dagsMax: 1 }).dags.length).toBe(1);
	});

	test("with room for a few values more, the moved divisions are still there", () => {
		const norm = rootMeanSquareNormLinear(8, 4096, 4096);
		const { dags, report } = enumerateDags(norm, { valuesMax: norm.nodes.length + 3 });
		expect(report.closure).toBe("valueLimit");
		expect(dags.flatMap((dag) => formulas(dag, names, axisNames))).toContain(
			`(dot_b((A*B), C)/${root("A", "b", 1 / 4096)})`,
		);
	});

	test("with room for nothing, the program as written", () => {
		const { dags } = enumerateDags(program, { valuesMax: 1 });
		expect(formulas(dags[0] as Program, names, axisNames)).toEqual(formulas(program, names, axisNames));
	});

	test("a program that divides by zero on all inputs comes back as it is", () => {
		const b = buildProgram();
		const x = b.input([b.axis(3)]);
		b.output(b.map("divide", x, b.map("subtract", x, x)));
		const zero = b.build();
		expect(enumerateDags(zero).dags).toEqual([zero]);
	});

	test("a program of more axes than a mask holds comes back as it is", () => {
		const b = buildProgram();
		const axes = Array.from({ length: 31 }, () => b.axis(2));
		b.output(b.map("exp", b.input(axes.slice(0, 2))));
		const wide = b.build();
		expect(enumerateDags(wide).dags).toEqual([wide]);
	});

	test("infinities and both zeros are values of their own", () => {
		const b = buildProgram();
		const x = b.input([b.axis(3)]);
		const clamped = b.map("minimum", b.map("maximum", x, b.constant(-Infinity)), b.constant(Infinity));
		b.output(b.map("add", b.map("maximum", clamped, b.constant(-0)), b.map("maximum", x, b.constant(0))));
		expect(enumerateDags(b.build()).dags[0]?.nodes.filter(({ kind }) => kind === "constant").length).toBe(4);
	});
});

test("how large the space of each program is", () => {
	const rows = Object.entries(programs).map(([name, program]) => {
		const { values, usefulValues, dags, closure, extraction } = enumerateDags(program).report;
		return `${name}: ${values} values, ${usefulValues} useful, ${dags} DAGs, ${closure}, ${extraction}`;
	});
	expect(rows).toMatchInlineSnapshot(`
		[
		  "rootMeanSquareNormLinear: 18 values, 18 useful, 4 DAGs, complete, complete",
		  "gatedMlp: 8 values, 8 useful, 1 DAGs, complete, complete",
		  "gatedMlpDownResidual: 12 values, 12 useful, 1 DAGs, complete, complete",
		  "geluMlp: 75 values, 23 useful, 2 DAGs, complete, complete",
		  "loraLinear: 10 values, 10 useful, 3 DAGs, complete, complete",
		  "maskedAttention: 18 values, 18 useful, 4 DAGs, complete, complete",
		  "rowSoftmax: 6 values, 6 useful, 1 DAGs, complete, complete",
		  "layerNorm: 53 values, 38 useful, 3 DAGs, complete, complete",
		  "crossEntropy: 67 values, 67 useful, 17 DAGs, complete, complete",
		  "residualNorm: 24 values, 24 useful, 1 DAGs, complete, complete",
		  "biasGelu: 67 values, 15 useful, 1 DAGs, complete, complete",
		  "matrixProduct: 3 values, 3 useful, 1 DAGs, complete, complete",
		  "plainNormLinear: 12 values, 12 useful, 2 DAGs, complete, complete",
		  "plainAttention: 9 values, 9 useful, 2 DAGs, complete, complete",
		  "normedAttention: 31 values, 31 useful, 8 DAGs, complete, complete",
		  "attentionBlock: 95 values, 95 useful, 48 DAGs, complete, dagLimit",
		  "matrixChain: 6 values, 6 useful, 2 DAGs, complete, complete",
		  "layerNormLinear: 100 values, 55 useful, 14 DAGs, valueLimit, complete",
		  "sumOfProducts: 7 values, 7 useful, 2 DAGs, complete, complete",
		  "factoredSum: 7 values, 7 useful, 2 DAGs, complete, complete",
		  "scaledProduct: 7 values, 7 useful, 2 DAGs, complete, complete",
		  "maskedProduct: 6 values, 6 useful, 2 DAGs, complete, complete",
		  "normedGatedMlp: 57 values, 57 useful, 48 DAGs, complete, dagLimit",
		  "normedTransformer: 54 values, 54 useful, 2 DAGs, complete, complete",
		]
	`);
});
