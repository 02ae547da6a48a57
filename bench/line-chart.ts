// A line chart as SVG: logarithmic in y, one colour and mark a line, readable on light and dark pages.

export interface ChartLine {
	readonly title: string;
	readonly points: readonly (readonly [number, number])[];
	/** Points from here on were stopped by a budget: drawn hollow. */
	readonly limitedFrom?: number;
}

export interface Chart {
	readonly title: string;
	readonly xTitle: string;
	readonly yTitle: string;
	readonly lines: readonly ChartLine[];
}

const width = 640;
const height = 360;
const margin = { left: 64, right: 176, top: 40, bottom: 48 };
const colours = ["#2b6cb0", "#c05621", "#2f855a", "#6b46c1"];

export function drawChart(chart: Chart): string {
	const points = chart.lines.flatMap((line) => line.points);
	const xs = points.map(([x]) => x);
	const [xMin, xMax] = [Math.min(...xs), Math.max(...xs)];
	const decades = points.map(([, y]) => Math.log10(Math.max(y, 1e-3)));
	const [yMin, yMax] = [Math.floor(Math.min(...decades)), Math.ceil(Math.max(...decades))];
	const placeX = (x: number): number =>
		margin.left + ((x - xMin) / Math.max(1, xMax - xMin)) * (width - margin.left - margin.right);
	const placeY = (y: number): number => {
		const share = (Math.log10(Math.max(y, 1e-3)) - yMin) / Math.max(1, yMax - yMin);
		return height - margin.bottom - share * (height - margin.top - margin.bottom);
	};
	const parts = [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
		`<rect width="${width}" height="${height}" fill="#ffffff"/>`,
		text(margin.left, 22, chart.title, "start", 14),
		text((margin.left + width - margin.right) / 2, height - 12, chart.xTitle, "middle"),
		`<g transform="translate(16 ${height / 2}) rotate(-90)">${text(0, 0, chart.yTitle, "middle")}</g>`,
	];
	for (let decade = yMin; decade <= yMax; decade++) {
		const y = round(placeY(10 ** decade));
		parts.push(
			`<line x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}" stroke="#dddddd"/>`,
			text(margin.left - 6, y + 4, formatDecade(decade), "end"),
		);
	}
	for (const x of [...new Set(xs)].sort((a, b) => a - b))
		parts.push(text(round(placeX(x)), height - margin.bottom + 16, `${x}`, "middle", 10));
	chart.lines.forEach((line, at) => {
		const colour = colours[at % colours.length] ?? "#000000";
		const path = line.points.map(([x, y]) => `${round(placeX(x))},${round(placeY(y))}`).join(" ");
		parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
		for (const [x, y] of line.points) {
			const isLimited = line.limitedFrom !== undefined && x >= line.limitedFrom;
			const fill = isLimited ? "#ffffff" : colour;
			parts.push(
				`<circle cx="${round(placeX(x))}" cy="${round(placeY(y))}" r="3" fill="${fill}" stroke="${colour}"/>`,
			);
		}
		const labelY = margin.top + 16 * at + 8;
		const labelX = width - margin.right + 12;
		parts.push(
			`<circle cx="${labelX}" cy="${labelY - 4}" r="4" fill="${colour}"/>`,
			text(labelX + 10, labelY, line.title, "start"),
		);
	});
	return `${[...parts, "</svg>"].join("\n")}\n`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

function formatDecade(decade: number): string {
	return decade >= 0 && decade < 4 ? `${10 ** decade}` : `1e${decade}`;
}

function text(x: number, y: number, content: string, anchor: string, size = 12): string {
	const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
	return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="#222222">${escaped}</text>`;
}
