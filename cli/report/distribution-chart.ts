// How long runs took, as SVG: the share of samples that took at most so long, baseline beside kernel.

import { quantile } from "#runner/measure/statistics.ts";

export interface Samples {
	readonly baseline: readonly number[];
	readonly kernel: readonly number[];
}

const width = 420;
const height = 180;
const margin = { left: 44, right: 16, top: 12, bottom: 34 };
/** Rarer ones are other work on the machine, and would squeeze the rest. */
const shownQuantile = 0.98;

/** Empty when either side has no samples. */
export function drawDistribution({ baseline, kernel }: Samples): string {
	if (baseline.length === 0 || kernel.length === 0) return "";
	const low = 0.95 * Math.min(...baseline, ...kernel);
	const high = 1.02 * Math.max(quantile(baseline, shownQuantile), quantile(kernel, shownQuantile));
	const x = (value: number): number =>
		round(margin.left + ((value - low) / (high - low)) * (width - margin.left - margin.right));
	const y = (share: number): number =>
		round(height - margin.bottom - share * (height - margin.top - margin.bottom));
	const curve = (samples: readonly number[]): string => {
		const sorted = samples.filter((value) => value <= high).sort((a, b) => a - b);
		return sorted.map((value, at) => `${x(value)},${y((at + 1) / samples.length)}`).join(" ");
	};
	return [
		`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Distribution of run times">`,
		...[0, 0.5, 1].map(
			(share) =>
				`<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y(share)}" y2="${y(share)}"/><text x="${margin.left - 6}" y="${y(share) + 4}" text-anchor="end">${100 * share} %</text>`,
		),
		...[low, (low + high) / 2, high].map(
			(value) =>
				`<text x="${x(value)}" y="${height - 14}" text-anchor="${value === high ? "end" : "middle"}">${(value / 1e3).toPrecision(3)} µs</text>`,
		),
		`<polyline class="curve-before" points="${curve(baseline)}"/>`,
		`<polyline class="curve-after" points="${curve(kernel)}"/>`,
		"</svg>",
	].join("\n");
}

const round = (value: number): number => Math.round(value * 10) / 10;
