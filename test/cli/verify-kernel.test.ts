import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateSigningKey } from "#adapters/ed25519.ts";
import { type CheckName, type KernelVerification, verifyKernelFolder } from "#cli/verify-kernel.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import type { KernelManifest } from "#shared/artefact/manifest.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import type { Program } from "#shared/program/program.ts";
import { encodeProofDocument, type ProofDocument } from "#shared/protocol/proof-document.ts";
import type { Certificate } from "#shared/verify/certificate.ts";
import { runKiln } from "#test/support/kiln-process.ts";
import { layFolder, manifestIn, type ProvenFolder, proveKernel, resign } from "./proven-folder.ts";

let root: string;
let proven: ProvenFolder;
let laid = 0;
beforeAll(async () => {
	root = mkdtempSync(join(tmpdir(), "kiln-verify-"));
	proven = await proveKernel();
});
afterAll(() => rmSync(root, { recursive: true }));

async function lay(): Promise<string> {
	const path = join(root, `kernel-${laid++}`);
	await layFolder(path, proven);
	return path;
}

const trusting = (): Record<string, string> => ({ [proven.key.keyId]: proven.key.publicKey });
const verifyFolder = (path: string, seed = 7): Promise<KernelVerification> =>
	verifyKernelFolder(path, { trustedKeys: trusting(), seed });
const outcomes = ({ checks }: KernelVerification): Record<string, string> =>
	Object.fromEntries(checks.map(({ check, outcome }) => [check, outcome]));

function edit(path: string, file: string, from: string | RegExp, to: string): void {
	const text = readFileSync(join(path, file), "utf8");
	const changed = text.replace(from, to);
	if (changed === text) throw new Error(`nothing to change in ${file}`);
	writeFileSync(join(path, file), changed);
}

describe("a folder as it was published", () => {
	test("holds in every check, with the certificate recomputed", async () => {
		const found = await verifyFolder(await lay());
		expect(found.verdict).toBe("holds");
		expect(new Set(Object.values(outcomes(found)))).toEqual(new Set(["holds"]));
		expect(found.certificate).toEqual(proven.manifest.certificate);
		expect(found.certificate?.errorProbabilityLog2).toBeLessThanOrEqual(-60);
	});

	test("without a trusted key holds all the same, and says that the signature was not checked", async () => {
		const found = await verifyKernelFolder(await lay(), { trustedKeys: {}, seed: 7 });
		expect(found.verdict).toBe("holds");
		expect(outcomes(found)).toMatchObject({ signature: "notChecked" });
	});

	test("by a key that is not among the trusted ones fails", async () => {
		const path = await lay();
		await resign(path, proven.manifest, await generateSigningKey());
		expect(outcomes(await verifyFolder(path))).toMatchObject({ signature: "fails", certificate: "holds" });
	});

	test("with the verdict baseline has no kernel to prove", async () => {
		const path = await lay();
		const manifest: KernelManifest = {
			...proven.manifest,
			verdict: "baseline",
			certificate: null,
			files: {},
		};
		const { createSigner, signManifest } = await import("#adapters/ed25519.ts");
		const signer = await createSigner(proven.key.privateKey, proven.key.keyId);
		writeFileSync(join(path, "manifest.json"), JSON.stringify(await signManifest(manifest, signer)));
		expect((await verifyFolder(path)).verdict).toBe("noKernel");
	});

	test("of a version without proof.json is inconclusive", async () => {
		const path = await lay();
		rmSync(join(path, "proof.json"));
		const { "proof.json": _, ...files } = manifestIn(path).files;
		const { createSigner, signManifest } = await import("#adapters/ed25519.ts");
		const signer = await createSigner(proven.key.privateKey, proven.key.keyId);
		const signed = await signManifest({ ...manifestIn(path), files }, signer);
		writeFileSync(join(path, "manifest.json"), JSON.stringify(signed));
		expect((await verifyFolder(path)).verdict).toBe("inconclusive");
	});
});

