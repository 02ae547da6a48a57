import { z } from "zod";
import { defaultTolerance, toleranceIds } from "#shared/artefact/tolerance.ts";

export const toleranceIdSchema = z.enum(toleranceIds);

/** Absent in requests that do not choose one, and in documents of before there was a choice: the default. */
export const toleranceSchema = toleranceIdSchema.default(defaultTolerance);
