import { defaultImportLimits } from "./import-limits.ts";
import { readModel } from "./read-model.ts";

export interface NodeNames {
	/** "" for an absent operand. */
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
}

/** What each node of a file reads and makes, by position in its node list. */
export function nodeNames(model: Uint8Array): readonly NodeNames[] {
	return readModel(model, defaultImportLimits).graph.nodes.map(({ inputs, outputs }) => ({
		inputs,
		outputs,
	}));
}