describe("what was changed after signing", () => {
	test.each<[string, string, string | RegExp, string, CheckName, RegExp]>([
		["the C source", "kernel.c", "{", "{ ", "files", /kernel\.c has digest [0-9a-f]{64}, expected/],
		["the proof", "proof.json", '"sqrt"', '"abs"', "files", /proof\.json has digest/],
		["the manifest", "manifest.json", '"median":2', '"median":9', "signature", /did not sign this manifest/],
		["the manifest's form", "manifest.json", "{", "[", "manifest", /no valid manifest\.json/],
		[
			"the certificate's bound",
			"manifest.json",
			/"errorProbabilityLog2":-[\d.]+/,
			'"errorProbabilityLog2":-500',
			"certificate",
			/error bound: the certificate says 2\^-500, its seed gives 2\^-/,
		],
	])("%s is refused", async (_, file, from, to, check, message) => {
		const path = await lay();
		edit(path, file, from, to);
		const { verdict, checks } = await verifyFolder(path);
		expect(verdict).toBe("fails");
		expect(checks).toContainEqual({ check, outcome: "fails", detail: expect.stringMatching(message) });
	});

	test("a missing file is named", async () => {
		const path = await lay();
		rmSync(join(path, "kernel.c"));
		const { checks } = await verifyFolder(path);
		expect(checks).toContainEqual(expect.objectContaining({ check: "files", detail: "kernel.c is missing" }));
	});
});

/** Somebody changes a folder and makes all digests and the signature fit: the trusted key itself has signed. */
async function forge(change: {
	readonly proof?: Partial<ProofDocument>;
	readonly manifest?: Partial<KernelManifest>;
	readonly source?: string;
}): Promise<KernelVerification> {
	const path = await lay();
	if (change.source !== undefined) writeFileSync(join(path, "kernel.c"), change.source);
	writeFileSync(join(path, "proof.json"), encodeProofDocument({ ...proven.proof, ...change.proof }));
	await resign(path, { ...proven.manifest, ...change.manifest }, proven.key);
	return verifyFolder(path);
}

function certified(change: Partial<Certificate>): { readonly certificate: Certificate } {
	if (proven.manifest.certificate === null) throw new Error("a proven kernel has a certificate");
	return { certificate: { ...proven.manifest.certificate, ...change } };
}

/** The square root gone from the µGraph. */
function wrongMuGraph(): MuGraph {
	const { muGraph } = proven.proof;
	const kernels = muGraph.kernels.map((kernel) => ({
		...kernel,
		nodes: kernel.nodes.map((node) =>
			node.kind === "map" && node.operator === "sqrt" ? ({ ...node, operator: "abs" } as const) : node,
		),
	}));
	return { ...muGraph, kernels };
}

function wrongProgram(): Program {
	const { program } = proven.proof;
	const nodes = program.nodes.map((node) =>
		node.kind === "map" && node.operator === "sqrt" ? ({ ...node, operator: "abs" } as const) : node,
	);
	return { ...program, nodes };
}

