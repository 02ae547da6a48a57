import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AxisAtoms } from "#shared/program/refine-axes.ts";
import { type DimensionWindow, throughReshape, windowCount } from "#shared/program/window.ts";
import { elementCount, rowMajorStrides } from "#shared/tensor/shape.ts";

const seed = Number(process.env.TEST_SEED);

describe("AxisAtoms", () => {
	const unify = (left: number[], right: number[]): number[] | null => {
		const atoms = new AxisAtoms();
		const [l, r] = [left, right].map((extents) => extents.map((extent) => atoms.fresh(extent)));
		if (!atoms.unify(l ?? [], r ?? [])) return null;
		expect(atoms.resolve(l ?? [])).toEqual(atoms.resolve(r ?? []));
		return atoms.resolve(l ?? []).map((atom) => atoms.extent(atom));
	};

	test.each([
		[[64], [4, 16], [4, 16]],
		[
			[2, 6],
			[4, 3],
			[2, 2, 3],
		],
		[
			[12, 5],
			[3, 20],
			[3, 4, 5],
		],
		[[6, 4], [8, 3], null],
		[[], [], []],
	])("%j and %j have the common refinement %j", (left, right, refinement) => {
		expect(unify(left, right)).toEqual(refinement);
	});

	test("a split reaches every tensor that has the axis", () => {
		const atoms = new AxisAtoms();
		const wide = atoms.fresh(64);
		const elsewhere = [atoms.fresh(3), wide];
		atoms.unify([wide], [atoms.fresh(4), atoms.fresh(16)]);
		expect(atoms.resolve(elsewhere).map((atom) => atoms.extent(atom))).toEqual([3, 4, 16]);
	});

	test("a snapshot brings back what was", () => {
		const atoms = new AxisAtoms();
		const [a, b] = [atoms.fresh(6), atoms.fresh(6)];
		const before = atoms.snapshot();
		atoms.unify([a], [b]);
		atoms.restore(before);
		expect(atoms.resolve([a])).not.toEqual(atoms.resolve([b]));
	});
});

describe("throughReshape", () => {
	const positions = (window: DimensionWindow): number[] =>
		window.pieces.reduce(
			(found, { extent, stride }) =>
				found.flatMap((at) => Array.from({ length: extent }, (_, i) => at + i * stride)),
			[window.offset],
		);
	const flatPositions = (windows: readonly DimensionWindow[], shape: readonly number[]): number[] =>
		windows.reduce<number[]>(
			(found, window, axis) =>
				found.flatMap((at) => positions(window).map((p) => at + p * (rowMajorStrides(shape)[axis] ?? 1))),
			[0],
		);
	const shapes = [[24], [4, 6], [6, 4], [2, 3, 4], [2, 12], [8, 3], [3, 8], [1, 24], [2, 2, 2, 3], [24, 1]];

	test("names the same elements in the same order, or refuses", () => {
		let mapped = 0;
		fc.assert(
			fc.property(
				fc.constantFrom(...shapes),
				fc.constantFrom(...shapes),
				fc.infiniteStream(fc.nat(1000)),
				(input, output, draws) => {
					const draw = (limit: number): number => (draws.next().value ?? 0) % limit;
					const window = output.map((extent): DimensionWindow => {
						const count = 1 + draw(extent);
						const step = count > 1 && draw(2) === 0 ? -1 : 1;
						const start = draw(extent - count + 1) + (step < 0 ? count - 1 : 0);
						return draw(3) === 0
							? { offset: 0, pieces: extent === 1 ? [] : [{ extent, stride: 1 }] }
							: { offset: start, pieces: count === 1 ? [] : [{ extent: count, stride: step }] };
					});
					const parts = throughReshape(input, output, window);
					if (parts === null) return;
					mapped++;
					expect(elementCount(parts.map(windowCount))).toBe(elementCount(window.map(windowCount)));
					expect(flatPositions(parts, input)).toEqual(flatPositions(window, output));
				},
			),
			{ seed, numRuns: 2000 },
		);
		expect(mapped).toBeGreaterThan(500);
	});
});
