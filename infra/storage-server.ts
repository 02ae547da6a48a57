// A local S3: Miniflare's R2 with its S3 endpoint, which checks signatures and honours conditional writes.

import { randomBytes } from "node:crypto";
import { compatibilityDate } from "./compatibility-date.ts";
import { startMiniflare } from "./start-miniflare.ts";

export interface StorageServer {
	readonly endpoint: string;
	readonly bucket: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	/** Writes an object without going through HTTP: for what the stack itself lays down before it serves. */
	put(key: string, body: string): Promise<void>;
	has(key: string): Promise<boolean>;
	stop(): Promise<void>;
}

const bucketName = "kiln";
const binding = "STORE";
/** No request ever reaches it: the server is there for its S3 endpoint. */
const emptyWorker = "export default { fetch: () => new Response(null, { status: 404 }) };";

export async function startStorageServer(objectsPath: string): Promise<StorageServer> {
	const credentials = {
		accessKeyId: `local-${randomBytes(8).toString("hex")}`,
		secretAccessKey: randomBytes(24).toString("base64url"),
	};
	const server = startMiniflare({
		modules: true,
		script: emptyWorker,
		compatibilityDate,
		host: "127.0.0.1",
		port: 0,
		cf: false,
		r2Buckets: { [binding]: { id: bucketName, s3Credentials: credentials } },
		r2Persist: objectsPath,
	});
	const base = await server.ready;
	return {
		endpoint: new URL("/cdn-cgi/local/r2/s3", base).href,
		bucket: bucketName,
		...credentials,
		put: async (key, body) => {
			const bucket = objectBucket(await server.getR2Bucket(binding));
			await bucket.put(key, body);
		},
		has: async (key) => {
			const bucket = objectBucket(await server.getR2Bucket(binding));
			return (await bucket.head(key)) !== null;
		},
		stop: () => server.dispose(),
	};
}

interface ObjectBucket {
	put(key: string, body: string): Promise<unknown>;
	head(key: string): Promise<object | null>;
}

/** Miniflare types its handles by @cloudflare/workers-types, which clashes with Node's types and is not installed. */
function objectBucket(handle: unknown): ObjectBucket {
	return handle as ObjectBucket;
}
