import { describe, expect, test } from "vitest";
import { exitCodeOf, exitCodeOfCode } from "#cli/exit-code.ts";
import { exitCodeOfResult } from "#cli/optimize-model.ts";
import { errorCodes, OptimizeError } from "#shared/fault/optimize-error.ts";

describe("exit codes", () => {
	test.each([
		["model.malformed", 2],
		["request.invalid", 2],
		["cache.miss", 4],
		["cache.signature_invalid", 5],
		["verify.mismatch", 5],
		["auth.missing", 6],
		["quota.rate", 6],
		["infra.storage", 7],
		["limit.deadline", 7],
		["internal.bug", 1],
	] as const)("%s ends with %d", (code, expected) => {
		expect(exitCodeOf(new OptimizeError(code, "message"))).toBe(expected);
	});

	test("every code but our own bug has an exit code other than internal", () => {
		const internal = Object.keys(errorCodes).filter((code) => exitCodeOfCode(code) === 1);
		expect(internal).toEqual(["internal.bug"]);
	});

	test("a job that brought nothing ends with its fault, or as a service that did not answer", () => {
		const kernel = { islands: [0], program: "", key: "", disposition: "executed", manifest: null } as const;
		const failed = { ...kernel, islands: [0], error: { code: "verify.mismatch", message: "" } };
		const open = { ...kernel, islands: [1], error: null };
		expect(exitCodeOfResult({ kernels: [] })).toBe(0);
		expect(exitCodeOfResult({ kernels: [open, failed] })).toBe(5);
		expect(exitCodeOfResult({ kernels: [open] })).toBe(7);
	});

	test("a code newer than this client still ends by its class", () => {
		expect(exitCodeOfCode("infra.new_thing")).toBe(7);
		expect(exitCodeOfCode("something.else")).toBe(1);
	});

	test("what is not a coded fault is internal", () => {
		expect(exitCodeOf(new TypeError("x"))).toBe(1);
	});
});
