// The rules of ARCHITECTURE.md that a machine can keep. Each failure names the file and the rule.

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
	importCycles,
	importSpecifiers,
	listFiles,
	reachableFrom,
	readSources,
	repositoryRoot,
} from "#test/support/source-tree.ts";

const files = listFiles();
const sources = readSources();
const topOf = (path: string): string => path.slice(0, path.indexOf("/"));
const folderOf = (path: string): string => path.split("/")[1] ?? "";

/** A new folder needs a line in ARCHITECTURE.md's folder map and one here. */
const topFolders = new Set(
	"functions shared gpu-runner infra test adapters cli web action bench examples docs scripts .ci .github".split(
		" ",
	),
);
/** Public whole: the vocabulary that every stage speaks in, and pipeline/, which puts the stages in order for the entry points. */
const vocabularyFolders = new Set(
	"numeric tensor fault target graph program mugraph schedule loop-ir expression artefact protocol pipeline".split(
		" ",
	),
);
/** A stage's public files; the rest of its folder is its own business. */
const stagePublicFiles: Readonly<Record<string, readonly string[]>> = {
	onnx: [
		"import-model.ts",
		"import-options.ts",
		"import-with-inputs.ts",
		"import-limits.ts",
		"strip-weights.ts",
		"tensor-proto.ts",
		"write-model.ts",
		"extract-source.ts",
		"describe-operators.ts",
		"element-type.ts",
		"external-tensors.ts",
		"replace-nodes.ts",
		"add-initializers.ts",
		"inline-constants.ts",
		"stored-tensor.ts",
		"node-names.ts",
	],
	partition: ["partition.ts"],
	algebra: ["enumerate-dags.ts"],
	search: ["search.ts", "select.ts"],
	verify: [
		"verify.ts",
		"check-stability.ts",
		"compare-graphs.ts",
		"recheck-certificate.ts",
		"certificate.ts",
		"verified-mugraph.ts",
	],
	"cost-model": ["cost-model.ts", "schedule-features.ts"],
	lower: ["lower.ts"],
	codegen: ["codegen.ts", "c-runtime.ts"],
};
/** Who may import whom. `test` may import everything. */
const layers: Readonly<Record<string, readonly string[]>> = {
	shared: ["shared"],
	adapters: ["shared", "adapters"],
	functions: ["shared", "adapters", "functions"],
	"gpu-runner": ["shared", "adapters", "gpu-runner"],
	infra: ["shared", "adapters", "infra", "scripts"],
	cli: ["shared", "adapters", "infra", "gpu-runner", "cli"],
	scripts: ["shared", "adapters", "functions", "gpu-runner", "scripts"],
	bench: ["shared", "adapters", "infra", "gpu-runner", "cli", "bench", "test"],
	examples: ["cli", "examples"],
};
const bannedNames = /^(utils?|helpers?|common|misc|types|constants|index)$/;
const linesMax = 400;
/** Nothing but data. */
const dataTables = new Set<string>([]);

function offences(check: (source: (typeof sources)[number]) => string | readonly string[] | null): string[] {
	return sources.flatMap((source) => check(source) ?? []);
}

