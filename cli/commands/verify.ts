// kiln verify: is a stored kernel what it says, and does its proof hold? Offline, from its folder alone.

import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { openDataFolder } from "#infra/data-folder.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Certificate } from "#shared/verify/certificate.ts";
import type { TrustedKeys } from "../check-manifest.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { dataFolderOption, dataFolderPath } from "../data-folder-option.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { parseSeed, parseTrustedKey } from "../parse-options.ts";
import { userPath } from "../user-path.ts";
import type { CheckName, KernelCheck, KernelVerification } from "../verify-kernel.ts";

interface VerifyOptions {
	readonly seed?: number;
	readonly trust: TrustedKeys;
	readonly dataFolder?: string;
}

export const addVerify: AddCommand = (program, run) => {
	const command: Command = program.command("verify");
	command
		.description("prove stored kernels again, offline: holds (0), fails (5) or inconclusive (8)")
		.argument("<dir>", "a kernel's folder, or the folder of folders that `kiln optimize` wrote")
		.option("--seed <number>", "of the second run's random inputs (default: drawn, and printed)", parseSeed)
		.option(
			"--trust <id=key>",
			"key that may have signed; may be repeated (the local stack's is trusted)",
			parseTrustedKey,
			{},
		)
		.addOption(dataFolderOption())
		.addHelpText(
			"after",
			"\nExamples:\n  kiln verify kernels/island-0\n  kiln verify kernels --seed 7 --trust ID=KEY --json",
		)
		.action((folder: string, options: VerifyOptions) => run((context) => verify(folder, options, context)));
};

const seedsCount = 2 ** 32;

async function verify(path: string, options: VerifyOptions, { terminal }: CommandContext): Promise<ExitCode> {
	const folders = await kernelFoldersIn(userPath(path));
	const trustedKeys = { ...localKeys(options), ...options.trust };
	const seed = options.seed ?? randomInt(seedsCount);
	// Loaded late: only this needs the code generator.
	const { verifyKernelFolder } = await import("../verify-kernel.ts");
	const kernels: KernelVerification[] = [];
	for (const [done, folder] of folders.entries()) {
		terminal.progress({ phase: "proving", done, total: folders.length });
		const kernel = await verifyKernelFolder(folder, { trustedKeys, seed });
		kernels.push(kernel);
		for (const line of describeKernel(kernel)) terminal.print(line);
	}
	const worst = order.find((verdict) => kernels.some((kernel) => kernel.verdict === verdict)) ?? "holds";
	terminal.printJson({ verdict: worst, kernels });
	return exitCodeOfVerdict[worst];
}

/** Worst first. */
const order: readonly KernelVerification["verdict"][] = ["fails", "inconclusive", "holds", "noKernel"];

const exitCodeOfVerdict: Readonly<Record<KernelVerification["verdict"], ExitCode>> = {
	holds: exitCodes.ok,
	noKernel: exitCodes.ok,
	fails: exitCodes.verificationFailed,
	inconclusive: exitCodes.inconclusive,
};

/** The folder itself, or those in it that have a manifest, by name. */
async function kernelFoldersIn(path: string): Promise<readonly string[]> {
	if (existsSync(join(path, "manifest.json"))) return [path];
	const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
	const folders = entries
		.filter((entry) => entry.isDirectory() && existsSync(join(path, entry.name, "manifest.json")))
		.map((entry) => join(path, entry.name));
	if (folders.length === 0)
		throw new OptimizeError("request.invalid", `${path} holds no manifest.json, nor do the folders in it`, {
			path,
		});
	return folders.sort();
}

/** The local stack's own key, where there has been one: asking never makes a data folder. */
function localKeys({ dataFolder }: VerifyOptions): TrustedKeys {
	const path = dataFolderPath(dataFolder);
	if (!existsSync(join(path, "signing-key"))) return {};
	const { signingKey } = openDataFolder(path);
	return { [signingKey.id]: signingKey.publicKey };
}

const marks: Readonly<Record<KernelCheck["outcome"], string>> = { holds: "✓", fails: "✗", notChecked: "–" };
const headings: Readonly<Record<KernelVerification["verdict"], string>> = {
	holds: "holds",
	fails: "FAILS",
	inconclusive: "inconclusive: nothing fails, but the proof could not be run again",
	noKernel: "no kernel: the baseline is the answer",
};
const labels: Readonly<Record<CheckName, string>> = {
	manifest: "manifest",
	signature: "signature",
	key: "key",
	files: "files",
	proof: "proof",
	program: "program",
	muGraph: "µGraph",
	tolerance: "tolerance",
	certificate: "certificate",
	freshSeed: "fresh seed",
	source: "source",
};
const labelCells = 13;

function describeKernel({ folder, verdict, checks, certificate }: KernelVerification): readonly string[] {
	const isProven = verdict === "holds" && certificate !== null;
	const proof = isProven ? describeCertificate(certificate) : [];
	const bound = isProven
		? `, wrong with probability at most 2^${certificate.errorProbabilityLog2.toFixed(1)}`
		: "";
	return [
		`${folder}: ${headings[verdict]}${bound}`,
		...checks.map(
			({ check, outcome, detail }) => `  ${marks[outcome]} ${labels[check].padEnd(labelCells)}${detail}`,
		),
		...proof.map((line) => `    ${line}`),
	];
}

function describeCertificate(certificate: Certificate): readonly string[] {
	const { fieldPairs, degree, exponentialTerms, shrunkExtents, uninterpreted } = certificate;
	const fields = fieldPairs.map(({ p, q }) => `Z_${p} × Z_${q}`).join(" and ");
	const terms = exponentialTerms === 0 ? "no exponential" : `${exponentialTerms} exponential terms`;
	return [
		`over ${fields}; degree ${degree}, ${terms}`,
		`axes shrunk to ${shrunkExtents.map((extents) => extents.join("×")).join(" and ")}`,
		uninterpreted.length === 0
			? "every operator interpreted"
			: `uninterpreted, so equal for any such function: ${uninterpreted.join(", ")}`,
	];
}
