import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Certificate } from "./certificate.ts";

declare const proof: unique symbol;

/**
 * A µGraph with the certificate that it computes its program. Only `verifyMuGraph` makes one, and `recheckPlanned`
 * (verify.ts), which a runner uses on a plan it received; only such a µGraph can be lowered to code.
 */
export interface VerifiedMuGraph {
	readonly muGraph: MuGraph;
	readonly digest: string;
	readonly certificate: Certificate;
	readonly [proof]: true;
}
