// When each value of a kernel can be computed if one axis is walked in steps: the stages of choice 3.

import { present } from "#shared/fault/assert.ts";
import {
	type AxisId,
	type ProgramNode,
	type ProgramNodeId,
	programNodeOperands,
} from "#shared/program/program.ts";
import { deviationsOf } from "./deviations.ts";
import type { KernelSpec } from "./kernel-spec.ts";

/** An online maximum: `pass` is the stage in which it runs. */
export interface Weight {
	readonly maximum: ProgramNodeId;
	readonly pass: number;
}

export interface Accumulation {
	/** The stage in which it runs. */
	readonly pass: number;
	/** The maximum it is rescaled by. */
	readonly rescale: ProgramNodeId | null;
	/** The value whose squared deviations from its own mean it sums, if it is carried along with that mean. */
	readonly deviationsOf: ProgramNodeId | null;
}

/** One value of a kernel. Stages as in mugraph.ts: even between loops, odd inside them. */
export interface ValueTiming {
	readonly hasLoopAxis: boolean;
	/** First stage with the whole value: odd for values along the loop axis, even for others. */
	readonly stage: number;
	/**
	 * Set when the value can be had earlier, in the pass of a maximum m that is still running, as a multiple of exp(-m).
	 * Sums of such values over the loop axis are rescaled when m grows (online softmax).
	 */
	readonly weight: Weight | null;
	/** For a reduction over the loop axis: how it accumulates. */
	readonly accumulates: Accumulation | null;
}

export type LoopAnalysis = ReadonlyMap<ProgramNodeId, ValueTiming>;

/**
 * Timings of all values for a loop over `loop`, or for straight-line code (null). `isOnline` allows running maxima to be
 * read, and squared deviations to be summed while their mean is still running.
 */
export function analyseLoop(spec: KernelSpec, loop: AxisId | null, isOnline: boolean): LoopAnalysis {
	const timings = new Map<ProgramNodeId, ValueTiming>();
	for (const id of spec.nodes) {
		const node = present(spec.dag.nodes[id], "node");
		timings.set(id, timeValue(spec, timings, id, node, loop, isOnline));
	}
	return timings;
}

function timeValue(
	spec: KernelSpec,
	timings: ReadonlyMap<ProgramNodeId, ValueTiming>,
	id: ProgramNodeId,
	node: ProgramNode,
	loop: AxisId | null,
	isOnline: boolean,
): ValueTiming {
	const hasLoopAxis = loop !== null && node.axes.includes(loop);
	const operands = spec.boundary.has(id) ? [] : programNodeOperands(node);
	const timing = (operand: ProgramNodeId): ValueTiming =>
		present(timings.get(operand), "timing of an operand");
	const isAccumulated =
		loop !== null &&
		operands.length > 0 &&
		(node.kind === "reduce" || node.kind === "contract") &&
		node.over.includes(loop);
	const latest = Math.max(0, ...operands.map((operand) => timing(operand).stage));
	if (isAccumulated) {
		const plain: Accumulation = { pass: inPass(latest), rescale: null, deviationsOf: null };
		const online = isOnline ? onlineAccumulation(spec, id, node, operands, timings) : null;
		const accumulates = online !== null && online.pass < plain.pass ? online : plain;
		return { hasLoopAxis: false, stage: accumulates.pass + 1, weight: null, accumulates };
	}
	const stage = hasLoopAxis ? inPass(latest) : latest;
	const weight = isOnline && hasLoopAxis ? weightOfValue(spec, node, operands, timings) : null;
	return { hasLoopAxis, stage, weight, accumulates: null };
}

/** How a sum over the loop axis can be had while what it needs is still running. */
function onlineAccumulation(
	spec: KernelSpec,
	id: ProgramNodeId,
	node: ProgramNode,
	operands: readonly ProgramNodeId[],
	timings: Timings,
): Accumulation | null {
	const value = deviationsOf(spec.dag, id);
	const timing = value === null ? undefined : timings.get(value);
	if (timing?.hasLoopAxis === true) return { pass: inPass(timing.stage), rescale: null, deviationsOf: value };
	const weight = weightOfSum(spec, node, operands, timings);
	return weight === null ? null : { pass: weight.pass, rescale: weight.maximum, deviationsOf: null };
}

/** The first loop stage not before this one. */
function inPass(stage: number): number {
	return stage % 2 === 0 ? stage + 1 : stage;
}

type Timings = ReadonlyMap<ProgramNodeId, ValueTiming>;

/** Whether the value is whole by the given pass. */
function isReady(timings: Timings, id: ProgramNodeId, pass: number): boolean {
	return present(timings.get(id), "timing of an operand").stage <= pass;
}

/** exp(s - m), and what is linear in such a value with factors that are ready. */
function weightOfValue(
	spec: KernelSpec,
	node: ProgramNode,
	operands: readonly ProgramNodeId[],
	timings: Timings,
): Weight | null {
	if (node.kind === "map" && node.operator === "exp") return weightOfExponential(spec, operands[0], timings);
	const isLinear =
		node.kind === "contract" ||
		(node.kind === "reduce" && node.operator === "sum") ||
		(node.kind === "map" && ["multiply", "divide", "negate", "add", "subtract"].includes(node.operator));
	if (!isLinear) return null;
	const weights = operands.map((operand) => timings.get(operand)?.weight ?? null);
	const weight = weights.find((own) => own !== null) ?? null;
	if (weight === null) return null;
	const maximum = present(spec.dag.nodes[weight.maximum], "node");
	if (!maximum.axes.every((axis) => node.axes.includes(axis))) return null;
	const isSum = node.kind === "map" && (node.operator === "add" || node.operator === "subtract");
	const weighted = weights.filter((own) => own?.maximum === weight.maximum).length;
	if (isSum) return weighted === operands.length ? weight : null;
	const isDivisor = node.kind === "map" && node.operator === "divide" && weights[1] !== null;
	const others = operands.filter((_, i) => weights[i] === null);
	const isProduct = weighted === 1 && others.length === operands.length - 1;
	return !isDivisor && isProduct && others.every((other) => isReady(timings, other, weight.pass))
		? weight
		: null;
}

function weightOfExponential(
	spec: KernelSpec,
	exponent: ProgramNodeId | undefined,
	timings: Timings,
): Weight | null {
	const difference = exponent === undefined ? undefined : spec.dag.nodes[exponent];
	if (difference?.kind !== "map" || difference.operator !== "subtract" || spec.boundary.has(exponent ?? -1))
		return null;
	const [score = -1, maximum = -1] = difference.operands;
	const node = spec.dag.nodes[maximum];
	const accumulates = timings.get(maximum)?.accumulates ?? null;
	if (node?.kind !== "reduce" || node.operator !== "max" || accumulates === null) return null;
	return isReady(timings, score, accumulates.pass) ? { maximum, pass: accumulates.pass } : null;
}

/** A sum over the loop axis of a weighted value is rescaled as a whole: it must have every axis of the maximum. */
function weightOfSum(
	spec: KernelSpec,
	node: ProgramNode,
	operands: readonly ProgramNodeId[],
	timings: Timings,
): Weight | null {
	if (node.kind === "map" || node.kind === "input" || node.kind === "constant") return null;
	return weightOfValue(spec, node, operands, timings);
}
