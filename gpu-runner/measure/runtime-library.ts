import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** The C library inside the installed onnxruntime-node package, or null when there is none for this machine. */
export function findRuntimeLibrary(): string | null {
	const manifest = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
	const path = join(
		dirname(manifest),
		"bin",
		"napi-v6",
		process.platform,
		process.arch,
		"libonnxruntime.so.1",
	);
	return existsSync(path) ? path : null;
}

/** The same; throws toolchain.missing where there is none. */
export function requireRuntimeLibrary(): string {
	const library = findRuntimeLibrary();
	if (library !== null) return library;
	throw new OptimizeError("toolchain.missing", "onnxruntime-node has no library for this machine");
}
