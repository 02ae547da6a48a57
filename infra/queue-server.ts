// A local SQS: fauxqs in memory, bound to the loopback. What is in it is lost at the end; the sweeper sends it again.

import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";

export interface QueueServer {
	readonly endpoint: string;
	readonly queueUrl: string;
	readonly deadLetterQueueUrl: string;
	stop(): Promise<void>;
}

const measureQueueName = "kiln-measure-cpu";
/** Receives before a message is a poison message and goes to the dead-letter queue. */
const receivesMax = 5;

/** Any credentials will do: fauxqs does not check them. */
export const queueCredentials = { accessKeyId: "local", secretAccessKey: "local" } as const;
export const localRegion = "us-east-1";

export async function startQueueServer(): Promise<QueueServer> {
	const app = buildApp({ logger: false });
	const endpoint = await app.listen({ host: "127.0.0.1", port: 0 });
	const client = new SQSClient({
		endpoint,
		region: localRegion,
		credentials: queueCredentials,
		useQueueUrlAsEndpoint: false,
	});
	try {
		const deadLetterQueueUrl = await createQueue(client, `${measureQueueName}-dead`, {});
		const attributes = await client.send(
			new GetQueueAttributesCommand({ QueueUrl: deadLetterQueueUrl, AttributeNames: ["QueueArn"] }),
		);
		const queueUrl = await createQueue(client, measureQueueName, {
			RedrivePolicy: JSON.stringify({
				deadLetterTargetArn: attributes.Attributes?.QueueArn,
				maxReceiveCount: receivesMax,
			}),
		});
		return { endpoint, queueUrl, deadLetterQueueUrl, stop: async () => app.close() };
	} finally {
		client.destroy();
	}
}

async function createQueue(
	client: SQSClient,
	name: string,
	attributes: Readonly<Record<string, string>>,
): Promise<string> {
	const created = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
	if (created.QueueUrl === undefined) throw new Error(`the local queue server gave no URL for queue ${name}`);
	return created.QueueUrl;
}
