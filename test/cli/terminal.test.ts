import { describe, expect, test } from "vitest";
import { createTerminal } from "#cli/terminal.ts";

function record(options: { isJson?: boolean; isQuiet?: boolean; isTTY?: boolean }) {
	const texts = { data: "", messages: "" };
	const terminal = createTerminal(
		{ isJson: options.isJson ?? false, isQuiet: options.isQuiet ?? false },
		{
			data: { write: (text) => (texts.data += text) },
			messages: { write: (text) => (texts.messages += text), isTTY: options.isTTY ?? false },
		},
	);
	return { terminal, texts };
}

describe("createTerminal", () => {
	test("data goes to stdout only, messages and progress to stderr only", () => {
		const { terminal, texts } = record({});
		terminal.print("data");
		terminal.note("note");
		terminal.progress({ phase: "measure", done: 1, total: 4 });
		expect(texts.data).toBe("data\n");
		expect(texts.messages).toContain("note\n");
		expect(texts.messages).toContain("measure ██████░░░░░░░░░░░░░░░░░░ 1/4\n");
	});

	test("--json leaves exactly one JSON value on stdout", () => {
		const { terminal, texts } = record({ isJson: true });
		terminal.print("for people");
		terminal.printJson({ islands: [] });
		expect(JSON.parse(texts.data)).toEqual({ islands: [] });
	});

	test("--quiet silences notes and progress but not warnings", () => {
		const { terminal, texts } = record({ isQuiet: true });
		terminal.note("note");
		terminal.progress({ phase: "search" });
		terminal.warn("warning");
		expect(texts.messages).toBe("warning\n");
	});

	test("without a terminal no line holds a control character", () => {
		const { terminal, texts } = record({});
		terminal.progress({ phase: "search", note: "\u001b[2Jisland" });
		terminal.print("\u001b]0;title\u0007");
		expect((texts.data + texts.messages).replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
	});

	test("on a terminal progress stays on one line, which a message clears", () => {
		const { terminal, texts } = record({ isTTY: true });
		terminal.progress({ phase: "search" });
		terminal.note("done");
		expect(texts.messages).toBe("\r\u001b[Ksearch…\r\u001b[Kdone\n");
	});
});
