// The roofline of a machine as SVG, log-log: each island's baseline (hollow) and kernel (filled), joined.

import { escapeXml } from "#shared/mugraph/draw/svg.ts";
import { type Roofs, roofGflops } from "./roofline.ts";

export interface RooflinePoint {
	readonly label: string;
	readonly intensity: number;
	readonly beforeGflops: number;
	readonly afterGflops: number;
}

const width = 680;
const height = 380;
const margin = { left: 64, right: 24, top: 16, bottom: 48 };

export function drawRoofline(points: readonly RooflinePoint[], roofs: Roofs): string {
	const ridge = roofs.fusedMultiplyAddGflops / roofs.readGigabytesPerSecond;
	const xs = decades([ridge / 4, ridge * 4, ...points.map(({ intensity }) => intensity)]);
	const ys = decades([
		roofs.fusedMultiplyAddGflops * 1.5,
		...points.flatMap(({ beforeGflops, afterGflops }) => [beforeGflops, afterGflops]),
	]);
	const x = (value: number): number => place(value, xs, margin.left, width - margin.right);
	const y = (value: number): number => place(value, ys, height - margin.bottom, margin.top);
	const [left, right] = [10 ** xs.from, 10 ** xs.to];
	const roof = [left, ridge, right]
		.map((at) => `${x(at)},${y(Math.max(10 ** ys.from, roofGflops(at, roofs)))}`)
		.join(" ");
	return [
		`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Roofline">`,
		...ticks(xs).map(
			(at) =>
				`<line class="grid" x1="${x(at)}" x2="${x(at)}" y1="${margin.top}" y2="${height - margin.bottom}"/><text x="${x(at)}" y="${height - margin.bottom + 18}" text-anchor="middle">${at}</text>`,
		),
		...ticks(ys).map(
			(at) =>
				`<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y(at)}" y2="${y(at)}"/><text x="${margin.left - 8}" y="${y(at) + 4}" text-anchor="end">${at}</text>`,
		),
		`<polyline class="roof" points="${roof}"/>`,
		`<text x="${width - margin.right - 4}" y="${y(roofs.fusedMultiplyAddGflops) - 6}" text-anchor="end">${roofs.fusedMultiplyAddGflops.toFixed(0)} GFLOP/s FMA · ${roofs.readGigabytesPerSecond.toFixed(1)} GB/s read</text>`,
		...points.map(({ label, intensity, beforeGflops, afterGflops }) => {
			const [at, before, after] = [x(intensity), y(beforeGflops), y(afterGflops)];
			return `<line class="step" x1="${at}" x2="${at}" y1="${before}" y2="${after}"/><circle class="before" cx="${at}" cy="${before}" r="4.5"/><circle class="after" cx="${at}" cy="${after}" r="4.5"/><text class="label" x="${at + 9}" y="${after + 4}">${escapeXml(label)}</text>`;
		}),
		`<text x="${(margin.left + width) / 2}" y="${height - 8}" text-anchor="middle">operations a byte</text>`,
		`<text transform="translate(16 ${height / 2}) rotate(-90)" text-anchor="middle">GFLOP/s</text>`,
		"</svg>",
	].join("\n");
}

interface Decades {
	readonly from: number;
	readonly to: number;
}

function decades(values: readonly number[]): Decades {
	const logarithms = values.filter((value) => value > 0).map(Math.log10);
	return { from: Math.floor(Math.min(...logarithms)), to: Math.ceil(Math.max(...logarithms)) };
}

const ticks = ({ from, to }: Decades): number[] =>
	Array.from({ length: to - from + 1 }, (_, at) => Number((10 ** (from + at)).toPrecision(1)));

function place(value: number, { from, to }: Decades, start: number, end: number): number {
	const share = (Math.log10(Math.max(value, 10 ** from)) - from) / Math.max(1, to - from);
	return Math.round((start + share * (end - start)) * 10) / 10;
}
