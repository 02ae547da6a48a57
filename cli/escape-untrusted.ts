/**
 * Characters that would let a name from a model rewrite the terminal: C0 and C1 controls, DEL, the bidirectional
 * controls (Trojan Source, CVE-2021-42574), and Unicode's own line ends.
 */
const dangerous = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu;

/** The text with every dangerous character written as \uXXXX: for one line of terminal output. */
export function escapeUntrusted(text: string): string {
	return text.replace(dangerous, (character) => `\\u${hex4(character.charCodeAt(0))}`);
}

/** JSON text that is safe to look at: the escapes are JSON's own, so that it parses to the same value. */
export function safeJson(value: unknown): string {
	return JSON.stringify(value, null, 2).replace(dangerous, (character) =>
		character === "\n" ? character : `\\u${hex4(character.charCodeAt(0))}`,
	);
}

function hex4(code: number): string {
	return code.toString(16).padStart(4, "0");
}
