// What the file says of its values' types and shapes, with dynamic dimensions bound.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { briefList } from "./brief-text.ts";
import { dataTypeOfCode } from "./element-type.ts";
import type { DeclaredExtent, OnnxGraph, ValueInfo } from "./model.ts";
import { malformed } from "./wire.ts";

/** A dimension's key in the bindings: its symbolic name, or `value:axis` where it has none (a negative extent is none). */
function dimensionKey(info: ValueInfo, axis: number, extent: DeclaredExtent): string {
	return typeof extent === "string" ? extent : `${info.name}:${axis}`;
}

function isBound(extent: DeclaredExtent): extent is number {
	return typeof extent === "number" && extent >= 0;
}

/** Dynamic dimensions of graph values and their bindings. */
export interface Bindings {
	/** The static shape, or the keys of the dimensions that nothing binds. Null: not even the rank is known. */
	shape(info: ValueInfo): Shape | { readonly unbound: readonly string[] } | null;
}

/** Names that an error lists. */
const knownNamesMax = 64;

/** Throws `request.invalid` for bindings that are no extents or that name no dimension of the model. */
export function createBindings(graph: OnnxGraph, given: Readonly<Record<string, number>>): Bindings {
	const bindings = new Map(Object.entries(given));
	const known = new Set<string>();
	for (const info of [...graph.inputs, ...graph.outputs, ...graph.inner]) {
		for (const [axis, extent] of (info.extents ?? []).entries()) {
			known.add(`${info.name}:${axis}`);
			if (typeof extent === "string") known.add(extent);
		}
	}
	for (const [name, extent] of bindings) {
		if (!known.has(name)) {
			throw new OptimizeError(
				"request.invalid",
				`shape binding '${name}': no dimension of the model has this name`,
				{
					name,
					known: [...known].filter((key) => !key.includes(":")).slice(0, knownNamesMax),
				},
			);
		}
		if (!Number.isSafeInteger(extent) || extent < 0) {
			throw new OptimizeError(
				"request.invalid",
				`shape binding '${name}' is ${extent}: expected an integer`,
				{ name },
			);
		}
	}
	return {
		shape: (info) => {
			if (info.extents === null) return null;
			const unbound: string[] = [];
			const shape = info.extents.map((extent, axis) => {
				const bound = bindings.get(`${info.name}:${axis}`) ?? bindings.get(dimensionKey(info, axis, extent));
				if (isBound(extent)) {
					if (bound !== undefined && bound !== extent) {
						throw new OptimizeError(
							"request.invalid",
							`shape binding '${info.name}:${axis}' is ${bound}: the model fixes this extent to ${extent}`,
							{ name: `${info.name}:${axis}`, found: bound, expected: extent },
						);
					}
					return extent;
				}
				if (bound === undefined) unbound.push(dimensionKey(info, axis, extent));
				return bound ?? 0;
			});
			return unbound.length > 0 ? { unbound } : shape;
		},
	};
}

/** Type and static shape of a declared value, or null when the file does not tell both or Kiln does not hold the type. */
export function staticValue(
	info: ValueInfo,
	bindings: Bindings,
): { readonly dataType: DataType; readonly shape: Shape } | null {
	const shape = bindings.shape(info);
	const dataType = info.elementType === null ? null : dataTypeOfCode(info.elementType);
	return dataType === null || shape === null || "unbound" in shape ? null : { dataType, shape };
}

/** Declarations of inner values and outputs by name. */
export function declarationsByName(graph: OnnxGraph): ReadonlyMap<string, ValueInfo> {
	return new Map([...graph.inner, ...graph.outputs].map((info) => [info.name, info]));
}

/**
 * Compares what the file declares of an output, or of an input that has an initializer, with what was found.
 * Throws `model.shape_invalid` where it lies.
 */
export function checkDeclaration(
	what: "input" | "output",
	info: ValueInfo,
	dataType: DataType,
	shape: Shape,
): void {
	const declaredType = info.elementType === null ? null : dataTypeOfCode(info.elementType);
	if (info.otherKind !== null) {
		malformed(`${what} '${info.name}' is declared as a ${info.otherKind}, found a tensor`, {
			name: info.name,
		});
	}
	if (declaredType !== null && declaredType !== dataType) {
		throw new OptimizeError(
			"model.shape_invalid",
			`${what} '${info.name}' is declared as ${declaredType}, found ${dataType}`,
			{ name: info.name, declared: declaredType, found: dataType },
		);
	}
	if (info.extents === null) return;
	const agrees =
		info.extents.length === shape.length &&
		info.extents.every((extent, axis) => !isBound(extent) || extent === shape[axis]);
	if (!agrees) {
		const declared = briefList(info.extents.map((extent) => extent ?? "?"));
		throw new OptimizeError(
			"model.shape_invalid",
			`${what} '${info.name}' is declared as ${declared}, found ${briefList(shape)}`,
			{ name: info.name, declared, found: shape },
		);
	}
}
