// The repository's own sources as the architecture test sees them: files, lines, and who imports whom.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

export interface SourceFile {
	/** From the repository's root, with slashes. */
	readonly path: string;
	readonly text: string;
	/** Paths of our own files that it imports, types included. */
	readonly imports: readonly string[];
	/** Packages and `node:` modules that it imports. */
	readonly packages: readonly string[];
}

const skippedFolders = new Set(["node_modules", ".git", ".kiln", ".wrangler", "dist", "coverage"]);

/** Every file of the repository that is not ignored, sorted. */
export function listFiles(folder = ""): readonly string[] {
	return readdirSync(join(repositoryRoot, folder), { withFileTypes: true })
		.filter((entry) => !(entry.isDirectory() && skippedFolders.has(entry.name)))
		.flatMap((entry) => {
			const path = posix.join(folder, entry.name);
			return entry.isDirectory() ? listFiles(path) : [path];
		})
		.sort();
}

export function readSources(): readonly SourceFile[] {
	return listFiles()
		.filter((path) => /\.(ts|mjs)$/.test(path))
		.map(readSource);
}

function readSource(path: string): SourceFile {
	const text = readFileSync(join(repositoryRoot, path), "utf8");
	const specifiers = importSpecifiers(text);
	const ours = specifiers.filter(isOurs).map((specifier) => resolveOurs(path, specifier));
	return { path, text, imports: ours, packages: specifiers.filter((specifier) => !isOurs(specifier)) };
}

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`; comments do not count. */
export function importSpecifiers(text: string): readonly string[] {
	const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
	const statements = /^(?:import|export)\s(?:[^"';`]*?\sfrom\s)?"([^"]+)"/gm;
	const calls = /\bimport\(\s*"([^"]+)"\s*\)/g;
	return [...code.matchAll(statements), ...code.matchAll(calls)].flatMap(([, specifier]) => specifier ?? []);
}

const aliases: Readonly<Record<string, string>> = {
	"#shared/": "shared/",
	"#adapters/": "adapters/",
	"#functions/": "functions/",
	"#runner/": "gpu-runner/",
	"#infra/": "infra/",
	"#cli/": "cli/",
	"#test/": "test/",
};

function isOurs(specifier: string): boolean {
	return specifier.startsWith("#") || specifier.startsWith(".");
}

function resolveOurs(from: string, specifier: string): string {
	if (specifier.startsWith(".")) return posix.join(dirname(from), specifier);
	const alias = Object.keys(aliases).find((prefix) => specifier.startsWith(prefix));
	if (alias === undefined) throw new Error(`${from}: unknown import alias ${specifier}`);
	return `${aliases[alias]}${specifier.slice(alias.length)}`;
}

/** Groups of files that import one another, by Tarjan's algorithm; a file that imports itself counts. */
export function importCycles(sources: readonly SourceFile[]): readonly (readonly string[])[] {
	const importsOf = new Map(sources.map(({ path, imports }) => [path, imports]));
	const order = new Map<string, number>();
	const low = new Map<string, number>();
	const stack: string[] = [];
	const cycles: string[][] = [];
	const visit = (path: string): number => {
		const mine = order.size;
		order.set(path, mine);
		let lowest = mine;
		stack.push(path);
		for (const next of importsOf.get(path) ?? []) {
			if (!importsOf.has(next)) continue;
			if (!order.has(next)) lowest = Math.min(lowest, visit(next));
			else if (stack.includes(next)) lowest = Math.min(lowest, order.get(next) ?? lowest);
		}
		low.set(path, lowest);
		if (lowest === mine) {
			const group = stack.splice(stack.indexOf(path));
			if (group.length > 1 || importsOf.get(path)?.includes(path)) cycles.push(group);
		}
		return lowest;
	};
	for (const { path } of sources) if (!order.has(path)) visit(path);
	return cycles;
}

/** Everything that `from` reaches by imports, itself included, with one path of imports to each. */
export function reachableFrom(
	sources: readonly SourceFile[],
	from: readonly string[],
): ReadonlyMap<string, string> {
	const importsOf = new Map(sources.map(({ path, imports }) => [path, imports]));
	const trails = new Map(from.map((path) => [path, path]));
	const queue = [...from];
	for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
		for (const next of importsOf.get(path) ?? []) {
			if (trails.has(next)) continue;
			trails.set(next, `${trails.get(path)} -> ${next}`);
			queue.push(next);
		}
	}
	return trails;
}
