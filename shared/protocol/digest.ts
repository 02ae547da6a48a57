import { z } from "zod";

/** A SHA-256 in lower-case hex: the only thing of a caller's that ever becomes part of a store key beside made ids. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits expected");
