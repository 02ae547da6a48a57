import { sha256Hex } from "#shared/numeric/sha256.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { KeyComponents } from "./manifest.ts";

/**
 * The name under which a kernel is kept: SHA-256 over the canonical JSON of the components, in hex. Effort is not among
 * them: it is an order (a better result satisfies a lesser request), kept in the manifest.
 */
export function kernelCacheKey(components: KeyComponents): string {
	const { program, target, threads, tolerance, version } = components;
	return sha256Hex(canonicalJson({ program, target, threads, tolerance, version }));
}
