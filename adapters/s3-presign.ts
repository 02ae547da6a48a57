import { AwsClient } from "aws4fetch";
import { type S3StoreOptions, s3ObjectUrl } from "./s3-store.ts";

/** What a client needs to send an object itself. */
export interface PresignedPut {
	readonly url: string;
	/** Must be sent exactly so: they are part of the signature. */
	readonly headers: Readonly<Record<string, string>>;
}

/** Makes a URL with which `bytesCount` bytes of this digest, and nothing else, can be put under `key` for a while. */
export type PresignPut = (
	key: string,
	content: { readonly sha256: string; readonly bytesCount: number; readonly expiresSeconds: number },
) => Promise<PresignedPut>;

/**
 * Presigns with the checksum and the length as signed headers, so that a store that checks them (S3 does; not every
 * other) takes no other bytes; the receiver must still hash what arrived.
 */
export function createPresignPut(
	options: Pick<S3StoreOptions, "endpoint" | "bucket" | "region" | "accessKeyId" | "secretAccessKey">,
): PresignPut {
	const { accessKeyId, secretAccessKey, region } = options;
	const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries: 0 });
	return async (key, { sha256, bytesCount, expiresSeconds }) => {
		const headers = {
			"content-type": "application/octet-stream",
			"x-amz-checksum-sha256": base64OfHex(sha256),
		};
		const url = `${s3ObjectUrl(options, key)}?X-Amz-Expires=${expiresSeconds}`;
		const signed = await client.sign(url, {
			method: "PUT",
			headers: { ...headers, "content-length": String(bytesCount) },
			aws: { signQuery: true, allHeaders: true },
		});
		return { url: signed.url, headers };
	};
}

function base64OfHex(hex: string): string {
	let binary = "";
	for (let digit = 0; digit < hex.length; digit += 2) {
		binary += String.fromCharCode(Number.parseInt(hex.slice(digit, digit + 2), 16));
	}
	return btoa(binary);
}
