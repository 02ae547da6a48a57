import type { MeasureBudget } from "#runner/measure/measure-request.ts";

/** Just enough timing for a verdict of any kind: for tests that ask whether candidates run and are right. */
export const briefBudget: MeasureBudget = {
	screenMilliseconds: 1,
	contestMilliseconds: 1,
	refineMilliseconds: 0,
	confirmMilliseconds: 1,
	contestRoundsMax: 4,
	confirmRoundsMax: 12,
	quietMilliseconds: 0,
};
