// Everything about a stored kernel that can be checked where it lies, without a service, a compiler or the model.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { verifyManifest } from "#adapters/ed25519.ts";
import { kernelPrefix } from "#runner/measure/measure-candidates.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import type { KernelManifest, SignedManifest } from "#shared/artefact/manifest.ts";
import { forbiddenProductType } from "#shared/artefact/tolerance.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { emitC } from "#shared/codegen/codegen.ts";
import { AssertionError } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { lowerCandidate } from "#shared/lower/lower.ts";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import { checkProgram } from "#shared/program/check.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import { decodeProofDocument, type ProofDocument } from "#shared/protocol/proof-document.ts";
import { targets } from "#shared/target/target.ts";
import type { Certificate, Verdict } from "#shared/verify/certificate.ts";
import { recheckCertificate } from "#shared/verify/recheck-certificate.ts";
import type { VerifiedMuGraph } from "#shared/verify/verified-mugraph.ts";
import type { TrustedKeys } from "./check-manifest.ts";
import { faultsOfFiles, readSignedManifest } from "./read-kernel-folder.ts";

export type CheckName =
	| "manifest"
	| "signature"
	| "key"
	| "files"
	| "proof"
	| "program"
	| "muGraph"
	| "tolerance"
	| "certificate"
	| "freshSeed"
	| "source";

export interface KernelCheck {
	readonly check: CheckName;
	/** `notChecked`: there is nothing to check it with, or nothing to check. */
	readonly outcome: "holds" | "fails" | "notChecked";
	/** What was found, one sentence. */
	readonly detail: string;
}

export interface KernelVerification {
	readonly folder: string;
	/** `holds`: proven again; `fails`: some check does; `inconclusive`: nothing fails, but the proof was not run; `noKernel`: the folder says so. */
	readonly verdict: "holds" | "fails" | "inconclusive" | "noKernel";
	readonly checks: readonly KernelCheck[];
	/** As recomputed with the certificate's own seed; null where that did not come to `equal`. */
	readonly certificate: Certificate | null;
	/** Of the other run; another run's inputs follow from it. */
	readonly freshSeed: number;
}

export interface VerifyKernelOptions {
	readonly trustedKeys: TrustedKeys;
	readonly seed: number;
}

/** Never throws for what a folder may hold. */
export async function verifyKernelFolder(
	folder: string,
	options: VerifyKernelOptions,
): Promise<KernelVerification> {
	const checks: KernelCheck[] = [];
	const finish = (certificate: Certificate | null, whenAllHold: "holds" | "noKernel"): KernelVerification => {
		const isFailing = checks.some(({ outcome }) => outcome === "fails");
		const isProven = whenAllHold === "noKernel" || certificate !== null;
		const verdict = isFailing ? "fails" : isProven ? whenAllHold : "inconclusive";
		return { folder, verdict, checks, certificate, freshSeed: options.seed };
	};
	const signed = await readManifestChecked(folder);
	if ("outcome" in signed) {
		checks.push(signed);
		return finish(null, "holds");
	}
	const { manifest } = signed;
	checks.push(await checkSignature(signed, options.trustedKeys), checkKey(manifest));
	checks.push(await checkFiles(folder, manifest));
	if (Object.keys(manifest.files).length === 0) return finish(null, "noKernel");
	const proof = await readProof(folder, manifest);
	if ("outcome" in proof) {
		checks.push(proof);
		return finish(null, "holds");
	}
	checks.push(checkProofProgram(proof, manifest), checkProofMuGraph(proof, manifest));
	if (checks.slice(-2).some(({ outcome }) => outcome === "fails" && isIllFormed(proof)))
		return finish(null, "holds");
	checks.push(checkTolerance(proof, manifest));
	const proven = checkProof(proof, manifest, options.seed);
	checks.push(...proven.checks, await checkSource(folder, proof, manifest, proven.verified));
	return finish(proven.certificate, "holds");
}

