import type { OperatorEntry, OperatorImporter } from "../node-context.ts";

/** A row of a family's table. `sinceOpset` is 7 at the least, where Kiln's support begins (1 in com.microsoft). */
export function operatorEntry(importer: OperatorImporter, sinceOpset = 7, limits = ""): OperatorEntry {
	return { import: importer, sinceOpset, limits };
}
