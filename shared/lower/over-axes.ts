import type { AxisId } from "#shared/program/program.ts";
import { loopOver, type Point } from "./point.ts";
import { extentOf } from "./tile-context.ts";

/** Loops over whole axes, one inside the other, in steps of one. */
export function overAxes(point: Point, axes: readonly AxisId[], body: (point: Point) => void): void {
	const [axis, ...rest] = axes;
	if (axis === undefined) {
		body(point);
		return;
	}
	loopOver(point, axis, extentOf(point.ctx, axis), 1, (inner) => {
		overAxes(inner, rest, body);
	});
}
