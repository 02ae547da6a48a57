import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Asked, askChild } from "#cli/ask-child.ts";

let directory: string;
beforeAll(() => {
	directory = mkdtempSync(join(tmpdir(), "kiln-ask-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a program that has its request as `request`. */
function ask(text: string, limitMilliseconds = 60_000): Promise<Asked<unknown>> {
	const program = join(directory, "program.mjs");
	const head = `import { readFileSync } from "node:fs";\nconst request = JSON.parse(readFileSync(process.argv[2], "utf8"));\n`;
	writeFileSync(program, head + text);
	return askChild(program, { number: 3 }, { directory, limitMilliseconds });
}

test.each<[string, string, Asked<unknown>]>([
	["the last line", "console.log(1); console.log(request.number)", { kind: "answered", answer: 3 }],
	[
		"an error's own words, not the code that threw it",
		'throw new RangeError("too many: " + request.number);',
		{ kind: "failed", reason: "RangeError: too many: 3" },
	],
	["a status without words", "process.exit(4);", { kind: "failed", reason: "the process ended with 4" }],
	[
		"a signal",
		'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 9);',
		{ kind: "failed", reason: "the process ended with SIGKILL" },
	],
	["no answer", "", { kind: "failed", reason: "the process ended with 0" }],
	["no JSON", 'console.log("{");', { kind: "failed", reason: "the process ended: unintelligible" }],
])("%s", async (_, text, expected) => expect(await ask(text)).toEqual(expected));

test("a program that does not end is ended", async () => {
	const asked = await ask("setInterval(() => {}, 1000);", 300);
	expect(asked).toEqual({ kind: "failed", reason: "the process ended: overtime" });
});
