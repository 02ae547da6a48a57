// `kiln equivalent` on what others published: rewrite rules of TASO and TENSAT with right and wrong variants, and ONNX's
// own operators against the functions that define them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareModels, type ModelComparison } from "#cli/compare-models.ts";
import { importPair } from "#cli/import-pair.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Graph } from "#shared/graph/graph.ts";
import { printGraph } from "#shared/graph/print.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { compareGraphs } from "#shared/verify/compare-graphs.ts";
import { outsideSuite, storedTensors } from "#test/support/outside-suites.ts";
import { type Rule, type RuleModel, ruleModel } from "#test/support/rewrite-rules.ts";

const freshSeed = Number(process.env.TEST_SEED) >>> 0;
const seeds = [1, freshSeed];
/** Of the right pairs that must be proven. */
const provenShareMin = 0.98;

/** Counts of one suite, its mistakes and its times. */
function createTally(suite: string) {
	const wrong: string[] = [];
	const refused = new Map<string, string[]>();
	const milliseconds: number[] = [];
	let [right, proven, others] = [0, 0, 0];
	return {
		wrong,
		record(name: string, isRight: boolean, compare: () => ModelComparison) {
			const start = performance.now();
			const { verdict, reason } = compare();
			milliseconds.push(performance.now() - start);
			if (isRight) right++;
			else others++;
			if (isRight && verdict === "equal") proven++;
			if (isRight ? verdict === "different" : verdict === "equal")
				wrong.push(`${name}: ${verdict}: ${reason}`);
			else if (isRight && verdict !== "equal") refused.set(reason, [...(refused.get(reason) ?? []), name]);
		},
		provenShare: () => proven / right,
		others: () => others,
		print() {
			const median = milliseconds.toSorted((a, b) => a - b)[milliseconds.length >> 1] ?? 0;
			console.log(
				`${suite}: ${proven} of ${right} right pairs proven, ${wrong.length} mistakes, ${others} wrong pairs; median ${median.toFixed(1)} ms, longest ${Math.max(...milliseconds).toFixed(0)} ms`,
			);
			for (const [reason, names] of refused)
				console.log(`  ${names.length} not proven: ${reason}: ${names.join(" ")}`);
		},
	};
}

function importWhole(bytes: Uint8Array): Graph {
	const { graph, refusals } = importModel(bytes, { windows: "primitives" });
	const [refusal] = refusals;
	if (refusal !== undefined) throw new OptimizeError(refusal.code, refusal.reason);
	return graph;
}

describe("published rules as ONNX files", () => {
	const suite = outsideSuite("taso-onnx");
	interface Pair {
		readonly src: string;
		readonly other: string;
		readonly verdict: "equal" | "not_equal";
		readonly why: string;
	}
	const pairs = (): readonly Pair[] =>
		JSON.parse(readFileSync(join(suite ?? "", "manifest.json"), "utf8")).pairs;
	const read = (file: string): Graph => importWhole(readFileSync(join(suite ?? "", file)));

	test.skipIf(suite === null).each(seeds)(
		"seed %i: no wrong variant is accepted, and the rules are",
		(seed) => {
			const tally = createTally(`taso-onnx, seed ${seed}`);
			for (const { src, other, verdict, why } of pairs())
				tally.record(`${other} (${why})`, verdict === "equal", () =>
					compareModels(read(src), read(other), seed),
				);
			tally.print();
			expect(tally.wrong).toEqual([]);
			expect(tally.provenShare()).toBeGreaterThanOrEqual(provenShareMin);
		},
	);

	test.skipIf(suite === null)("the field test alone accepts no wrong variant", () => {
		const accepted = pairs().filter(({ src, other, verdict }) => {
			if (verdict === "equal") return false;
			const [left, right] = [read(src), read(other)];
			const ids = left.inputs.map(({ value }) => value);
			const names = new Map(right.inputs.map(({ value }) => [right.values[value]?.name, value]));
			const outcome = compareGraphs(
				{ graph: left, inputs: ids },
				{ graph: right, inputs: ids.map((id) => names.get(left.values[id]?.name) ?? null) },
				{ seed: freshSeed, tensorElements: ids.map((id) => elementCount(left.values[id]?.shape ?? [])) },
			);
			return outcome.kind === "equal";
		});
		expect(accepted).toEqual([]);
	});
});