const holds = (check: CheckName, detail: string): KernelCheck => ({ check, outcome: "holds", detail });
const fails = (check: CheckName, detail: string): KernelCheck => ({ check, outcome: "fails", detail });
const notChecked = (check: CheckName, detail: string): KernelCheck => ({
	check,
	outcome: "notChecked",
	detail,
});

async function readManifestChecked(folder: string): Promise<SignedManifest | KernelCheck> {
	try {
		return await readSignedManifest(folder);
	} catch (error) {
		if (!(error instanceof OptimizeError)) throw error;
		return fails("manifest", error.message);
	}
}

async function checkSignature(signed: SignedManifest, trusted: TrustedKeys): Promise<KernelCheck> {
	const verdict = await verifyManifest(signed, trusted);
	if (verdict === "valid") return holds("signature", `by trusted key ${signed.keyId}`);
	if (verdict === "invalid")
		return fails("signature", `key ${signed.keyId} did not sign this manifest: it was changed`);
	return Object.keys(trusted).length === 0
		? notChecked("signature", `by key ${signed.keyId}; no key is trusted here (--trust id=key)`)
		: fails("signature", `by key ${signed.keyId}, which is not a trusted key`);
}

function checkKey({ key, components }: KernelManifest): KernelCheck {
	const named = kernelCacheKey(components);
	if (named !== key) return fails("key", `the manifest is of key ${key}, its components give ${named}`);
	return holds(
		"key",
		`${key.slice(0, 16)}…, ${components.target}, ${components.tolerance}, kiln ${components.version}`,
	);
}

async function checkFiles(folder: string, manifest: KernelManifest): Promise<KernelCheck> {
	const faults = await faultsOfFiles(folder, manifest);
	if (faults.length > 0) return fails("files", faults.join("; "));
	const names = Object.keys(manifest.files);
	if (names.length > 0) return holds("files", `${names.length} files have their digests`);
	return notChecked("files", `the verdict is ${manifest.verdict}: there is no kernel, the baseline runs`);
}

async function readProof(folder: string, manifest: KernelManifest): Promise<ProofDocument | KernelCheck> {
	const text = await readFile(join(folder, "proof.json"), "utf8").catch(() => null);
	if (text === null)
		return Object.hasOwn(manifest.files, "proof.json")
			? fails("proof", "proof.json is missing")
			: notChecked("proof", `kernels of kiln ${manifest.components.version} have no proof.json`);
	try {
		return decodeProofDocument(text);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		return fails("proof", `proof.json is no proof document: ${reason.split("\n")[0]}`);
	}
}

/** The first invariant that the program breaks, or null. */
function faultOfProgram({ program }: ProofDocument): string | null {
	try {
		checkProgram(program);
		return null;
	} catch (error) {
		if (error instanceof AssertionError) return error.message;
		throw error;
	}
}

const isIllFormed = (proof: ProofDocument): boolean =>
	faultOfProgram(proof) !== null || checkMuGraph(proof.muGraph).length > 0;

function checkProofProgram(proof: ProofDocument, manifest: KernelManifest): KernelCheck {
	const fault = faultOfProgram(proof);
	if (fault !== null) return fails("program", `not well formed: ${fault}`);
	const digest = canonicalProgramDigest(proof.program);
	const expected = manifest.components.program;
	if (digest !== expected)
		return fails("program", `the program has digest ${digest}, the manifest is of ${expected}`);
	const certified = manifest.certificate?.programDigest;
	if (digest !== certified) return fails("program", `the certificate is of program ${certified}`);
	const { inputs, outputs, nodes } = proof.program;
	return holds("program", `${nodes.length} nodes, ${inputs.length} inputs, ${outputs.length} outputs`);
}

