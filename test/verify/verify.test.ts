import { describe, expect, test } from "vitest";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program, ProgramNodeId } from "#shared/program/program.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { recheckPlanned, verifyMuGraph } from "#shared/verify/verify.ts";
import { largestDifference, randomInputs, randomTiles, testSeed } from "#test/support/mugraph-inputs.ts";
import { mutateMuGraph } from "#test/support/mutate-mugraph.ts";
import { buildProgram, type ProgramBuilder } from "#test/support/program-builder.ts";
import { gatedMlp, maskedAttention, rowSoftmax, samplePrograms } from "#test/support/programs.ts";
import { wholeProgramMuGraph } from "#test/support/whole-program.ts";

/** Well-formed mutants that are verified for each program. */
const mutantsTried = 30;
const limits = { statesMax: 100_000, foundMax: 12 };

function firstMuGraph(program: Program): MuGraph {
	const [first] = searchMuGraphs(program, limits).found;
	if (first === undefined) throw new Error("the search found nothing");
	return first;
}

describe.each(Object.entries(samplePrograms))("%s", (name, program) => {
	const { found } = searchMuGraphs(program, limits);

	test("what the search finds is accepted within the stated error", () => {
		for (const muGraph of found) {
			const verdict = verifyMuGraph(muGraph, program, { seed: testSeed });
			expect(verdict.kind, `${JSON.stringify(verdict)}\n${printMuGraph(muGraph)}`).toBe("equal");
			if (verdict.kind !== "equal") continue;
			expect(verdict.certificate.errorProbabilityLog2).toBeLessThanOrEqual(-60);
			expect(verdict.certificate.muGraphDigest).toBe(muGraphDigest(muGraph));
		}
	});

	test("no mutant is accepted that computes something else", () => {
		const random = createRandom(testSeed, 11);
		const inputs = randomInputs(program, random);
		const expected = interpretProgramFloat64(program, inputs);
		const mutants = found
			.slice(0, 2)
			.flatMap(mutateMuGraph)
			.filter((mutant) => checkMuGraph(mutant.muGraph).length === 0);
		let refused = 0;
		for (const mutant of mutants) {
			// A few dozen of them, others with every seed.
			if (random.nextBelow(mutants.length) >= mutantsTried) continue;
			const verdict = verifyMuGraph(mutant.muGraph, program, { seed: testSeed });
			if (verdict.kind !== "equal") {
				refused++;
				continue;
			}
			const tiles = randomTiles(mutant.muGraph, random);
			const actual = interpretMuGraph(mutant.muGraph, inputs, tiles, float64Arithmetic);
			const explain = `${name}, seed ${testSeed}: ${mutant.rule}\n${printMuGraph(mutant.muGraph)}`;
			expect(largestDifference(expected, actual), explain).toBeLessThan(1e-6);
		}
		expect(refused).toBeGreaterThan(0);
	});
});

type Body = (
	b: ProgramBuilder,
	x: ProgramNodeId,
	y: ProgramNodeId,
	rows: number,
	columns: number,
) => ProgramNodeId;

/** A program of two matrices [rows, columns]. */
function program(body: Body): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(6), b.axis(7)];
	const [x, y] = [b.input([rows, columns]), b.input([rows, columns])];
	b.output(body(b, x, y, rows, columns));
	return b.build();
}

/** The verdict on two programs of one signature: a µGraph of the second against the first. */
function compare(left: Body, right: Body): string {
	return verifyMuGraph(firstMuGraph(program(right)), program(left), { seed: testSeed }).kind;
}

const equalPrograms: readonly (readonly [string, Body, Body])[] = [
	[
		"a product over a sum",
		(b, x, y) => b.map("multiply", x, b.map("add", x, y)),
		(b, x, y) => b.map("add", b.map("multiply", x, x), b.map("multiply", x, y)),
	],
	[
		"exponentials of a sum",
		(b, x, y) => b.map("exp", b.map("add", x, y)),
		(b, x, y) => b.map("multiply", b.map("exp", x), b.map("exp", y)),
	],
	[
		"sigmoid written out",
		(b, x, y) => b.map("multiply", y, b.map("sigmoid", x)),
		(b, x, y) => b.map("divide", y, b.map("add", b.map("exp", b.map("negate", x)), b.constant(1))),
	],
	[
		"tanh by sigmoid",
		(b, x) => b.map("tanh", x),
		(b, x) => {
			const s = b.map("sigmoid", b.map("multiply", x, b.constant(2)));
			return b.map("subtract", b.map("multiply", s, b.constant(2)), b.constant(1));
		},
	],
	[
		"softmax without its maximum",
		(b, x, _, __, columns) => {
			const e = b.map("exp", b.map("subtract", x, b.reduce("max", x, columns)));
			return b.map("divide", e, b.reduce("sum", e, columns));
		},
		(b, x, _, __, columns) => {
			const e = b.map("exp", x);
			return b.map("divide", e, b.reduce("sum", e, columns));
		},
	],
	[
		"a root squared",
		(b, x, _, __, columns) => b.reduce("sum", b.map("multiply", x, x), columns),
		(b, x, _, __, columns) => {
			const root = b.map("sqrt", b.reduce("sum", b.map("multiply", x, x), columns));
			return b.map("multiply", root, root);
		},
	],
	[
		"the maximum in another order",
		(b, x, y) => b.map("maximum", b.map("maximum", x, y), b.constant(0)),
		(b, x, y) => b.map("maximum", x, b.map("maximum", b.constant(0), y)),
	],
	[
		"a maximum of maxima",
		(b, x, _, rows, columns) => b.reduce("max", x, rows, columns),
		(b, x, _, rows, columns) => b.reduce("max", b.reduce("max", x, columns), rows),
	],
];

