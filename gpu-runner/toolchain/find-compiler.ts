import { runChild } from "#runner/child.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** A C compiler that understands GCC's vector extensions. */
export interface Compiler {
	readonly command: string;
	/** First line of `--version`: part of a measurement's evidence. */
	readonly version: string;
	/** PATH under which the compiler finds its assembler and linker. */
	readonly searchPath: string;
}

const commands = ["gcc", "clang", "cc"] as const;
const probeMilliseconds = 10_000;

/** The environment a compiler needs: where its parts are and where it may put its temporaries. */
export function compilerEnvironment(searchPath: string, temporaryDirectory: string): Record<string, string> {
	return { PATH: searchPath, TMPDIR: temporaryDirectory, LC_ALL: "C" };
}

/** The first of gcc, clang and cc that answers, or null when the machine has none. `preferred` is tried before them. */
export async function findCompiler(searchPath: string, preferred?: string): Promise<Compiler | null> {
	for (const command of preferred === undefined ? commands : [preferred, ...commands]) {
		let version = "";
		const end = await runChild({
			command,
			arguments: ["--version"],
			directory: "/",
			environment: compilerEnvironment(searchPath, "/tmp"),
			limitMilliseconds: probeMilliseconds,
			silenceMilliseconds: 0,
			onLine: (line) => {
				version ||= line;
			},
		});
		if (end.kind === "exited" && end.status === 0 && version !== "") return { command, version, searchPath };
	}
	return null;
}

/** The same; throws toolchain.missing where there is none. */
export async function requireCompiler(searchPath: string, preferred?: string): Promise<Compiler> {
	const compiler = await findCompiler(searchPath, preferred);
	if (compiler !== null) return compiler;
	throw new OptimizeError("toolchain.missing", "no C compiler found: install gcc or clang, or set CC");
}
