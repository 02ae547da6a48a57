// `programs/<digest>.json`: the canonical program of an island and the ONNX forms that its baseline is timed in.

import { z } from "zod";
import type { PlannedBaseline } from "#shared/pipeline/plan.ts";
import { type MapOperator, mapOperatorArity, type Program } from "#shared/program/program.ts";
import { dataTypes } from "#shared/tensor/data-type.ts";
import { digestSchema } from "./digest.ts";
import { parseExactJson, stringifyExactJson } from "./exact-json.ts";

const indexSchema = z.int().min(0);
const indicesSchema = z.array(indexSchema);
export const shapeSchema = z.array(z.int().min(0));
export const stridedAccessSchema = z.object({
	offset: z.int(),
	axes: indicesSchema,
	strides: z.array(z.int()),
});
export const mapOperatorSchema = z.custom<MapOperator>(
	(value) => typeof value === "string" && Object.hasOwn(mapOperatorArity, value),
	"a map operator expected",
);
export const reduceOperatorSchema = z.enum(["sum", "max", "min", "product"]);
/** Any float64, non-finite ones included. */
export const constantSchema = z.custom<number>((value) => typeof value === "number", "a number expected");
export const axisSchema = z.object({ extent: z.int().min(2) });
export const programInputSchema = z.object({
	shape: shapeSchema,
	dataType: z.enum(dataTypes),
	role: z.enum(["activation", "weight"]),
});

const programNodeSchema = z.discriminatedUnion("kind", [
	z.object({
		kind: z.literal("input"),
		input: indexSchema,
		access: stridedAccessSchema,
		axes: indicesSchema,
	}),
	z.object({ kind: z.literal("constant"), value: constantSchema, axes: indicesSchema }),
	z.object({
		kind: z.literal("map"),
		operator: mapOperatorSchema,
		operands: indicesSchema,
		axes: indicesSchema,
	}),
	z.object({
		kind: z.literal("reduce"),
		operator: reduceOperatorSchema,
		operand: indexSchema,
		over: indicesSchema,
		axes: indicesSchema,
	}),
	z.object({
		kind: z.literal("contract"),
		left: indexSchema,
		right: indexSchema,
		over: indicesSchema,
		axes: indicesSchema,
	}),
]);

export const programSchema = z.object({
	axes: z.array(axisSchema),
	inputs: z.array(programInputSchema),
	nodes: z.array(programNodeSchema),
	outputs: z.array(
		z.object({
			shape: shapeSchema,
			dataType: z.enum(dataTypes),
			pieces: z.array(z.object({ node: indexSchema, access: stridedAccessSchema })),
		}),
	),
});

export const plannedBaselineSchema = z.object({
	form: z.string(),
	blob: digestSchema,
	inputNames: z.array(z.string()),
	outputNames: z.array(z.string()),
});

const programDocumentSchema = z.object({
	schema: z.literal("kiln.program/1"),
	digest: digestSchema,
	program: programSchema,
	baselines: z.array(plannedBaselineSchema),
});

export interface ProgramDocument {
	readonly schema: "kiln.program/1";
	readonly digest: string;
	readonly program: Program;
	readonly baselines: readonly PlannedBaseline[];
}

export const encodeProgramDocument = (document: ProgramDocument): string => stringifyExactJson(document);
/** Throws ZodError or SyntaxError for what is no program document. */
export const decodeProgramDocument = (text: string): ProgramDocument =>
	programDocumentSchema.parse(parseExactJson(text));
