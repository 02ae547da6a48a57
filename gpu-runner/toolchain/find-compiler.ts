import { runChild } from "#runner/child.ts";

/** A C compiler that understands GCC's vector extensions. */
export interface Compiler {
	readonly command: string;
	/** First line of `--version`: part of a measurement's evidence. */
	readonly version: string;
}

const commands = ["gcc", "clang", "cc"] as const;
const probeMilliseconds = 10_000;

/** The environment a compiler needs: where its parts are and where it may put its temporaries. */
export function compilerEnvironment(temporaryDirectory: string): Record<string, string> {
	return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", TMPDIR: temporaryDirectory, LC_ALL: "C" };
}

/** The first of gcc, clang and cc that answers, or null when the machine has none. `preferred` is tried before them. */
export async function findCompiler(preferred?: string): Promise<Compiler | null> {
	for (const command of preferred === undefined ? commands : [preferred, ...commands]) {
		let version = "";
		const end = await runChild({
			command,
			arguments: ["--version"],
			directory: "/",
			environment: compilerEnvironment("/tmp"),
			limitMilliseconds: probeMilliseconds,
			silenceMilliseconds: 0,
			onLine: (line) => {
				version ||= line;
			},
		});
		if (end.kind === "exited" && end.status === 0 && version !== "") return { command, version };
	}
	return null;
}
