import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawMuGraph } from "#shared/mugraph/draw/draw-mugraph.ts";
import type { Box, Drawing, Edge, Frame, Rectangle } from "#shared/mugraph/draw/drawing.ts";
import { layOutMuGraph } from "#shared/mugraph/draw/lay-out-mugraph.ts";
import { placeInOrder } from "#shared/mugraph/draw/place-in-order.ts";
import { registerChains } from "#shared/mugraph/draw/register-chains.ts";
import { escapeXml } from "#shared/mugraph/draw/svg.ts";
import { textWidth } from "#shared/mugraph/draw/text-size.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { targets } from "#shared/target/target.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { sketchMuGraph } from "#test/support/mugraph-sketch.ts";
import { maskedAttention, samplePrograms } from "#test/support/programs.ts";

const target = targets["cpu-x86-64-v3"];

/** Of each sample program: some µGraphs with the tiles of their first schedule. */
const drawn: readonly (readonly [string, MuGraph])[] = Object.entries({
	...samplePrograms,
	splitAttention: maskedAttention(2, 4, 256, 16),
}).flatMap(([name, program]) =>
	searchMuGraphs(program, { statesMax: 60, foundMax: 12 }).found.map(
		(muGraph, nth) => [`${name} ${nth}`, muGraph] as const,
	),
);

function tilesOf(muGraph: MuGraph) {
	const [schedule] = enumerateSchedules(muGraph, target, 1, 1);
	if (schedule === undefined) throw new Error("no schedule");
	return schedule.kernels;
}

const layOut = (muGraph: MuGraph): Drawing =>
	layOutMuGraph(muGraph, { title: "title", notes: ["a note"], tiles: tilesOf(muGraph) });

const overlap = (a: Rectangle, b: Rectangle): boolean =>
	a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const contains = (outer: Rectangle, inner: Rectangle): boolean =>
	outer.x <= inner.x &&
	outer.y <= inner.y &&
	outer.x + outer.width >= inner.x + inner.width &&
	outer.y + outer.height >= inner.y + inner.height;

function overlapping<T extends Rectangle>(boxes: readonly T[]): readonly (readonly [T, T])[] {
	return boxes.flatMap((a, i) => boxes.slice(i + 1).flatMap((b) => (overlap(a, b) ? [[a, b] as const] : [])));
}

/** What is wrong with an edge: where it begins and ends, and boxes that its straight parts run over. */
function faultsOfEdge({ from, to, points }: Edge, boxes: readonly Box[]): readonly string[] {
	const [start, end] = [boxes[from], boxes[to]];
	const [first, last] = [points[0], points.at(-1)];
	if (start === undefined || end === undefined || first === undefined || last === undefined)
		return ["no end"];
	const within = (x: number, box: Box): boolean => x > box.x && x < box.x + box.width;
	const faults: string[] = [];
	if (first.y !== start.y + start.height || !within(first.x, start)) faults.push("begins beside its box");
	if (last.y !== end.y || !within(last.x, end)) faults.push("ends beside its box");
	points.forEach((point, at) => {
		const before = points[at - 1];
		if (before === undefined) return;
		if (point.y < before.y) faults.push("runs upwards");
		const part = {
			x: Math.min(before.x, point.x),
			y: before.y,
			width: Math.max(1, Math.abs(point.x - before.x)),
			height: Math.max(0, point.y - before.y),
		};
		const others = boxes.filter((box) => box !== start && box !== end);
		if (others.some((box) => overlap(part, box))) faults.push("runs over a box");
	});
	return faults;
}

describe("layOutMuGraph", () => {
	test("boxes do not overlap, edges join boxes and run over none, frames hold what is theirs", () => {
		expect(drawn.length).toBeGreaterThan(60);
		for (const [name, muGraph] of drawn) {
			const drawing = layOut(muGraph);
			const { boxes, edges, frames } = drawing;
			expect([name, overlapping(boxes)]).toEqual([name, []]);
			expect([name, edges.flatMap((edge) => faultsOfEdge(edge, boxes))]).toEqual([name, []]);
			const ofKind = (...kinds: Frame["kind"][]): readonly Frame[] =>
				frames.filter(({ kind }) => kinds.includes(kind));
			expect([name, overlapping(ofKind("kernel")), overlapping(ofKind("block", "loop"))]).toEqual([
				name,
				[],
				[],
			]);
			for (const stage of ofKind("block", "loop"))
				expect(ofKind("kernel").some((kernel) => contains(kernel, stage))).toBe(true);
			for (const box of boxes) {
				expect(contains({ x: 0, y: 0, width: drawing.width, height: drawing.height }, box)).toBe(true);
				const isDevice = box.kind === "device" || box.kind === "weight";
				const holding = ofKind("block", "loop").filter((stage) => contains(stage, box));
				const touching = frames.filter((frame) => overlap(frame, box));
				expect([name, box.lines, isDevice ? touching.length : holding.length]).toEqual([
					name,
					box.lines,
					isDevice ? 0 : 1,
				]);
			}
			for (const { width, lines } of boxes)
				for (const line of lines) expect(width).toBeGreaterThan(textWidth(line));
			for (const { width, heading } of frames) expect(width).toBeGreaterThan(textWidth(heading));
		}
	});

	test("every load reads from a tensor, every store writes to one, and all that is computed is drawn", () => {
		for (const [, muGraph] of drawn) {
			const { boxes, edges } = layOut(muGraph);
			boxes.forEach(({ kind }, id) => {
				const above = edges.filter(({ to }) => to === id).map(({ from }) => boxes[from]?.kind);
				const below = edges.filter(({ from }) => from === id).map(({ to }) => boxes[to]?.kind);
				if (kind === "load") expect(above).toEqual([expect.stringMatching(/device|weight/)]);
				if (kind === "store") expect(below).toEqual(["device"]);
				if (kind === "contract") expect(above.length).toBeGreaterThan(0);
			});
			const nodes = muGraph.kernels.flatMap((kernel) => kernel.nodes);
			const count = (kind: string): number => nodes.filter((node) => node.kind === kind).length;
			const shown = (kind: string): number => boxes.filter((box) => box.kind === kind).length;
			for (const kind of ["load", "contract", "reduce", "store"]) expect(shown(kind)).toBe(count(kind));
		}
	});

	test("a loop is a frame that says how many steps it takes", () => {
		const muGraph = sketchMuGraph([8, 64], ({ kernel }) => {
			kernel([0], 1, (k) => {
				k.stage(1);
				const sum = k.accumulate(k.reduce("sum", k.load("x", [0, 1]), 1));
				k.stage(2);
				k.store(sum);
			});
		});
		const tiles = [{ gridTiles: [3], loopTile: 24 }];
		const { frames, boxes } = layOutMuGraph(muGraph, { title: "", notes: [], tiles });
		expect(frames.map(({ heading }) => heading)).toEqual([
			"kernel 0 · 3 blocks: a0 8 by 3 · reads 2.0 kB, writes 32 B",
			"↻ 3 steps over a1, 24 of 64 at a time",
			"after the loop",
		]);
		expect(boxes.find(({ kind }) => kind === "load")?.lines).toEqual(["%0 load input0", "a0:3 a1:24"]);
		const open = layOutMuGraph(muGraph, { title: "", notes: [], tiles: null });
		expect(open.frames.map(({ heading }) => heading)).toEqual([
			"kernel 0 · grid over a0:8",
			"↻ loop over a1:64",
			"after the loop",
		]);
	});
});

