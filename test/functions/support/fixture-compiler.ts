// A compiler for tests of the edge alone: the first byte of a "model" says how many islands it has, the next ones which
// program each is (islands with equal bytes share theirs). What compiling does is tested where compiling lives.

import type { ModelCompiler } from "#functions/models/model-compiler.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import type { Program } from "#shared/program/program.ts";

/** exp of a vector, of `extent` elements. */
export function vectorProgram(extent: number): Program {
	const access = { offset: 0, axes: [0], strides: [1] };
	return {
		axes: [{ extent }],
		inputs: [{ shape: [extent], dataType: "float32", role: "activation" }],
		nodes: [
			{ kind: "input", input: 0, access, axes: [0] },
			{ kind: "constant", value: Number.NEGATIVE_INFINITY, axes: [] },
			{ kind: "map", operator: "maximum", operands: [0, 1], axes: [0] },
		],
		outputs: [{ shape: [extent], dataType: "float32", pieces: [{ node: 2, access }] }],
	};
}

export function createFixtureCompiler(): ModelCompiler & { readonly planned: string[] } {
	const planned: string[] = [];
	return {
		planned,
		analyse(bytes, { shapes }) {
			const [count = 0, ...kinds] = bytes;
			if (bytes.length !== count + 1)
				throw new OptimizeError("model.malformed", `model: ${bytes.length} bytes, expected ${count + 1}`, {
					found: bytes.length,
				});
			const extents = kinds.map((kind) => kind + (shapes.batch ?? 2));
			const digestOf = (extent: number): string => sha256Hex(`program ${extent}`);
			return {
				name: "fixture",
				nodesCount: count,
				islands: extents.map((extent, index) => ({
					index,
					program: digestOf(extent),
					nodes: [{ index, name: `n${index}`, operator: "Exp", domain: "" }],
				})),
				programs: [...new Set(extents)].map((extent) => ({
					digest: digestOf(extent),
					program: vectorProgram(extent),
					baselines: [
						{
							form: "asWritten",
							bytes: new TextEncoder().encode(`baseline ${extent}`),
							inputNames: ["x"],
							outputNames: ["y"],
						},
					],
				})),
				keptAsIs: [],
				refusals: [],
				coverage: { sourcesInIslands: count, sourcesTotal: count, flopsShare: Math.min(count, 1) },
			};
		},
		async plan({ programDigest, program, target, threads, effort, tolerance }) {
			planned.push(programDigest);
			return {
				schema: "kiln.plan/1",
				programDigest,
				program,
				target,
				threads,
				effort,
				tolerance,
				muGraphs: [],
				candidates: [],
				search: { statesVisited: 0, statesPruned: {}, stop: "saturated", cursor: null },
				rankedBy: "analytic",
				baselines: [],
			};
		},
	};
}
