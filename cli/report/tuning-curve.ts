// How the best kernel got better while candidates were measured: numbers, and a drawing of them.

import type { Stage } from "#runner/measure/measure-request.ts";
import { median } from "#runner/measure/statistics.ts";

export interface CurvePoint {
	/** Candidates measured by then. */
	readonly candidates: number;
	/** baseline / the best of them. */
	readonly speedup: number;
	readonly stage: Stage["stage"];
}

/**
 * A point for every candidate that was better than all before it, and one for the last. Stages are compared by their times,
 * which drift with the machine: a curve, not evidence.
 */
export function tuningCurve(stages: readonly Stage[], baselineNs: number): readonly CurvePoint[] {
	const seen = new Set<string>();
	const points: CurvePoint[] = [];
	let best = 0;
	for (const { stage, bursts } of stages) {
		if (stage === "confirm") continue;
		for (const participant of new Set(bursts.map((burst) => burst.participant))) {
			if (!participant.startsWith("candidate-")) continue;
			seen.add(participant);
			const own = bursts.filter((burst) => burst.participant === participant);
			const speedup = baselineNs / median(own.flatMap(({ nanoseconds }) => nanoseconds));
			if (!(speedup > best)) continue;
			best = speedup;
			points.push({ candidates: seen.size, speedup, stage });
		}
	}
	const last = points.at(-1);
	return last === undefined || last.candidates === seen.size
		? points
		: [...points, { ...last, candidates: seen.size }];
}

const width = 420;
const height = 160;
const margin = { left: 44, right: 16, top: 12, bottom: 34 };

/** SVG: speed-up by candidates measured, and the line of the baseline. Empty with fewer than two candidates. */
export function drawTuningCurve(points: readonly CurvePoint[]): string {
	const last = points.at(-1);
	if (last === undefined || last.candidates < 2) return "";
	const high = Math.max(1, last.speedup) * 1.1;
	const x = (candidates: number): number =>
		round(margin.left + (candidates / last.candidates) * (width - margin.left - margin.right));
	const y = (speedup: number): number =>
		round(height - margin.bottom - (speedup / high) * (height - margin.top - margin.bottom));
	const corners = points.flatMap(({ candidates, speedup }, at) => {
		const before = points[at - 1];
		return [
			...(before === undefined ? [] : [[candidates, before.speedup] as const]),
			[candidates, speedup] as const,
		];
	});
	return [
		`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Best speed-up by candidates measured">`,
		`<line class="step" x1="${margin.left}" x2="${width - margin.right}" y1="${y(1)}" y2="${y(1)}"/>`,
		...[1, last.speedup].map(
			(speedup) =>
				`<text x="${margin.left - 6}" y="${y(speedup) + 4}" text-anchor="end">${speedup.toFixed(1)}×</text>`,
		),
		...[0, last.candidates].map(
			(candidates) =>
				`<text x="${x(candidates)}" y="${height - 14}" text-anchor="${candidates === 0 ? "start" : "end"}">${candidates === 0 ? "candidates measured" : candidates}</text>`,
		),
		`<polyline class="curve-after" points="${corners.map(([candidates, speedup]) => `${x(candidates)},${y(speedup)}`).join(" ")}"/>`,
		"</svg>",
	].join("\n");
}

const round = (value: number): number => Math.round(value * 10) / 10;