describe("registerChains", () => {
	test("a map joins its only reader over the same axes; what is read twice ends a chain", () => {
		const { kernels } = sketchMuGraph([8, 64], ({ kernel }) => {
			kernel([0], null, (k) => {
				const x = k.load("x", [0, 1]);
				const squares = k.map("multiply", x, x);
				const root = k.map("sqrt", k.map("abs", squares));
				const sum = k.map("exp", k.reduce("sum", root, 1));
				k.store(k.map("divide", root, sum));
			});
		});
		const [kernel] = kernels;
		if (kernel === undefined) throw new Error("one kernel");
		// 0 load, 1 multiply, 2 abs, 3 sqrt (read twice), 4 reduce, 5 exp (other axes), 6 divide, 7 store
		expect(registerChains(kernel)).toEqual([null, 3, 3, 3, null, 5, 6, null]);
	});
});

describe("placeInOrder", () => {
	test("keeps order and distance, and moves nothing that need not move", () => {
		const place = fc.record({
			width: fc.integer({ min: 1, max: 90 }),
			wanted: fc.integer({ min: -500, max: 500 }),
			weight: fc.integer({ min: 1, max: 5 }),
		});
		fc.assert(
			fc.property(fc.array(place, { maxLength: 12 }), (places) => {
				const centres = placeInOrder(places, 10);
				const room = (at: number): number =>
					((places[at]?.width ?? 0) + (places[at - 1]?.width ?? 0)) / 2 + 10;
				centres.forEach((centre, at) => {
					if (at > 0) expect(centre - (centres[at - 1] ?? 0)).toBeGreaterThan(room(at) - 1e-6);
				});
				const fits = places.every(
					({ wanted }, at) => at === 0 || wanted - (places[at - 1]?.wanted ?? 0) >= room(at),
				);
				if (!fits) return;
				for (const [at, centre] of centres.entries()) expect(centre).toBeCloseTo(places[at]?.wanted ?? 0, 6);
			}),
			{ seed: testSeed },
		);
	});
});

/** Every element closed in order, attributes quoted, no bare `<` or `&`: enough for XML without a parser at hand. */
function faultOfXml(text: string): string | null {
	const open: string[] = [];
	const rest = text.replace(
		/<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z-]+="[^"<]*")*)\s*(\/?)>/g,
		(_, closing: string, name: string, __, alone: string) => {
			if (closing === "/") return open.pop() === name ? "" : "<";
			if (alone === "") open.push(name);
			return "";
		},
	);
	if (open.length > 0) return `not closed: ${open.join()}`;
	const bare = /<|&(?!(amp|lt|gt|quot|#39);)/.exec(rest);
	return bare === null ? null : rest.slice(bare.index, bare.index + 40);
}

describe("drawMuGraph", () => {
	test("is well-formed XML below 100 kB, the same each time", () => {
		for (const [, muGraph] of drawn) {
			const options = { title: "a & b", notes: ["x < y"], tiles: tilesOf(muGraph) };
			const svg = drawMuGraph(muGraph, options);
			expect(faultOfXml(svg)).toBeNull();
			expect(svg.length).toBeLessThan(100_000);
			expect(drawMuGraph(muGraph, options)).toBe(svg);
		}
	});

	test("text of others cannot become markup", () => {
		const [, muGraph] = drawn[0] ?? [];
		if (muGraph === undefined) throw new Error("nothing is drawn");
		const hostile = `"/><script>alert('1')</script>&\u0000\ud800`;
		const svg = drawMuGraph(muGraph, { title: hostile, notes: [hostile], tiles: null });
		expect(faultOfXml(svg)).toBeNull();
		expect(svg).not.toContain("<script");
		for (const forbidden of ["\u0000", "\ud800"]) expect(svg).not.toContain(forbidden);
	});

	test("escapeXml leaves what needs no escaping, surrogate pairs among it", () => {
		expect(escapeXml("µGraph 𝔸 ↻")).toBe("µGraph 𝔸 ↻");
	});
});
