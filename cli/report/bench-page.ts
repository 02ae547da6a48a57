// `kiln bench --html`: one self-contained page. No script, nothing fetched; every text of a model's or a machine's is escaped.

import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import { escapeXml } from "#shared/mugraph/draw/svg.ts";
import type { Machine } from "#shared/target/target.ts";
import type { BenchCase } from "../bench-island.ts";
import { formatNanoseconds } from "../optimization-view.ts";
import { drawDistribution } from "./distribution-chart.ts";
import { engineRatio } from "./engine-ratio.ts";
import { machineRoofs } from "./roofline.ts";
import { drawRoofline } from "./roofline-chart.ts";
import type { SummedCases } from "./sum-cases.ts";
import { drawTuningCurve } from "./tuning-curve.ts";

export interface BenchReport {
	readonly model: string;
	readonly command: string;
	readonly machine: Machine;
	readonly threads: number;
	/** What kernels might be off by. */
	readonly tolerance: ToleranceId;
	readonly cases: readonly BenchCase[];
	readonly summed: SummedCases;
}

const style = `:root{color-scheme:light dark;--ink:#1d2429;--faded:#5f6b75;--page:#fbfbf9;--card:#fff;--rule:#dfe3e6;--before:#c2621b;--after:#1c7ed6}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebed;--faded:#9aa5ae;--page:#14181b;--card:#1c2226;--rule:#343c42;--before:#f4a261;--after:#5fb3ff}}
body{margin:0 auto;max-width:60rem;padding:2rem 1.25rem 4rem;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}p,dd{overflow-wrap:anywhere}.faded{color:var(--faded);margin:.2rem 0}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{text-align:right;padding:.45rem .6rem;border-bottom:1px solid var(--rule)}th{color:var(--faded);font-weight:500;font-size:.85rem}th:first-child,td:first-child{text-align:left}
.sum td{border-bottom:0;border-top:2px solid var(--rule)}.cases{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:1rem}.cases section.case{margin:0;max-width:30rem}.wide{overflow-x:auto}.ratio{font-weight:650}section.case,figure{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:1rem;margin:0 0 1rem}
svg{width:100%;height:auto;display:block;font:12px system-ui,sans-serif;fill:var(--faded)}.grid{stroke:var(--rule)}.roof{fill:none;stroke:var(--ink);stroke-width:2}.step{stroke:var(--faded);stroke-dasharray:3 3}
.before{fill:var(--card);stroke:var(--before);stroke-width:2}.after{fill:var(--after)}.label{fill:var(--ink)}.curve-before,.curve-after{fill:none;stroke-width:2}.curve-before{stroke:var(--before)}.curve-after{stroke:var(--after)}
.key-before{color:var(--before)}.key-after{color:var(--after)}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:var(--faded)}dd{margin:0}code{font-size:.9em}`;

/** Of the column `in engine`. */
const engineFootnote =
	"In engine: what ONNX Runtime's own profiler says of the same form, run alone after the measurement and not interleaved with the kernel. Summed times of a run's nodes, of what the session took for the run; medians, in whole microseconds rounded down. The profiler takes time itself, some microseconds of each node and more of the run: short islands take longer in it than by the wall clock without it, and have no ratio here.";

export function renderBenchPage(report: BenchReport): string {
	const { model, machine, threads, cases } = report;
	const title = escapeXml(`kiln bench ${model}`);
	return [
		`<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><title>${title}</title><style>${style}</style></head><body>`,
		`<h1>${title}</h1><p class="faded">baseline / kernel, interleaved in one process through ONNX Runtime's C interface; wall time of a run where nothing else is said; ${threads} thread${threads === 1 ? "" : "s"}</p>`,
		`<h2>Islands</h2><div class="wide"><table><thead><tr>${["island", "verdict", "speed-up", "95 % interval", "ONNX Runtime, wall", "form", "in engine", "kernel", "in engine / kernel", "of the roofline", "error"].map((head) => `<th>${head}</th>`).join("")}</tr></thead><tbody>`,
		...cases.map(renderRow),
		renderSum(report.summed),
		`</tbody></table></div><p class="faded">${engineFootnote}</p>`,
		`<h2>Roofline</h2><figure>${drawRoofline(cases.map(pointOf), machineRoofs(machine, threads))}<figcaption class="faded"><span class="key-before">○ ONNX Runtime</span> &#160; <span class="key-after">● kernel</span> &#160; roofs as this machine's probes measured them</figcaption></figure>`,
		"<h2>Run times</h2>",
		`<div class="cases">${cases.map(renderDistribution).join("")}</div>`,
		"<h2>Tuning</h2>",
		`<div class="cases">${cases.map(renderCurve).join("")}</div>`,
		`<h2>How it was measured</h2><dl>${evidence(report)
			.map(([name, value]) => `<dt>${name}</dt><dd>${escapeXml(value)}</dd>`)
			.join("")}</dl>`,
		"</body></html>\n",
	].join("\n");
}

