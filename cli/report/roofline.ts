// Where an island's baseline and kernel lie under what the machine can do at most (Williams et al. 2009).

import type { AxisId, Program } from "#shared/program/program.ts";
import type { Machine } from "#shared/target/target.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";

export interface ProgramWork {
	/** Every input and output moved once. */
	readonly bytes: number;
	/** Two for each multiply-add of a contraction, one for each element that a map makes or a reduction reads. */
	readonly operations: number;
	/** Operations a byte. */
	readonly intensity: number;
}

export interface Roofs {
	readonly readGigabytesPerSecond: number;
	/** Of the threads used, as far as there are cores. */
	readonly fusedMultiplyAddGflops: number;
}

export function programWork(program: Program): ProgramWork {
	const bytes = [...program.inputs, ...program.outputs]
		.map(({ shape, dataType }) => elementCount(shape) * elementBytes(dataType))
		.reduce((sum, count) => sum + count, 0);
	const operations = operationsOf(program);
	return { bytes, operations, intensity: operations / Math.max(1, bytes) };
}

function operationsOf(program: Program): number {
	const size = (axes: readonly AxisId[]): number =>
		axes.reduce((product, axis) => product * (program.axes[axis]?.extent ?? 1), 1);
	return program.nodes.reduce((sum, node) => {
		if (node.kind === "contract") return sum + 2 * size([...node.axes, ...node.over]);
		if (node.kind === "reduce") return sum + size([...node.axes, ...node.over]);
		return node.kind === "map" ? sum + size(node.axes) : sum;
	}, 0);
}

/** The probe reads with one thread: with more the memory roof is a floor, and a share may exceed 1. */
export function machineRoofs(machine: Machine, threads: number): Roofs {
	return {
		readGigabytesPerSecond: machine.readGigabytesPerSecond,
		fusedMultiplyAddGflops: machine.fusedMultiplyAddGflops * Math.min(threads, machine.cores),
	};
}

/** Least time that the roofs allow: the longer of moving and computing. */
export function rooflineNanoseconds(work: ProgramWork, roofs: Roofs): number {
	return Math.max(work.bytes / roofs.readGigabytesPerSecond, work.operations / roofs.fusedMultiplyAddGflops);
}

/** GFLOP/s that the roofs allow at an intensity. */
export const roofGflops = (intensity: number, roofs: Roofs): number =>
	Math.min(intensity * roofs.readGigabytesPerSecond, roofs.fusedMultiplyAddGflops);
