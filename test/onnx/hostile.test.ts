import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { fixturesDirectory, outsideSuite } from "#test/support/outside-suites.ts";

interface HostileCase {
	readonly file: string;
	readonly expect: string;
	readonly why: string;
}

/** `error`: nothing is imported. `refused`: nodes are refused by name. `imported`: all of it is. */
type Answer = "error" | "refused" | "imported";

/** What each expectation of the manifest allows. Control flow and time bombs may be refused or carried on under limits. */
const allowed: Readonly<Record<string, readonly Answer[]>> = {
	reject: ["error", "refused"],
	accept: ["imported"],
	limit: ["error", "refused", "imported"],
	"reject-by-limit": ["error"],
	"reject-or-sort": ["error", "imported"],
	"reject-or-merge": ["error", "imported"],
	"reject-or-accept": ["error", "imported"],
	"reject-or-survive": ["error", "refused", "imported"],
};

/** Far more than the slowest case needs, far less than any blow-up takes. */
const timeout = 60_000;
const heapBytesMax = 256 * 2 ** 20;

function answer(bytes: Uint8Array): { readonly answer: Answer; readonly code: string } {
	try {
		const { refusals } = importModel(bytes);
		return { answer: refusals.length > 0 ? "refused" : "imported", code: refusals[0]?.code ?? "" };
	} catch (fault) {
		if (!(fault instanceof OptimizeError)) throw fault;
		return { answer: "error", code: fault.code };
	}
}

function casesIn(directory: string): readonly HostileCase[] {
	const manifest = JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")) as {
		cases: HostileCase[];
	};
	return manifest.cases;
}

const directories = [join(fixturesDirectory, "hostile"), outsideSuite("hostile")].filter(
	(path) => path !== null,
);

describe.each(directories)("hostile models of %s", (directory) => {
	test.each(casesIn(directory))("$file: $expect ($why)", { timeout }, (hostile) => {
		const bytes = readFileSync(join(directory, hostile.file));
		const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
		const found = answer(bytes);
		const heapAfter = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
		expect(heapAfter - heapBefore).toBeLessThan(heapBytesMax);
		expect(allowed[hostile.expect]).toContain(found.answer);
	});
});

test.each([
	["ext_00.onnx", "model.external_data_forbidden"],
	["ext_attr_inject.onnx", "model.external_data_forbidden"],
	["gzip.onnx", "model.malformed"],
	["group_wire.onnx", "model.malformed"],
	["len_2gib.onnx", "model.malformed"],
	["cycle.onnx", "model.malformed"],
	["no_opset.onnx", "model.malformed"],
	["opset_999.onnx", "model.op_unsupported"],
	["custom_domain.onnx", "model.custom_domain_refused"],
	["dims_2e62.onnx", "model.limits_exceeded"],
	["bomb_expand.onnx", "model.limits_exceeded"],
	["fn_bomb.onnx", "model.limits_exceeded"],
	["fn_self.onnx", "model.malformed"],
	["reshape_bad.onnx", "model.shape_invalid"],
	["out_shape_lie.onnx", "model.shape_invalid"],
	["reduce_axes_dup.onnx", "model.op_attribute_invalid"],
	["softmax_axis99.onnx", "model.op_attribute_invalid"],
	["loop_2e62.onnx", "model.op_unsupported"],
])("%s is answered with %s", (file, code) => {
	expect(answer(readFileSync(join(fixturesDirectory, "hostile", file))).code).toBe(code);
});