const differentPrograms: readonly (readonly [string, Body, Body])[] = [
	[
		"a contraction and a product of sums",
		(b, x, y, _, columns) => b.contract(x, y, columns),
		(b, x, y, _, columns) => b.map("multiply", b.reduce("sum", x, columns), b.reduce("sum", y, columns)),
	],
	["the root of a square", (b, x) => x_(b, x), (b, x) => b.map("sqrt", b.map("multiply", x, x))],
	["roots of opposite numbers", (b, x) => b.map("sqrt", x), (b, x) => b.map("sqrt", b.map("negate", x))],
	[
		"a maximum and a sum of maxima",
		(b, x, _, rows, columns) => b.reduce("max", x, rows, columns),
		(b, x, _, rows, columns) => b.reduce("sum", b.reduce("max", x, columns), rows),
	],
	[
		"a maximum and a minimum of maxima",
		(b, x, _, rows, columns) => b.reduce("max", x, rows, columns),
		(b, x, _, rows, columns) => b.reduce("min", b.reduce("max", x, columns), rows),
	],
	[
		"what is left of a maximum without a part",
		(b, _, y, __, columns) => b.reduce("max", y, columns),
		(b, x, y, _, columns) =>
			b.map(
				"subtract",
				b.map("maximum", b.reduce("max", x, columns), b.reduce("max", y, columns)),
				b.reduce("max", x, columns),
			),
	],
	[
		"a nearly equal constant",
		(b, x) => b.map("multiply", x, b.constant(0.1)),
		(b, x) => b.map("multiply", x, b.constant(0.1 + 2 ** -56)),
	],
	[
		"exponentials of a product",
		(b, x, y) => b.map("exp", b.map("multiply", x, y)),
		(b, x, y) => b.map("multiply", b.map("exp", x), b.map("exp", y)),
	],
	[
		"the exponential of an exponential",
		(b, x) => b.map("exp", b.map("exp", x)),
		(b, x) => b.map("exp", b.map("multiply", x, x)),
	],
	[
		"infinity and a large number",
		(b, x) => b.map("add", x, b.constant(Infinity)),
		(b, x) => b.map("add", x, b.constant(3e38)),
	],
	["operands of a quotient", (b, x, y) => b.map("divide", x, y), (b, x, y) => b.map("divide", y, x)],
	["equal shapes, other tensor", (b, x) => b.map("abs", x), (b, _, y) => b.map("abs", y)],
	[
		"the softmax of another axis",
		(b, x, _, __, columns) => b.map("divide", b.map("exp", x), b.reduce("sum", b.map("exp", x), columns)),
		(b, x, _, rows) => b.map("divide", b.map("exp", x), b.reduce("sum", b.map("exp", x), rows)),
	],
];

/** x itself, as a value that is computed. */
function x_(b: ProgramBuilder, x: ProgramNodeId): ProgramNodeId {
	return b.map("add", x, b.constant(0));
}

describe("pairs of programs", () => {
	test.each(equalPrograms)("accepts %s", (_, left, right) => {
		expect(compare(left, right)).toBe("equal");
	});

	test.each(differentPrograms)("refuses %s", (_, left, right) => {
		expect(compare(left, right)).not.toBe("equal");
	});
});

