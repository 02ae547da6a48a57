import { describe, expect, test } from "vitest";
import { AssertionError } from "#shared/fault/assert.ts";
import type { Program, ProgramNodeId } from "#shared/program/program.ts";
import { type CutLimits, type CutOutcome, cutInto, enumerateCuts } from "#shared/search/cuts.ts";
import { boundaryPolicies, type Cut, describeCut } from "#shared/search/describe-cut.ts";
import { kernelBound } from "#shared/search/grid-choices.ts";
import { enumerateHoistings, type Hoisting } from "#shared/search/hoisting.ts";
import { beamRule, cutRankRule, rankPartitions } from "#shared/search/partitions.ts";
import { findUnits, type Unit } from "#shared/search/units.ts";
import { languageModelPrograms, transformerBlock } from "#test/support/attention-programs.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import { loraLinear, rootMeanSquareNorm, samplePrograms } from "#test/support/programs.ts";
import { weightPrograms } from "#test/support/weight-programs.ts";

const limits: CutLimits = { kernelsMax: 4, unitsMax: 8 };
const programs = { ...samplePrograms, ...languageModelPrograms, ...weightPrograms };

function cutsOf(program: Program, within = limits): Cut[] {
	return [...enumerateCuts(program, within)].flatMap((outcome) =>
		outcome.kind === "cut" ? [outcome.cut] : [],
	);
}

const keyOf = ({ prepare, kernels }: Cut): string =>
	[prepare, kernels].map((specs) => specs.map(({ key }) => key).join(";")).join(" | ");

const boundOf = (cut: Cut): number => cut.kernels.reduce((sum, kernel) => sum + kernelBound(kernel), 0);

/** The units' nodes that each kernel computes. */
function unitsByKernel(cut: Cut, units: readonly Unit[]): ProgramNodeId[][] {
	return cut.kernels.map(({ nodes, boundary }) =>
		units.map(({ node }) => node).filter((node) => nodes.includes(node) && !boundary.has(node)),
	);
}

describe.each(Object.entries(programs))("%s", (_, program) => {
	const { units } = findUnits(program);
	const cuts = cutsOf(program);

	test("every cut computes every unit, loads what an earlier kernel stores, and stores what a later one loads", () => {
		for (const cut of cuts) {
			const ofCall = new Set(unitsByKernel(cut, units).flat());
			for (const { node } of units) expect(ofCall.has(node)).toBe(true);
			const stored = new Set<ProgramNodeId>();
			const loaded = new Set<ProgramNodeId>();
			for (const kernel of [...cut.prepare, ...cut.kernels]) {
				for (const node of kernel.boundary) {
					expect(stored.has(node)).toBe(true);
					loaded.add(node);
				}
				for (const { node, target } of kernel.stores) if (target.kind === "intermediate") stored.add(node);
			}
			expect([...stored].sort()).toEqual([...loaded].sort());
		}
	});

	test("every output piece is stored once", () => {
		const pieces = program.outputs.flatMap((output, id) => output.pieces.map(({ node }) => `${id}:${node}`));
		for (const cut of cuts) {
			const stores = cut.kernels.flatMap((kernel) =>
				kernel.stores.flatMap(({ node, target }) =>
					target.kind === "output" ? [`${target.output}:${node}`] : [],
				),
			);
			expect(stores.sort()).toEqual([...pieces].sort());
		}
	});

	test("every cut comes once, always in the same order, one kernel first", () => {
		const keys = cuts.map(keyOf);
		expect(new Set(keys).size).toBe(keys.length);
		expect(cutsOf(program).map(keyOf)).toEqual(keys);
		expect(cuts[0]?.kernels.length).toBe(1);
	});
});

/** Whether the prepare step stores exactly what calls read of this hoisting. */
function hoistsAll(cut: Cut, hoisting: Hoisting | undefined): boolean {
	const given = new Set(cut.prepare.flatMap(({ stores }) => stores.map(({ node }) => node)));
	return [...(hoisting?.stored ?? [])].every((node) => given.has(node));
}