function checkProofMuGraph({ muGraph }: ProofDocument, manifest: KernelManifest): KernelCheck {
	const [fault] = checkMuGraph(muGraph);
	if (fault !== undefined) return fails("muGraph", `not well formed: ${fault}`);
	const digest = muGraphDigest(muGraph);
	if (digest !== manifest.muGraphDigest)
		return fails("muGraph", `the µGraph has digest ${digest}, the manifest is of ${manifest.muGraphDigest}`);
	const certified = manifest.certificate?.muGraphDigest;
	if (digest !== certified) return fails("muGraph", `the certificate is of µGraph ${certified}`);
	const { length } = muGraph.kernels;
	return holds("muGraph", `${digest.slice(0, 16)}…, ${length} ${length === 1 ? "kernel" : "kernels"}`);
}

function checkTolerance({ schedule }: ProofDocument, { components }: KernelManifest): KernelCheck {
	const found = forbiddenProductType(schedule, components.tolerance);
	return found === null
		? holds("tolerance", `products are as exact as ${components.tolerance} asks for`)
		: fails("tolerance", `products of ${found}, which tolerance ${components.tolerance} does not allow`);
}

interface Proven {
	readonly checks: readonly KernelCheck[];
	readonly certificate: Certificate | null;
	readonly verified: VerifiedMuGraph | null;
}

/** The certificate's claim, and the same on other inputs. */
function checkProof(
	{ program, muGraph }: ProofDocument,
	{ certificate }: KernelManifest,
	seed: number,
): Proven {
	if (certificate === null) {
		const checks = [fails("certificate", "the manifest has no certificate")];
		return { checks, certificate: null, verified: null };
	}
	const { claim, differences, fresh, verified } = recheckCertificate(certificate, muGraph, program, seed);
	const own = `seed ${certificate.seeds[0] ?? 0}`;
	const claimed =
		differences.length > 0
			? fails("certificate", differences.join("; "))
			: checkOfVerdict("certificate", claim, own);
	return {
		checks: [claimed, checkOfVerdict("freshSeed", fresh, `seed ${seed}`)],
		certificate: claim.kind === "equal" ? claim.certificate : null,
		verified,
	};
}

function checkOfVerdict(check: CheckName, verdict: Verdict, where: string): KernelCheck {
	if (verdict.kind !== "equal")
		return fails(check, `${where}: the µGraph is ${verdict.kind}: ${verdict.reason}`);
	const { trials, errorProbabilityLog2 } = verdict.certificate;
	return holds(
		check,
		`${where}: equal in ${trials} trials, wrongly with probability at most 2^${errorProbabilityLog2.toFixed(1)}`,
	);
}

/** The binding of the proof to the code: that kernel.c is what the code generator writes for the proven µGraph. */
async function checkSource(
	folder: string,
	{ schedule }: ProofDocument,
	{ components }: KernelManifest,
	verified: VerifiedMuGraph | null,
): Promise<KernelCheck> {
	if (verified === null)
		return notChecked("source", "there is no proof that kernel.c could be compared with");
	if (components.version !== kilnVersion)
		return notChecked("source", `kernel.c was written by kiln ${components.version}, this is ${kilnVersion}`);
	const source = await readFile(join(folder, "kernel.c"), "utf8").catch(() => null);
	if (source === null) return fails("source", "kernel.c is missing");
	const target = targets[components.target];
	if (schedule.kernels.length !== verified.muGraph.kernels.length)
		return fails("source", `the schedule is of ${schedule.kernels.length} kernels`);
	try {
		const program = lowerCandidate({ muGraph: verified, schedule }, target, components.threads);
		if (emitC([{ prefix: kernelPrefix, program }], target) === source)
			return holds("source", "kernel.c is what the code generator writes for the proven µGraph");
	} catch (error) {
		if (!(error instanceof AssertionError)) throw error;
		return fails("source", `the schedule does not fit the µGraph: ${error.message}`);
	}
	return fails("source", "kernel.c is not what the code generator writes for the proven µGraph");
}