function renderRow(each: BenchCase): string {
	const { ratio, engine, rooflineShare, errorMax } = each;
	const overKernel = engineRatio(each);
	const cells = [
		each.occurrences === 1 ? `${each.island}` : `${each.island} (${each.occurrences} times)`,
		each.verdict,
		`<span class="ratio">${ratio.median.toFixed(2)}×</span>`,
		`${ratio.low.toFixed(2)} – ${ratio.high.toFixed(2)}`,
		formatNanoseconds(each.baselineNs),
		escapeXml(each.baselineForm),
		engine === null
			? "–"
			: `${formatNanoseconds(engine.nodesNs)} <span class="faded">of ${formatNanoseconds(engine.runNs)}</span>`,
		formatNanoseconds(each.kernelNs),
		overKernel === null ? "–" : `${overKernel.toFixed(2)}×`,
		`${Math.round(rooflineShare * 100)} %`,
		errorMax === null ? "–" : errorMax.toExponential(1),
	];
	return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

function renderSum({ ratio, baselineNs, kernelNs }: SummedCases): string {
	const interval = `${ratio.low.toFixed(2)} – ${ratio.high.toFixed(2)}`;
	return `<tr class="sum"><td>all islands</td><td></td><td><span class="ratio">${ratio.median.toFixed(2)}×</span></td><td>${interval}</td><td>${formatNanoseconds(baselineNs)}</td><td></td><td></td><td>${formatNanoseconds(kernelNs)}</td><td></td><td></td><td></td></tr>`;
}

const pointOf = ({ island, work, baselineNs, kernelNs }: BenchCase) => ({
	label: `${island}`,
	intensity: work.intensity,
	beforeGflops: work.operations / baselineNs,
	afterGflops: work.operations / kernelNs,
});

function renderDistribution({ island, samplesNs }: BenchCase): string {
	const chart = drawDistribution(samplesNs) || '<p class="faded">no candidate was confirmed</p>';
	return `<section class="case"><p class="faded">island ${island}: share of clean samples at most so long (${samplesNs.baseline.length} and ${samplesNs.kernel.length})</p>${chart}</section>`;
}

function renderCurve({ island, curve }: BenchCase): string {
	const count = curve.at(-1)?.candidates ?? 0;
	const chart = drawTuningCurve(curve) || '<p class="faded">fewer than two candidates were measured</p>';
	return `<section class="case"><p class="faded">island ${island}: best of the first candidates, of ${count}</p>${chart}</section>`;
}

/** Shared with neighbours, it is seldom as fast as when the roof was probed. */
function memoryRates({ readGigabytesPerSecond }: Machine, cases: readonly BenchCase[]): string {
	const probed = `one thread read ${readGigabytesPerSecond.toFixed(1)} GB/s when probed`;
	const rates = cases.flatMap(({ readRate }) => (readRate === null ? [] : [readRate]));
	if (rates.length === 0) return probed;
	return `${probed}, ${Math.min(...rates).toFixed(1)} to ${Math.max(...rates).toFixed(1)} GB/s while islands were timed`;
}

function evidence({ command, machine, tolerance, cases }: BenchReport): (readonly [string, string])[] {
	return [
		["command", command],
		["machine", `${machine.model}, ${machine.cores} cores, ${machine.target}`],
		["compiler", machine.compiler],
		["peer", machine.baseline],
		["memory", memoryRates(machine, cases)],
		["seeds", [...new Set(cases.map(({ seed }) => seed))].join(", ")],
		["tolerance", tolerance],
		["error", "largest difference from float64, over the largest magnitude, over all inputs tried"],
	];
}
