import { expect, test } from "vitest";
import type { Certificate } from "#shared/verify/certificate.ts";
import { recheckCertificate } from "#shared/verify/recheck-certificate.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { rowSoftmax } from "#test/support/programs.ts";
import { wholeProgramMuGraph } from "#test/support/whole-program.ts";

const program = rowSoftmax(6, 40);
const muGraph = wholeProgramMuGraph(program);
const verdict = verifyMuGraph(muGraph, program, { seed: testSeed });

/** The certificate that the verifier gives, other than these members. */
function certificate(changes: Partial<Certificate>): Certificate {
	if (verdict.kind !== "equal") throw new Error("softmax is not accepted");
	return { ...verdict.certificate, ...changes };
}

test("a certificate as it was made has no differences, and proves again", () => {
	const recheck = recheckCertificate(certificate({}), muGraph, program, testSeed + 1);
	expect(recheck.differences).toEqual([]);
	expect(recheck.verified).not.toBeNull();
});

const forgeries: readonly Partial<Certificate>[] = [
	{ programDigest: "0" },
	{ muGraphDigest: "0" },
	{ fieldPairs: [{ p: 23, q: 11 }] },
	{ shrunkExtents: [[6, 40]] },
	{ linkedConstants: [{ value: 0.025, axes: [1] }] },
	{ trials: 1000 },
	{ degree: 1 },
	{ exponentialTerms: 7 },
	{ uninterpreted: [] },
	{ errorProbabilityLog2: -500 },
];

test.each(forgeries)("a changed member is named: %j", (changes) => {
	const { differences } = recheckCertificate(certificate(changes), muGraph, program, testSeed + 1);
	expect(differences.length).toBe(1);
});
