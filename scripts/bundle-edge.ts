// The edge as one module, the way wrangler makes it; also the check that it stays small.

import { copyFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface EdgeBundle {
	/** ES module. */
	readonly code: string;
	readonly bytes: number;
	readonly gzipBytes: number;
}

/** Half of what the smallest Workers plan takes, so that there is room to grow. */
export const edgeGzipBytesMax = 1_000_000;

const root = join(import.meta.dirname, "..");

/** Throws when the bundle is larger than it may be. */
export async function bundleEdge(): Promise<EdgeBundle> {
	const result = await build({
		entryPoints: [join(root, "functions", "worker.ts")],
		bundle: true,
		write: false,
		minify: true,
		platform: "browser",
		format: "esm",
		target: "es2023",
		conditions: ["workerd", "worker", "browser"],
		mainFields: ["browser", "module", "main"],
		external: ["node:*", "cloudflare:*", "*.wasm"],
		absWorkingDir: root,
		logLevel: "silent",
	});
	const code = result.outputFiles[0]?.text ?? "";
	const bytes = Buffer.byteLength(code);
	const gzipBytes = gzipSync(code, { level: 9 }).length;
	if (gzipBytes > edgeGzipBytesMax)
		throw new Error(`the edge's bundle has ${gzipBytes} bytes gzipped, more than ${edgeGzipBytesMax}`);
	return { code, bytes, gzipBytes };
}

/** Where wrangler.toml looks for static assets. */
const assetsFolder = join(root, ".kiln", "assets");

/** The file behind an asset's path, or null: what the ASSETS binding of a local edge answers with. */
export function edgeAssetFile(path: string): string | null {
	if (path !== "/assets/scalar.js") return null;
	const entry = createRequire(import.meta.url).resolve("@scalar/api-reference");
	return join(dirname(entry), "browser", "standalone.js");
}

/** Lays the assets out for `wrangler deploy`; gives the folder. */
export async function writeEdgeAssets(): Promise<string> {
	const source = edgeAssetFile("/assets/scalar.js");
	if (source === null) throw new Error("the reference page's script is not installed");
	await mkdir(join(assetsFolder, "assets"), { recursive: true });
	await copyFile(source, join(assetsFolder, "assets", "scalar.js"));
	return assetsFolder;
}

if (import.meta.main) {
	const { bytes, gzipBytes } = await bundleEdge();
	await writeEdgeAssets();
	console.log(JSON.stringify({ bytes, gzipBytes, gzipBytesMax: edgeGzipBytesMax }));
}