describe.each(["taso-rules.json", "tensat-rules.json"])("%s", (file) => {
	const suite = outsideSuite(file);
	test.skipIf(suite === null).each(seeds)("seed %i: at every instance", (seed) => {
		const { rules }: { readonly rules: readonly Rule[] } = JSON.parse(readFileSync(suite ?? "", "utf8"));
		const tally = createTally(`${file}, seed ${seed}`);
		for (const rule of rules) {
			const at = (index: number, graph: RuleModel["graph"], more: Partial<RuleModel> = {}): Graph => {
				const given = { graph, instance: rule.instances[index] ?? {}, ...more };
				const sizes = rule.split_sizes?.[index];
				return importWhole(ruleModel(sizes === undefined ? given : { ...given, splitSizes: sizes }));
			};
			rule.instances.forEach((_, index) => {
				tally.record(`${rule.id} at ${index}`, true, () =>
					compareModels(at(index, rule.src), at(index, rule.dst), seed),
				);
			});
			for (const variant of rule.variants) {
				const isRight = variant.verdict === "equal";
				const { constants, instance_override: instance } = variant;
				const more = {
					...(constants === undefined ? {} : { constants }),
					...(instance === undefined ? {} : { instance }),
				};
				const compare = (index: number): ModelComparison =>
					compareModels(at(index, rule.src, more), at(index, variant.dst, more), seed);
				const name = `${rule.id} ${variant.mutation}`;
				const valid = variant.valid_instances ?? [0];
				const counter = variant.counterexample?.instance;
				// A wrong variant may be right where extents are 1: it is wrong where its counterexample is, or somewhere.
				if (isRight)
					for (const index of valid) tally.record(`${name} at ${index}`, true, () => compare(index));
				else if (counter !== undefined) tally.record(name, false, () => compare(counter));
				else tally.record(name, false, () => firstDifferent(valid.map((index) => () => compare(index))));
			}
		}
		tally.print();
		expect(tally.wrong).toEqual([]);
		expect(tally.provenShare()).toBeGreaterThanOrEqual(provenShareMin);
	});
});

function firstDifferent(comparisons: readonly (() => ModelComparison)[]): ModelComparison {
	let last: ModelComparison | null = null;
	for (const compare of comparisons) {
		last = compare();
		if (last.verdict !== "equal") return last;
	}
	if (last === null) throw new Error("a variant without an instance");
	return last;
}

/** Inputs and what is bound of a case, on which two models are compared. */
function compareCases(folder: string, [one, other]: readonly [string, string]) {
	const read = (name: string): Uint8Array => readFileSync(join(folder, name, "model.onnx"));
	const stored = storedTensors(join(folder, one), "input").map((tensor) => ({ file: "", name: "", tensor }));
	const pair = importPair([read(one), read(other)], { windows: "primitives" }, stored);
	const [refusal] = [...pair.left.refusals, ...pair.right.refusals];
	if (refusal !== undefined) throw new OptimizeError(refusal.code, `${one}, ${other}: ${refusal.reason}`);
	const declared = { left: pair.left.domains, right: pair.right.domains };
	return {
		pair,
		compare: (): ModelComparison => {
			const compared = compareModels(pair.left.graph, pair.right.graph, 1, declared);
			return { ...compared, given: [...pair.given, ...compared.given] };
		},
	};
}

describe("operators and the functions that define them", () => {
	const suite = outsideSuite("onnx-node");
	const folder = join(suite ?? "", "node");
	const expansions = (): readonly (readonly [name: string, expanded: string])[] => {
		const names = suite === null ? [] : readdirSync(folder);
		return names.flatMap((expanded) => {
			const [, name = ""] = /^(.*)_expanded/.exec(expanded) ?? [];
			return names.includes(name) ? [[name, expanded] as const] : [];
		});
	};

	test.skipIf(suite === null)("every pair is imported and proven", () => {
		const tally = createTally("onnx-node");
		const given = new Map<string, number>();
		for (const names of expansions()) {
			const { compare } = compareCases(folder, names);
			tally.record(names[1], true, () => {
				const compared = compare();
				for (const text of compared.given) given.set(text, (given.get(text) ?? 0) + 1);
				return compared;
			});
		}
		tally.print();
		for (const [text, count] of given) console.log(`  ${count} given ${text}`);
		expect(tally.wrong).toEqual([]);
		expect(tally.provenShare()).toBe(1);
	});

	test.skipIf(suite === null)("no operator is taken for the function of another", () => {
		const tally = createTally("onnx-node, crossed");
		// Families with laws and assumptions of their own, without cases that take seconds and norms of nothing, which are all 0.
		const families = /^test_(nllloss|sce|reduce|logsoftmax|softmax|attention_4d|flexattention|causal|swiglu)/;
		const pairs = expansions().filter(([name]) => families.test(name) && !/d1d2d3|empty_set/.test(name));
		for (const [own, expanded] of pairs)
			for (const name of new Set(pairs.map(([each]) => each))) {
				if (name === own || families.exec(name)?.[1] !== families.exec(own)?.[1]) continue;
				try {
					const { compare, pair } = compareCases(folder, [name, expanded]);
					const same = compareCases(folder, [name, own]).pair.right.graph;
					// Cases of different data are one model.
					const [one, two] = [same, pair.left.graph].map((graph) => printGraph({ ...graph, name: "" }));
					if (one !== two) tally.record(`${name} ${expanded}`, false, compare);
				} catch (error) {
					// The stored axes of one case may not fit the other.
					if (!(error instanceof OptimizeError)) throw error;
				}
			}
		tally.print();
		expect(tally.wrong).toEqual([]);
		expect(tally.others()).toBeGreaterThan(500);
	});
});