describe("roots of squares", () => {
	/** Different from zero where both sums and the product's sum are negative: one sign pattern of eight. */
	const signs = program((b, x, y, rows, columns) => {
		const sums = [x, y, b.map("multiply", x, y)].map((of) => b.reduce("sum", of, rows, columns));
		const twiceNegative = sums.map((sum) =>
			b.map("subtract", b.map("sqrt", b.map("multiply", sum, sum)), sum),
		);
		return twiceNegative.reduce((product, factor) => b.map("multiply", product, factor));
	});
	const zero = wholeProgramMuGraph(
		program((b, x, _, rows, columns) => b.map("multiply", b.reduce("sum", x, rows, columns), b.constant(0))),
	);

	test.each(Array.from({ length: 20 }, (_, offset) => testSeed + offset))(
		"a difference that few signs show is seen, seed %i",
		(seed) => {
			expect(verifyMuGraph(zero, signs, { seed }).kind).not.toBe("equal");
		},
	);

	test("what holds for all signs is accepted: the root of a product of squares", () => {
		const parts = (b: ProgramBuilder, of: readonly ProgramNodeId[], rows: number, columns: number) =>
			of.map((value) => b.reduce("sum", value, rows, columns)).map((sum) => b.map("multiply", sum, sum));
		const apart = program((b, x, y, rows, columns) => {
			const [one = x, other = y] = parts(b, [x, y], rows, columns).map((square) => b.map("sqrt", square));
			return b.map("multiply", one, other);
		});
		const together = program((b, x, y, rows, columns) => {
			const [one = x, other = y] = parts(b, [x, y], rows, columns);
			return b.map("sqrt", b.map("multiply", one, other));
		});
		const verdict = verifyMuGraph(wholeProgramMuGraph(together), apart, { seed: testSeed });
		expect(verdict).toMatchObject({ kind: "equal", certificate: { uninterpreted: [] } });
	});
});

test("a program of very many axes is inconclusive, and says so", () => {
	const b = buildProgram();
	const axes = Array.from({ length: 30 }, () => b.axis(2));
	b.output(b.map("add", b.input(axes.slice(0, 15)), b.input(axes.slice(15))));
	const wide = b.build();
	const verdict = verifyMuGraph(wholeProgramMuGraph(wide), wide, { seed: testSeed });
	expect(verdict.kind).toBe("inconclusive");
	if (verdict.kind === "inconclusive") expect(verdict.reason).toContain("elements, at most 2097152");
});

describe("certificates", () => {
	const attention = maskedAttention(2, 5, 17, 3);
	const online = searchMuGraphs(attention, { statesMax: 100_000, foundMax: 500 }).found.find((muGraph) =>
		muGraph.kernels.some((kernel) =>
			kernel.nodes.some((node) => node.kind === "accumulate" && node.rescale !== null),
		),
	);

	test("online softmax: exponentials are interpreted, only the maximum is not, and trials suffice", () => {
		expect(online).toBeDefined();
		if (online === undefined) return;
		const verdict = verifyMuGraph(online, attention, { seed: testSeed });
		expect(verdict.kind).toBe("equal");
		if (verdict.kind !== "equal") return;
		const { certificate } = verdict;
		expect(certificate.uninterpreted).toEqual(["maximum"]);
		expect(certificate.exponentialTerms).toBeGreaterThan(1);
		expect(certificate.errorProbabilityLog2).toBeLessThanOrEqual(-60);
		expect(certificate.shrunkExtents.length).toBe(2);
		expect(certificate.shrunkExtents.flat().every((extent) => extent <= 4)).toBe(true);
	});

	test("the same seed gives the same certificate", () => {
		const muGraph = firstMuGraph(attention);
		expect(verifyMuGraph(muGraph, attention, { seed: 9 })).toEqual(
			verifyMuGraph(muGraph, attention, { seed: 9 }),
		);
	});

	test("extents of thousands cost no more than small ones", () => {
		const big = gatedMlp(8, 4096, 14336);
		const verdict = verifyMuGraph(firstMuGraph(big), big, { seed: testSeed });
		expect(verdict.kind).toBe("equal");
	});

	test("a runner accepts what was verified and nothing that was changed on the way", () => {
		const softmax = rowSoftmax(6, 40);
		const muGraph = firstMuGraph(softmax);
		const verdict = verifyMuGraph(muGraph, softmax, { seed: testSeed });
		if (verdict.kind !== "equal") throw new Error("softmax is not accepted");
		const planned = { digest: verdict.verified.digest, muGraph, certificate: verdict.certificate };
		expect(recheckPlanned(planned, softmax).kind).toBe("equal");
		expect(recheckPlanned({ ...planned, digest: "0" }, softmax).kind).toBe("different");
		expect(recheckPlanned(planned, rowSoftmax(6, 41)).kind).toBe("different");
		const broken = mutateMuGraph(muGraph).find(({ rule }) => rule === "operands swapped")?.muGraph ?? muGraph;
		const forged = { ...planned, digest: muGraphDigest(broken), muGraph: broken };
		expect(recheckPlanned(forged, softmax).kind).toBe("different");
		const certificate = { ...planned.certificate, muGraphDigest: forged.digest };
		expect(recheckPlanned({ ...forged, certificate }, softmax).kind).not.toBe("equal");
	});
});
