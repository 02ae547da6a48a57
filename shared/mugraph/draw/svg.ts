// A drawing as SVG: one self-contained file with its own light background, readable on light and dark pages alike.

import type { Box, BoxKind, Drawing, Edge, Frame } from "./drawing.ts";
import { boxTextInset, drawingMargin, frameTextInset } from "./place-bands.ts";
import { fontPixels, linePixels, textWidth, titlePixels } from "./text-size.ts";

interface Paint {
	readonly fill: string;
	readonly stroke: string;
	readonly legend: string;
}

const boxPaints: Readonly<Record<BoxKind, Paint>> = {
	device: { fill: "#e9ecef", stroke: "#868e96", legend: "tensor in device memory" },
	weight: { fill: "#f3e8d2", stroke: "#b08948", legend: "weight, packed once" },
	load: { fill: "#d8f0ea", stroke: "#2b8a73", legend: "load" },
	contract: { fill: "#dbe4ff", stroke: "#3b5bdb", legend: "contraction" },
	reduce: { fill: "#fff3bf", stroke: "#c08a00", legend: "reduction" },
	accumulate: { fill: "#ffe3ec", stroke: "#c2255c", legend: "↻ carried from step to step" },
	registers: { fill: "#f1e6fb", stroke: "#8250c4", legend: "element-wise, in registers" },
	store: { fill: "#d3f0d9", stroke: "#2f8f4e", legend: "store" },
};

const framePaints: Readonly<Record<Frame["kind"], Omit<Paint, "legend"> & { readonly dashes: string }>> = {
	kernel: { fill: "#ffffff", stroke: "#495057", dashes: "" },
	block: { fill: "#f8f9fa", stroke: "#ced4da", dashes: "" },
	loop: { fill: "#eef4ff", stroke: "#5c7cfa", dashes: "6 4" },
};

const ink = "#212529";
const faded = "#5c636a";
const background = "#fcfcfa";
const fontFamily = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
const legendCell = 14;
const legendGap = 18;

const entities: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&#39;",
};

/** Text as XML can hold it: markup escaped, characters that XML 1.0 forbids (controls, lone surrogates) replaced. */
export function escapeXml(text: string): string {
	return (
		text
			// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
			.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Surrogate}]/gu, "\ufffd")
			.replace(/[&<>"']/g, (character) => entities[character] ?? character)
	);
}

/** The whole file. */
export function renderSvg(drawing: Drawing): string {
	const legend = renderLegend(drawing);
	const height = drawing.height + legend.height;
	const title = escapeXml(drawing.title);
	return `${[
		`<svg xmlns="http://www.w3.org/2000/svg" width="${drawing.width}" height="${height}" viewBox="0 0 ${drawing.width} ${height}" font-family="${fontFamily}" font-size="${fontPixels}" fill="${ink}" role="img" aria-label="${title}">`,
		`<title>${title}</title>`,
		`<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8Z" fill="${faded}"/></marker></defs>`,
		`<rect width="${drawing.width}" height="${height}" rx="10" fill="${background}" stroke="#dee2e6"/>`,
		...renderTitle(drawing),
		...drawing.frames.map(renderFrame),
		`<g fill="none" stroke="${faded}" stroke-width="1.2">`,
		...drawing.edges.map((edge) => `<path marker-end="url(#end)" d="${pathOf(edge)}"/>`),
		"</g>",
		...drawing.frames.map(renderHeading),
		...drawing.boxes.map(renderBox),
		...legend.lines,
		"</svg>",
	].join("\n")}\n`;
}

function renderTitle({ title, notes }: Drawing): readonly string[] {
	const at = (line: number): number => drawingMargin + titlePixels + line * linePixels;
	return [
		`<text x="${drawingMargin}" y="${at(0)}" font-size="${titlePixels}" font-weight="bold">${escapeXml(title)}</text>`,
		...notes.map(
			(note, line) =>
				`<text x="${drawingMargin}" y="${at(line + 1) + 4}" fill="${faded}">${escapeXml(note)}</text>`,
		),
	];
}

function renderFrame({ kind, x, y, width, height }: Frame): string {
	const { fill, stroke, dashes } = framePaints[kind];
	const dash = dashes === "" ? "" : ` stroke-dasharray="${dashes}"`;
	return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${fill}" stroke="${stroke}"${dash}/>`;
}

/** Over the edges, on a rim of its own. */
function renderHeading({ kind, x, y, heading }: Frame): string {
	const weight = kind === "kernel" ? ' font-weight="bold"' : "";
	const rim = `paint-order="stroke" stroke="${framePaints[kind].fill}" stroke-width="5"`;
	return `<text x="${x + frameTextInset.x}" y="${y + frameTextInset.y + 3}"${weight} ${rim}>${escapeXml(heading)}</text>`;
}

/** Straight down within a layer, a curve with upright ends between layers. */
function pathOf({ points }: Edge): string {
	return points
		.map(({ x, y }, at) => {
			const before = points[at - 1];
			if (before === undefined) return `M${x} ${y}`;
			if (before.x === x) return `V${y}`;
			const middle = Math.round((before.y + y) / 2);
			return `C${before.x} ${middle} ${x} ${middle} ${x} ${y}`;
		})
		.join("");
}

function renderBox({ kind, lines, x, y, width, height }: Box): string {
	const { fill, stroke } = boxPaints[kind];
	const thick = kind === "accumulate" ? 2.4 : 1.2;
	const texts = lines.map((line, at) => {
		const isLast = at === lines.length - 1 && at > 0;
		const colour = isLast ? ` fill="${faded}"` : "";
		return `<tspan x="${x + boxTextInset.x}" y="${y + boxTextInset.y + at * linePixels}"${colour}>${escapeXml(line)}</tspan>`;
	});
	return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="5" fill="${fill}" stroke="${stroke}" stroke-width="${thick}"/><text>${texts.join("")}</text>`;
}

/** The kinds of boxes that occur, in rows as wide as the drawing. */
function renderLegend(drawing: Drawing): { readonly lines: readonly string[]; readonly height: number } {
	const used = new Set(drawing.boxes.map(({ kind }) => kind));
	const lines: string[] = [];
	let x = drawingMargin;
	let y = drawing.height;
	for (const [kind, { fill, stroke, legend }] of Object.entries(boxPaints)) {
		if (![...used].some((other) => other === kind)) continue;
		const width = legendCell + 6 + textWidth(legend) + legendGap;
		if (x > drawingMargin && x + width > drawing.width - drawingMargin) {
			x = drawingMargin;
			y += linePixels + 5;
		}
		lines.push(
			`<rect x="${x}" y="${y}" width="${legendCell}" height="${legendCell}" rx="3" fill="${fill}" stroke="${stroke}"/><text x="${x + legendCell + 6}" y="${y + 11}" fill="${faded}">${escapeXml(legend)}</text>`,
		);
		x += width;
	}
	return { lines, height: y - drawing.height + legendCell + drawingMargin };
}
