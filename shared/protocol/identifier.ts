// Identifiers: a prefix that says what they name, and a ULID (github.com/ulid/spec): 48 bits of time, 80 of randomness,
// in Crockford's base 32, so that they sort by creation.

import { z } from "zod";
import type { Random } from "#shared/numeric/random.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const timeDigits = 10;
const randomDigits = 16;

export type IdentifierPrefix = "job" | "upl" | "req";

/** `random` must be unpredictable where ids must not be guessed. */
export function createIdentifier(prefix: IdentifierPrefix, nowMilliseconds: number, random: Random): string {
	let time = "";
	for (let digit = 0, rest = nowMilliseconds; digit < timeDigits; digit++) {
		time = alphabet.charAt(rest % 32) + time;
		rest = Math.floor(rest / 32);
	}
	let tail = "";
	for (let digit = 0; digit < randomDigits; digit++) tail += alphabet.charAt(random.nextBelow(32));
	return `${prefix}_${time}${tail}`;
}

/** When an identifier was made, in milliseconds since the epoch. */
export function identifierMilliseconds(identifier: string): number {
	const start = identifier.indexOf("_") + 1;
	let time = 0;
	for (const digit of identifier.slice(start, start + timeDigits)) time = time * 32 + alphabet.indexOf(digit);
	return time;
}

const ulid = "[0-7][0-9A-HJKMNP-TV-Z]{25}";

export const jobIdSchema = z.string().regex(new RegExp(`^job_${ulid}$`), "a job id (job_…) expected");
export const uploadIdSchema = z.string().regex(new RegExp(`^upl_${ulid}$`), "an upload id (upl_…) expected");
/** Models are named by content: the digest of bytes, bindings, namespace and version. */
export const modelIdSchema = z.string().regex(/^mdl_[0-9a-f]{64}$/, "a model id (mdl_…) expected");
