// The S3 endpoint and the SQS that the local stack uses too, on the loopback, for tests of the adapters and the edge.

import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { Miniflare } from "miniflare";
import type { S3StoreOptions } from "#adapters/s3-store.ts";
import type { SqsQueueOptions } from "#adapters/sqs-queue.ts";
import { compatibilityDate } from "#infra/compatibility-date.ts";

const region = "us-east-1";
const credentials = { accessKeyId: "test-access-key", secretAccessKey: "test-secret-access-key" };

export interface LocalStore {
	readonly options: S3StoreOptions;
	stop(): Promise<void>;
}

export async function startLocalStore(): Promise<LocalStore> {
	const bucket = "contract-bucket";
	const miniflare = new Miniflare({
		modules: true,
		script: "export default { fetch: () => new Response(null, { status: 404 }) };",
		compatibilityDate,
		host: "127.0.0.1",
		port: 0,
		cf: false,
		r2Buckets: { STORE: { id: bucket, s3Credentials: credentials } },
	});
	const base = await miniflare.ready;
	const endpoint = new URL("/cdn-cgi/local/r2/s3", base).href;
	return { options: { endpoint, bucket, region, ...credentials }, stop: () => miniflare.dispose() };
}

export interface LocalQueues {
	readonly endpoint: string;
	/** A queue of its own whose messages die after so many receives (default 2), and its dead letters. */
	create(
		receivesMax?: number,
	): Promise<{ readonly queue: SqsQueueOptions; readonly deadLetters: SqsQueueOptions }>;
	stop(): Promise<void>;
}

export async function startLocalQueues(): Promise<LocalQueues> {
	const app = buildApp({ logger: false });
	const endpoint = await app.listen({ host: "127.0.0.1", port: 0 });
	const client = new SQSClient({ endpoint, region, credentials, useQueueUrlAsEndpoint: false });
	let made = 0;
	const createQueue = async (name: string, attributes: Record<string, string>): Promise<SqsQueueOptions> => {
		const created = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
		return { endpoint, region, ...credentials, queueUrl: created.QueueUrl ?? "" };
	};
	return {
		endpoint,
		async create(receivesMax = 2) {
			const name = `contract-${++made}`;
			const deadLetters = await createQueue(`${name}-dead`, {});
			const request = { QueueUrl: deadLetters.queueUrl, AttributeNames: ["QueueArn" as const] };
			const { Attributes } = await client.send(new GetQueueAttributesCommand(request));
			const redrive = { deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: receivesMax };
			return { queue: await createQueue(name, { RedrivePolicy: JSON.stringify(redrive) }), deadLetters };
		},
		async stop() {
			client.destroy();
			await app.close();
		},
	};
}
