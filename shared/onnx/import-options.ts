// What a caller tells the importer and what it gets.

import type { ErrorCode } from "#shared/fault/optimize-error.ts";
import type { Graph } from "#shared/graph/graph.ts";
import type { InputDomain } from "#shared/graph/value-domain.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { ExternalData } from "./external-data.ts";
import type { ImportLimits } from "./import-limits.ts";

export interface ImportOptions {
	/** Extents of dynamic dimensions, by symbolic name or by `input:axis`. */
	readonly shapes?: Readonly<Record<string, number>>;
	/** Files that came with the model, by plain name. Default: none. */
	readonly externalData?: ExternalData;
	/**
	 * Which graph inputs are constant between calls. `auto` (default): those named by a model whose weights were
	 * stripped, and those that are used as weights are (weight-roles.ts). A list names them.
	 */
	readonly weights?: "auto" | "none" | readonly string[];
	/**
	 * Values of graph inputs that are known before the run, by name. They become constants, so that operands such as the
	 * axes of a reduction or the shape of a Reshape may be graph inputs. Type and shape must be the declared ones.
	 */
	readonly inputValues?: ReadonlyMap<string, TensorData>;
	/**
	 * Convolutions and pools: `refused` (default), since a general runtime's kernels are hard to beat, or written out in
	 * `primitives` (a gather of windows, a product, a reduction), to run or to compare the model.
	 */
	readonly windows?: "refused" | "primitives";
	readonly limits?: Partial<ImportLimits>;
}

/** An ONNX node that was not imported. Its results are graph inputs of role `foreign` where their shape is known. */
export interface Refusal {
	readonly node: string;
	readonly operator: string;
	/** "" for ONNX's own operators. */
	readonly domain: string;
	/** Position in the file's node list. */
	readonly index: number;
	readonly code: ErrorCode;
	readonly reason: string;
}

export interface ImportedModel {
	/**
	 * Outputs: the model's own in its order (less those whose shape a refusal left unknown), then every value that a
	 * refused node reads, which the host must be given.
	 */
	readonly graph: Graph;
	readonly refusals: readonly Refusal[];
	/** Version of ONNX's own operator set; 0 when the model imports none. */
	readonly opset: number;
	readonly irVersion: number;
	/** Untrusted text. */
	readonly producer: string;
	/** Dynamic dimensions that nothing bound and no node needed. */
	readonly unboundDimensions: readonly string[];
	/** Integer inputs for which an operator that reads them is defined for few numbers only: the classes of a loss. */
	readonly domains: readonly InputDomain[];
}