describe("folders and files", () => {
	test("every folder is one that ARCHITECTURE.md knows", () => {
		const tops = new Set(files.filter((path) => path.includes("/")).map(topOf));
		expect([...tops].filter((top) => !topFolders.has(top))).toEqual([]);
		const stages = new Set(files.filter((path) => /^shared\/.+\//.test(path)).map(folderOf));
		const isKnown = (name: string): boolean => vocabularyFolders.has(name) || name in stagePublicFiles;
		expect([...stages].filter((name) => !isKnown(name))).toEqual([]);
	});

	test("nothing is named after what it happens to contain", () => {
		const parts = files.flatMap((path) =>
			path.split("/").map((part) => ({ path, name: part.split(".")[0] ?? "" })),
		);
		expect(parts.filter(({ name }) => bannedNames.test(name)).map(({ path }) => path)).toEqual([]);
	});

	test("shared/ holds its sources in folders, not at its root", () => {
		const atRoot = files.filter((path) => /^shared\/[^/]+$/.test(path)).map((path) => basename(path));
		expect(atRoot.filter((name) => !["tsconfig.json", "README.md"].includes(name))).toEqual([]);
	});

	test(`no source file is longer than ${linesMax} lines`, () => {
		const tooLong = files
			.filter((path) => /\.(ts|mjs|c|h)$/.test(path) && !path.includes("/golden/") && !dataTables.has(path))
			.map((path) => ({
				path,
				lines: readFileSync(join(repositoryRoot, path), "utf8").split("\n").length - 1,
			}))
			.filter(({ lines }) => lines > linesMax);
		expect(tooLong).toEqual([]);
	});
});

describe("imports", () => {
	test("the scanner sees every form of import", () => {
		const text = `import "a";\nimport type { B } from "b";\nimport {\n\tc,\n} from "c";\nexport { d } from "d";
			const e = await import("e");\n// import "no";\n/* import "no" */\nexport const f = "from";`;
		expect(importSpecifiers(text)).toEqual(["a", "b", "c", "d", "e"]);
	});

	test("every import of ours names a file that is there", () => {
		const known = new Set(files);
		expect(
			offences(({ path, imports }) => imports.filter((to) => !known.has(to)).map((to) => `${path} -> ${to}`)),
		).toEqual([]);
	});

	test("there are no import cycles, types included", () => {
		expect(importCycles(sources)).toEqual([]);
	});

	test("layers are imported downwards only: core, adapters, entry points", () => {
		expect(
			offences(({ path, imports }) => {
				const allowed = layers[topOf(path)];
				if (allowed === undefined) return null;
				return imports.filter((to) => !allowed.includes(topOf(to))).map((to) => `${path} -> ${to}`);
			}),
		).toEqual([]);
	});

	test("outside its folder a stage is known by its public files only", () => {
		const isPrivate = (to: string): boolean => {
			if (topOf(to) !== "shared" || vocabularyFolders.has(folderOf(to))) return false;
			return !(stagePublicFiles[folderOf(to)] ?? []).includes(basename(to)) || to.split("/").length > 3;
		};
		expect(
			offences(({ path, imports }) => {
				if (topOf(path) === "test") return null;
				const home = topOf(path) === "shared" ? folderOf(path) : null;
				return imports.filter((to) => folderOf(to) !== home && isPrivate(to)).map((to) => `${path} -> ${to}`);
			}),
		).toEqual([]);
	});

	test("the edge reaches neither lowering nor code generation, through anything", () => {
		const edge = sources.filter(({ path }) => topOf(path) === "functions").map(({ path }) => path);
		const reached = [...reachableFrom(sources, edge)]
			.filter(([path]) => /^shared\/(loop-ir|lower|codegen)\//.test(path))
			.map(([, trail]) => trail);
		expect(reached).toEqual([]);
	});

	test("the core depends on zod in protocol/ and the protobuf runtime in onnx/, and on nothing else", () => {
		const allowed: Readonly<Record<string, readonly string[]>> = {
			"shared/protocol": ["zod"],
			"shared/onnx": ["@bufbuild/protobuf/wire"],
		};
		expect(
			offences(({ path, packages }) => {
				if (topOf(path) !== "shared") return null;
				const own = allowed[path.split("/").slice(0, 2).join("/")] ?? [];
				return packages.filter((name) => !own.includes(name)).map((name) => `${path}: ${name}`);
			}),
		).toEqual([]);
	});

	test("adapters run in Workers too: no Node modules", () => {
		expect(
			offences(({ path, packages }) => {
				if (topOf(path) !== "adapters") return null;
				return packages.filter((name) => name !== "aws4fetch").map((name) => `${path}: ${name}`);
			}),
		).toEqual([]);
	});
});

describe("purity and form", () => {
	const impure = /\bDate\.now\b|\bMath\.random\b|\bnew Date\(\)|\bperformance\.now\b|\bconsole\.|\bprocess\./;

	test("shared/ has no clock, no hidden randomness, no output", () => {
		expect(
			offences(({ path, text }) => {
				if (topOf(path) !== "shared") return null;
				return text
					.split("\n")
					.filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line) && impure.test(line))
					.map((line) => `${path}: ${line.trim()}`);
			}),
		).toEqual([]);
	});

	test("no barrels, and default exports only where a tool demands one", () => {
		const demanded = new Set([
			"functions/worker.ts",
			"vitest.config.ts",
			"vitest.outside.config.ts",
			"test/functions/support/fixture-worker.ts",
		]);
		expect(
			offences(({ path, text }) => {
				const isBarrel = /^export (\*|\{[^}]*\}) from /m.test(text);
				const isDefault = /^export default /m.test(text) && !demanded.has(path);
				return isBarrel || isDefault ? path : null;
			}),
		).toEqual([]);
	});
});

describe("documents", () => {
	const documents = files.filter((path) => path.endsWith(".md") && !path.startsWith("test/fixtures/"));
	const read = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

	test("every npm script that a document names exists", () => {
		const scripts: Readonly<Record<string, string>> = JSON.parse(read("package.json")).scripts;
		const missing = documents.flatMap((path) =>
			[...read(path).matchAll(/\bnpm (?:run (?:--silent )?([a-z:-]+)|(start|test)\b)/g)]
				.map(([, named, builtIn]) => named ?? builtIn ?? "")
				.filter((script) => !(script in scripts))
				.map((script) => `${path}: npm run ${script}`),
		);
		expect(missing).toEqual([]);
	});

	test("every link to a file of ours leads somewhere", () => {
		const known = new Set([...files, ...files.flatMap(foldersAbove)]);
		const broken = documents.flatMap((path) =>
			[...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
				.map(([, target]) => join(dirname(path), target ?? "").replace(/\/$/, ""))
				.filter((target) => !known.has(target))
				.map((target) => `${path} -> ${target}`),
		);
		expect(broken).toEqual([]);
	});
});

function foldersAbove(path: string): readonly string[] {
	const folder = dirname(path);
	return folder === "." ? [] : [folder, ...foldersAbove(folder)];
}