describe("what was changed and signed again", () => {
	const failing = ({ checks }: KernelVerification): readonly (readonly [string, string])[] =>
		checks.flatMap(({ check, outcome, detail }) => (outcome === "fails" ? [[check, detail] as const] : []));

	test("another µGraph than the manifest's is refused by its digest", async () => {
		const found = failing(await forge({ proof: { muGraph: wrongMuGraph() } }));
		expect(found).toContainEqual(["muGraph", expect.stringMatching(/the µGraph has digest [0-9a-f]{64}/)]);
	});

	test("a wrong µGraph with digests that fit is refused by both runs", async () => {
		const muGraph = wrongMuGraph();
		const digest = muGraphDigest(muGraph);
		const manifest = { muGraphDigest: digest, ...certified({ muGraphDigest: digest }) };
		const found = failing(await forge({ proof: { muGraph }, manifest }));
		expect(found.map(([check]) => check)).toEqual(["certificate", "freshSeed"]);
		expect(found[0]?.[1]).toMatch(/the µGraph is different: outputs differ/);
	});

	test("a µGraph that is not well formed is refused before anything is run", async () => {
		const { muGraph } = proven.proof;
		const found = await forge({ proof: { muGraph: { ...muGraph, kernels: [] } } });
		expect(failing(found)).toEqual([["muGraph", expect.stringMatching(/not well formed/)]]);
		expect(found.certificate).toBeNull();
	});

	test("another program than the manifest's is refused by its digest, one that fits by its own proof", async () => {
		const program = wrongProgram();
		const digest = canonicalProgramDigest(program);
		expect(failing(await forge({ proof: { program } }))[0]).toEqual([
			"program",
			expect.stringMatching(/the program has digest/),
		]);
		const components = { ...proven.manifest.components, program: digest };
		const manifest = { components, key: kernelCacheKey(components), ...certified({ programDigest: digest }) };
		const found = failing(await forge({ proof: { program }, manifest }));
		expect(found.map(([check]) => check)).toEqual(["certificate", "freshSeed"]);
	});

	test.each<[string, Partial<Certificate>, RegExp]>([
		["a smaller error", { errorProbabilityLog2: -1000 }, /error bound: the certificate says 2\^-1000/],
		["more trials", { trials: 1_000_000 }, /trials: the certificate says 1000000/],
		["a smaller degree", { degree: 1 }, /degree: the certificate says 1, its seed gives/],
		["other extents", { shrunkExtents: [[2]] }, /shrunkExtents/],
		["another seed than was run", { seeds: [1, 2] }, /seeds: the certificate says \[1,2\]/],
		["fewer uninterpreted operators", { uninterpreted: ["everything"] }, /uninterpreted/],
	])("a certificate that claims %s is refused", async (_, change, message) => {
		const found = failing(await forge({ manifest: certified(change) }));
		expect(found).toEqual([["certificate", expect.stringMatching(message)]]);
	});

	test("another C source is refused: it is not the proven µGraph", async () => {
		const found = failing(await forge({ source: `${proven.source}\n` }));
		expect(found).toEqual([["source", expect.stringMatching(/not what the code generator writes/)]]);
	});

	test("another schedule is refused by the source", async () => {
		const kernels = proven.proof.schedule.kernels.map((kernel) => ({
			...kernel,
			gridTiles: kernel.gridTiles.map(() => 1),
		}));
		const found = failing(await forge({ proof: { schedule: { kernels } } }));
		expect(found.map(([check]) => check)).toEqual(["source"]);
		expect(failing(await forge({ proof: { schedule: { kernels: [] } } }))).toEqual([
			["source", "the schedule is of 0 kernels"],
		]);
	});

	test("a schedule that rounds more than the key's tolerance allows is refused by it", async () => {
		const kernels = proven.proof.schedule.kernels.map((kernel) => ({
			...kernel,
			productType: "bfloat16" as const,
		}));
		const found = failing(await forge({ proof: { schedule: { kernels } } }));
		expect(found).toContainEqual(["tolerance", expect.stringMatching(/bfloat16.*float32-1e-3/)]);
	});

	test("a manifest of another key is refused", async () => {
		const found = failing(await forge({ manifest: { key: "ab".repeat(32) } }));
		expect(found).toEqual([["key", expect.stringMatching(/its components give/)]]);
	});

	test("what is no proof document is refused", async () => {
		const path = await lay();
		writeFileSync(join(path, "proof.json"), "{}");
		await resign(path, proven.manifest, proven.key);
		expect(failing(await verifyFolder(path))).toEqual([
			["proof", expect.stringMatching(/no proof document/)],
		]);
	});
});

describe("kiln verify", () => {
	const trust = (): readonly string[] => ["--trust", `${proven.key.keyId}=${proven.key.publicKey}`];

	test("a folder of kernels ends with 0 when all hold, with 5 when one does not", async () => {
		const parent = mkdtempSync(join(root, "kernels-"));
		await layFolder(join(parent, "island-0"), proven);
		await layFolder(join(parent, "island-1"), proven);
		const good = await runKiln(["verify", parent, ...trust(), "--seed", "3"]);
		expect(good).toMatchObject({
			code: 0,
			stdout: expect.stringMatching(/wrongly with probability at most 2\^-\d+/),
		});
		edit(join(parent, "island-1"), "kernel.c", "{", "{ ");
		const bad = await runKiln(["verify", parent, ...trust(), "--json"]);
		expect(bad.code).toBe(5);
		const { verdict, kernels } = JSON.parse(bad.stdout);
		expect([verdict, kernels.map((kernel: KernelVerification) => kernel.verdict)]).toEqual([
			"fails",
			["holds", "fails"],
		]);
	});

	test("a folder without kernels is a wrong use", async () => {
		expect((await runKiln(["verify", mkdtempSync(join(root, "empty-"))])).code).toBe(2);
	});
});
