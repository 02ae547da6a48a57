// The wire form of a µGraph: the same plain data, checked for shape (what it means is for shared/mugraph/check.ts).

import { z } from "zod";
import { dataTypes } from "#shared/tensor/data-type.ts";
import {
	axisSchema,
	constantSchema,
	mapOperatorSchema,
	programInputSchema,
	reduceOperatorSchema,
	shapeSchema,
	stridedAccessSchema,
} from "./program-document.ts";

const indexSchema = z.int().min(0);
const indicesSchema = z.array(indexSchema);
const nodeBase = { axes: indicesSchema, stage: indexSchema };
const intermediateSchema = z.object({ kind: z.literal("intermediate"), intermediate: indexSchema });

const loadSourceSchema = z.discriminatedUnion("kind", [
	z.object({ kind: z.literal("input"), input: indexSchema, access: stridedAccessSchema }),
	intermediateSchema,
]);
const storeTargetSchema = z.discriminatedUnion("kind", [
	z.object({ kind: z.literal("output"), output: indexSchema, access: stridedAccessSchema }),
	intermediateSchema,
]);

const blockNodeSchema = z.discriminatedUnion("kind", [
	z.object({ ...nodeBase, kind: z.literal("load"), source: loadSourceSchema }),
	z.object({ ...nodeBase, kind: z.literal("constant"), value: constantSchema }),
	z.object({ ...nodeBase, kind: z.literal("map"), operator: mapOperatorSchema, operands: indicesSchema }),
	z.object({
		...nodeBase,
		kind: z.literal("reduce"),
		operator: reduceOperatorSchema,
		operand: indexSchema,
		over: indicesSchema,
	}),
	z.object({
		...nodeBase,
		kind: z.literal("contract"),
		left: indexSchema,
		right: indexSchema,
		over: indicesSchema,
	}),
	z.object({
		...nodeBase,
		kind: z.literal("accumulate"),
		combine: reduceOperatorSchema,
		operand: indexSchema,
		rescale: indexSchema.nullable(),
	}),
	z.object({
		...nodeBase,
		kind: z.literal("accumulateDeviations"),
		operand: indexSchema,
		over: indicesSchema,
	}),
	z.object({ ...nodeBase, kind: z.literal("store"), operand: indexSchema, target: storeTargetSchema }),
]);

export const muGraphSchema = z.object({
	axes: z.array(axisSchema),
	splits: z.array(z.object({ axis: indexSchema, innerExtent: z.int().min(2) })),
	inputs: z.array(programInputSchema),
	outputs: z.array(z.object({ shape: shapeSchema, dataType: z.enum(dataTypes) })),
	intermediates: z.array(z.object({ axes: indicesSchema })),
	kernels: z.array(
		z.object({ grid: indicesSchema, loop: indexSchema.nullable(), nodes: z.array(blockNodeSchema) }),
	),
});