/** All partitions of the units into at most so many groups: restricted growth. */
function setPartitions(units: readonly ProgramNodeId[], groupsMax: number): ProgramNodeId[][][] {
	return units.reduce<ProgramNodeId[][][]>(
		(partitions, unit) =>
			partitions.flatMap((groups) => [
				...groups.map((group, at) => groups.with(at, [...group, unit])),
				...(groups.length < groupsMax ? [[...groups, [unit]]] : []),
			]),
		[[]],
	);
}

/** Whether some two groups each have a unit that a unit of the other follows from. */
function isCircular(groups: readonly (readonly ProgramNodeId[])[], units: readonly Unit[]): boolean {
	const groupOf = (unit: number): number =>
		groups.findIndex((group) => group.includes(units[unit]?.node ?? -1));
	const reaches = groups.map((_, group) => new Set([group]));
	for (let round = 0; round < groups.length; round++)
		units.forEach((unit, id) => {
			for (const on of unit.dependsOn)
				for (const after of reaches[groupOf(id)] ?? []) reaches[groupOf(on)]?.add(after);
		});
	return reaches.some((after, group) =>
		[...after].some((other) => other !== group && reaches[other]?.has(group) === true),
	);
}

/** Whether links (reads, or a tensor in common) lead from any unit of the group to any other. */
function hangsTogether(group: readonly ProgramNodeId[], units: readonly Unit[]): boolean {
	const members = units.map((unit, id) => ({ ...unit, id })).filter(({ node }) => group.includes(node));
	let reached = members.slice(0, 1);
	for (let round = 0; round < members.length; round++)
		reached = members.filter((a) =>
			reached.some(
				(b) =>
					a === b ||
					a.dependsOn.includes(b.id) ||
					b.dependsOn.includes(a.id) ||
					a.reads.some((tensor) => b.reads.includes(tensor)),
			),
		);
	return reached.length === members.length;
}

describe("against all set partitions", () => {
	const small = Object.entries(programs).filter(([, program]) => findUnits(program).units.length <= 6);

	test.each(small)("%s: exactly the convex and related ones, beside the safe cuts", (_, program) => {
		const { units } = findUnits(program);
		const nodes = units.map(({ node }) => node);
		const expected = new Set<string>();
		for (const groups of setPartitions(nodes, limits.kernelsMax)) {
			const isRefused = isCircular(groups, units) || !groups.every((group) => hangsTogether(group, units));
			for (const policy of boundaryPolicies) {
				const cut = cutInto(program, groups, policy);
				expect(cut === null).toBe(isCircular(groups, units));
				if (cut !== null && !isRefused) expected.add(keyOf(cut));
			}
		}
		const [hoisted, ...others] = enumerateHoistings(program);
		const found = cutsOf(program)
			.filter((cut) => others.length === 0 || hoistsAll(cut, hoisted))
			.map(keyOf);
		expect([...expected].filter((key) => !found.includes(key))).toEqual([]);
		// All in one kernel, one a contraction, one a unit: each under every policy.
		const safe = found.filter((key) => !expected.has(key));
		expect(safe.length).toBeLessThanOrEqual(2 * boundaryPolicies.length);
	});

	test.each(small)("%s: nothing is stored in vain by a partition that recomputes nothing", (_, program) => {
		const { units } = findUnits(program);
		for (const groups of setPartitions(
			units.map(({ node }) => node),
			3,
		)) {
			for (const policy of ["lazy", "narrow", "eager"] as const) {
				const cut = cutInto(program, groups, policy);
				if (cut === null) continue;
				const held = unitsByKernel(cut, units).map((group) => group.join());
				expect(held.sort()).toEqual(groups.map((group) => group.join()).sort());
			}
		}
	});
});

