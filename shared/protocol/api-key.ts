// `keys/<sha256 of the key>.json`: who a bearer key speaks for. The key itself is stored nowhere.

import { z } from "zod";

const scopeSchema = z.enum(["models:write", "jobs:write", "cache:read", "admin"]);
export type Scope = z.infer<typeof scopeSchema>;

/** Names that become parts of store keys. */
const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);

export const apiKeyRecordSchema = z.object({
	schema: z.literal("kiln.key/1"),
	/** Within the namespace. Idempotency keys are scoped by it. */
	caller: nameSchema,
	/** Models, jobs and kernels of one namespace are invisible in another. */
	namespace: nameSchema,
	scopes: z.array(scopeSchema),
	/** Null: no end. */
	expiresAt: z.iso.datetime().nullable(),
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecordSchema>;
