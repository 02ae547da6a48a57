import { expect, test } from "vitest";
import { bundleEdge, edgeGzipBytesMax } from "../../scripts/bundle-edge.ts";

test("the edge's bundle stays below its limit and brings no code generation along", async () => {
	const { code, bytes, gzipBytes } = await bundleEdge();
	console.log(`edge bundle: ${bytes} bytes, ${gzipBytes} gzipped`);
	expect(gzipBytes).toBeLessThan(edgeGzipBytesMax);
	expect(code).not.toMatch(/#include|__attribute__/);
});