describe("order", () => {
	test.each(Object.entries(programs))("%s: partitions come by the bound of their kernels", (_, program) => {
		const graph = findUnits(program);
		const { partitions } = rankPartitions(program, graph, limits);
		const bounds = partitions.map((order) => boundOf(describeCut(program, graph, order, "lazy")));
		for (const [at, bound] of bounds.entries())
			expect(bound).toBeGreaterThanOrEqual((bounds[at - 1] ?? 0) * (1 - 1e-9));
	});

	test.each(Object.entries(programs).filter(([, program]) => findUnits(program).units.length <= 8))(
		"%s: a beam finds the best cut of a complete enumeration",
		(_, program) => {
			const best = (within: CutLimits): number => Math.min(...cutsOf(program, within).map(boundOf));
			expect(best({ ...limits, unitsMax: 0 })).toBe(best(limits));
		},
	);
});

describe("pruning is told", () => {
	const rules = (outcomes: Iterable<CutOutcome>): string[] =>
		[...outcomes].flatMap((outcome) => (outcome.kind === "pruned" ? [outcome.rule] : []));

	test("a beam says that it is none of all cuts", () => {
		const block = transformerBlock(8, 16, 2, 24);
		expect(findUnits(block).units.length).toBeGreaterThan(limits.unitsMax);
		expect(rules(enumerateCuts(block, limits))).toContain(beamRule);
	});

	test("a limit on cuts keeps the first, and says so", () => {
		const program = transformerBlock(8, 16, 2, 24);
		const all = cutsOf(program).map(keyOf);
		const few = cutsOf(program, { ...limits, cutsMax: 5 }).map(keyOf);
		expect(few).toEqual(all.slice(0, few.length));
		expect(few.length).toBeLessThanOrEqual(3 * boundaryPolicies.length + 5);
		expect(rules(enumerateCuts(program, { ...limits, cutsMax: 5 }))).toContain(cutRankRule);
	});

	test("a complete enumeration does not", () => {
		for (const program of Object.values(samplePrograms))
			expect(rules(enumerateCuts(program, limits))).not.toContain(beamRule);
	});
});

describe("units that are cheap are computed again", () => {
	test("a row's statistic in each of two projections: two kernels and no intermediate", () => {
		const b = buildProgram();
		const [rows, inner, first, second] = [b.axis(8), b.axis(64), b.axis(96), b.axis(80)];
		const x = b.input([rows, inner]);
		const normed = rootMeanSquareNorm(b, x, inner, 64);
		b.output(b.contract(normed, b.input([inner, first], "weight"), inner));
		b.output(b.contract(normed, b.input([inner, second], "weight"), inner));
		const program = b.build();
		const { units } = findUnits(program);
		const twice = cutsOf(program).find(
			(cut) => cut.kernels.length === 2 && cut.kernels.every(({ boundary }) => boundary.size === 0),
		);
		expect(twice && unitsByKernel(twice, units).map((group) => group.length)).toEqual([2, 2]);
	});
});

describe("cutInto", () => {
	const program = loraLinear(5, 17, 15, 3);
	const nodes = findUnits(program).units.map(({ node }) => node);

	test("holds exactly the groups, in an order in which each reads earlier ones", () => {
		const [full = -1, low = -1, branch = -1, sum = -1] = nodes;
		const cut = cutInto(program, [
			[sum, branch],
			[full, low],
		]);
		expect(cut && unitsByKernel(cut, findUnits(program).units)).toEqual([
			[full, low],
			[branch, sum],
		]);
	});

	test("refuses kernels that wait for each other", () => {
		const [full = -1, low = -1, branch = -1, sum = -1] = nodes;
		expect(cutInto(program, [[full, low, sum], [branch]])).toBeNull();
	});

	test("a unit that no group has is our own fault", () => {
		expect(() => cutInto(program, [nodes.slice(1)])).toThrow(AssertionError);
	});
});
