// The ONNX names that are bound so far: to a value of the graph, or to the reason why there is none.

import type { ErrorCode } from "#shared/fault/optimize-error.ts";
import type { ValueId } from "#shared/graph/graph.ts";
import { malformed } from "./wire.ts";

/** A value that Kiln cannot give: its readers are refused with this code and reason. */
export interface Unavailable {
	readonly code: ErrorCode;
	readonly reason: string;
}

export interface ValueScope {
	bind(name: string, value: ValueId): void;
	bindUnavailable(name: string, why: Unavailable): void;
	/** Throws `model.malformed` when the name is not bound. */
	lookup(name: string): ValueId | Unavailable;
}

export function createValueScope(): ValueScope {
	const bound = new Map<string, ValueId | Unavailable>();
	return {
		bind: (name, value) => void bound.set(name, value),
		bindUnavailable: (name, why) => void bound.set(name, why),
		lookup: (name) => bound.get(name) ?? malformed(`value '${name}' is not defined`, { name }),
	};
}
