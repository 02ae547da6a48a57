import { readFileSync } from "node:fs";
import { childrenNamed } from "#infra/orphan-guard.ts";

/** Resident memory of the Workers runtimes that this process has started, in bytes. */
export function residentBytes(): number {
	const pages = childrenNamed("workerd").map((pid) =>
		Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]),
	);
	return pages.reduce((sum, count) => sum + count, 0) * 4096;
}
