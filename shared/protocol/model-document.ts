// model.json: what `kiln optimize` says of the files that it wrote for a whole model.

import { z } from "zod";
import { dataTypes } from "#shared/tensor/data-type.ts";
import { digestSchema } from "./digest.ts";
import { toleranceSchema } from "./tolerance.ts";

/** A file of the folder by its bare name. */
const fileSchema = z.object({
	name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/),
	sha256: digestSchema,
	bytesCount: z.int().min(0),
});

const portSchema = z.object({
	name: z.string(),
	dataType: z.enum(dataTypes),
	shape: z.array(z.int().min(0)),
});

const schema = z.object({
	schema: z.literal("kiln.model/1"),
	/** The user's model that it stands for. */
	source: digestSchema,
	/** Domain of the operators. */
	domain: z.string(),
	target: z.string(),
	/** That the kernels were tuned for. */
	threads: z.int().min(1),
	/** That kernels and the whole were measured within. */
	tolerance: toleranceSchema,
	model: fileSchema,
	weights: fileSchema,
	library: fileSchema,
	/** The model as a library of its own; null where something is left to a runtime. */
	standalone: z
		.object({
			library: fileSchema,
			header: fileSchema,
			inputs: z.array(portSchema),
			outputs: z.array(portSchema),
		})
		.nullable(),
	/** Islands that are operators now; kernels by folder, so that their signatures can be checked. */
	islands: z.array(z.object({ index: z.int().min(0), kernel: digestSchema, folder: fileSchema.shape.name })),
});

export type ModelDocument = z.infer<typeof schema>;

/** Throws what zod throws for text that is no such document. */
export function decodeModelDocument(text: string): ModelDocument {
	return schema.parse(JSON.parse(text));
}
