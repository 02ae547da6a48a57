import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { openRuntime } from "#cli/whole-model/onnx-runtime.ts";
import { requireRuntimeLibrary } from "#runner/measure/runtime-library.ts";

test("the library stays loaded as long as the process, whatever is collected", async () => {
	const library = requireRuntimeLibrary();
	const runtime = openRuntime(library);
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as () => void;
	for (let round = 0; round < 10; round++) {
		collect();
		await setTimeout(1);
	}
	expect(readFileSync("/proc/self/maps", "utf8")).toContain(library);
	expect(runtime.get("createMemory", 0, 0)).not.toBeNull();
});
