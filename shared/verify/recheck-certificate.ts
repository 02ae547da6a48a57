// A certificate that was stored, tried again: its own claim with its own seed, number for number, and the same test on
// inputs it does not speak of.

import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import type { Certificate, Verdict } from "./certificate.ts";
import type { VerifiedMuGraph } from "./verified-mugraph.ts";
import { verifyMuGraph } from "./verify.ts";

export interface CertificateRecheck {
	/** What the certificate's own seed gives now. */
	readonly claim: Verdict;
	/** Members of the certificate that the run of its seed does not give, in words. Empty when `claim` is not equal. */
	readonly differences: readonly string[];
	/** What another seed gives. */
	readonly fresh: Verdict;
	/** The proof that was made here, when both runs came to `equal`. */
	readonly verified: VerifiedMuGraph | null;
}

/** Bounds that differ by less are the same: they are sums of logarithms. */
const boundTolerance = 1e-6;

/**
 * Runs the verifier for a well-formed µGraph and its program, once with the certificate's first seed and once with
 * `freshSeed`. The claim's error bound is asked for again as it was reached: never more trials than were needed.
 */
export function recheckCertificate(
	certificate: Certificate,
	muGraph: MuGraph,
	program: Program,
	freshSeed: number,
): CertificateRecheck {
	const claim = verifyMuGraph(muGraph, program, { seed: certificate.seeds[0] ?? 0 });
	const fresh = verifyMuGraph(muGraph, program, { seed: freshSeed });
	const differences = claim.kind === "equal" ? compareCertificates(certificate, claim.certificate) : [];
	const isProven = claim.kind === "equal" && fresh.kind === "equal";
	return { claim, differences, fresh, verified: isProven ? claim.verified : null };
}

/** What the stored one says otherwise than the one just made. */
function compareCertificates(stored: Certificate, made: Certificate): readonly string[] {
	const exact = [
		"programDigest",
		"muGraphDigest",
		"fieldPairs",
		"seeds",
		"shrunkExtents",
		"linkedConstants",
		"trials",
		"degree",
		"exponentialTerms",
		"uninterpreted",
	] as const;
	const differences = exact.flatMap((member) => {
		const [said, found] = [JSON.stringify(stored[member]), JSON.stringify(made[member])];
		return said === found ? [] : [`${member}: the certificate says ${said}, its seed gives ${found}`];
	});
	const [said, found] = [stored.errorProbabilityLog2, made.errorProbabilityLog2];
	if (Math.abs(said - found) <= boundTolerance) return differences;
	return [...differences, `error bound: the certificate says 2^${said}, its seed gives 2^${found}`];
}
