import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeOperators } from "#shared/onnx/describe-operators.ts";
import { findOperator, newestOpset, operatorTable } from "#shared/onnx/operators/operator-table.ts";
import { refusedOperators } from "#shared/onnx/operators/refused-operators.ts";

test("docs/operators.md says what the importer does (`npm run operators` rewrites it)", () => {
	const written = readFileSync(join(import.meta.dirname, "..", "..", "docs", "operators.md"), "utf8");
	expect(written).toBe(describeOperators());
});

test("no operator is both supported and refused", () => {
	const both = [...refusedOperators.keys()].filter((name) => Object.hasOwn(operatorTable, `ai.onnx:${name}`));
	expect(both).toEqual([]);
});

const find = (operator: string, opset: number, domain = "") =>
	findOperator({ operator, domain, attributes: new Map() }, new Map([[domain, opset]]));

test.each(Object.entries(operatorTable))("%s is found from its first opset on", (key, entry) => {
	const [domain = "", operator = ""] = key.split(":");
	const spelled = domain === "ai.onnx" ? "" : domain;
	expect(find(operator, entry.sinceOpset, spelled).entry).toBe(entry);
	if (spelled === "") expect(find(operator, newestOpset).entry).toBe(entry);
});

test.each([
	["an operator before its first opset", "Gelu", 19, "", "model.op_unsupported"],
	["an operator that changed since", "Dropout", 6, "", "model.op_unsupported"],
	["an operator nobody knows", "Frobnicate", 17, "", "model.op_unsupported"],
	["a name of JavaScript's own", "constructor", 17, "", "model.op_unsupported"],
	["a published domain that is not supported", "TreeEnsemble", 5, "ai.onnx.ml", "model.op_unsupported"],
	["a domain of the model's own", "Add", 1, "my.company", "model.custom_domain_refused"],
])("%s is refused", (_, operator, opset, domain, code) => {
	expect(() => find(operator, opset, domain)).toThrow(expect.objectContaining({ code }));
});
