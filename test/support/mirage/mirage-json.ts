// The parts of Mirage's µGraph files that have a meaning: a list of µGraphs, each a list of kernel operators in execution
// order. Tensors are named by guid; `-1` in a map means that the grid axis does not cut the tensor.

import { readFileSync } from "node:fs";

export interface MirageTensor {
	readonly guid: number;
	/** Extents, padded with zeros to rank 4. */
	readonly dim: readonly number[];
	readonly num_dims: number;
}

export interface MirageAxes {
	readonly x: number;
	readonly y: number;
	readonly z: number;
}

export interface MirageBlockOperator {
	readonly op_type: string;
	readonly input_tensors: readonly MirageTensor[];
	readonly output_tensors: readonly MirageTensor[];
	/** Of input iterators and output savers: the device tensor. */
	readonly dtensor?: MirageTensor;
	readonly input_map?: MirageAxes;
	readonly output_map?: MirageAxes;
	/** Of input iterators: the dimension that the loop walks, or -1. */
	readonly forloop_dim?: number;
}

export interface MirageBlockGraph {
	readonly grid_dim: MirageAxes;
	readonly forloop_range: number;
	readonly reduction_dimx: number;
	readonly operators: readonly MirageBlockOperator[];
}

export interface MirageKernelOperator {
	readonly op_type: string;
	readonly input_tensors: readonly MirageTensor[];
	readonly output_tensors: readonly MirageTensor[];
	readonly bgraph?: MirageBlockGraph;
}

export type MirageMuGraph = readonly MirageKernelOperator[];

export function readMirageFile(path: string): readonly MirageMuGraph[] {
	// What is missing or of another kind fails the import of the µGraph by name.
	return JSON.parse(readFileSync(path, "utf8")) as readonly MirageMuGraph[];
}

export function extentsOf(tensor: MirageTensor): readonly number[] {
	return tensor.dim.slice(0, tensor.num_dims);
}
