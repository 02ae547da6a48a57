// The queue through AWS SDK v3.

import {
	ChangeMessageVisibilityCommand,
	DeleteMessageCommand,
	ReceiveMessageCommand,
	SendMessageCommand,
	SQSClient,
	SQSServiceException,
} from "@aws-sdk/client-sqs";
import { defaultRetryPolicy, done, type RetryPolicy, withRetries } from "#adapters/retry.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { JobQueue } from "#shared/pipeline/ports.ts";

export interface SdkQueueOptions {
	/** Absent: AWS's own for the region. */
	readonly endpoint?: string;
	readonly queueUrl: string;
	readonly region: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly retry?: Partial<RetryPolicy>;
}

/** What the queue says when a message is no longer the receiver's. */
const lostNames: ReadonlySet<string> = new Set([
	"MessageNotInflight",
	"ReceiptHandleIsInvalid",
	"InvalidParameterValue",
]);

export function createSdkQueue(options: SdkQueueOptions): JobQueue & { close(): void } {
	const { queueUrl: QueueUrl, region, accessKeyId, secretAccessKey } = options;
	const client = new SQSClient({
		region,
		...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
		credentials: { accessKeyId, secretAccessKey },
		// The URL is an identifier; with a local endpoint its host does not resolve.
		useQueueUrlAsEndpoint: options.endpoint === undefined,
		maxAttempts: 1,
	});
	const policy = { ...defaultRetryPolicy, ...options.retry };
	const retried = <T>(
		what: string,
		extraMilliseconds: number,
		send: (signal: AbortSignal) => Promise<T>,
	): Promise<T> =>
		withRetries(
			{ ...policy, tryMillisecondsMax: policy.tryMillisecondsMax + extraMilliseconds },
			async (signal) => {
				try {
					return done(await send(signal));
				} catch (fault) {
					if (isRefusal(fault)) return { kind: "failed", error: refusal(fault, what) };
					return { kind: "again", reason: fault instanceof Error ? fault.message : String(fault) };
				}
			},
			(reason, cause) =>
				new OptimizeError("infra.queue", `the queue did not answer: ${reason}`, { what }, cause),
		);

	return {
		send: (MessageBody) =>
			retried("send", 0, async (abortSignal) => {
				await client.send(new SendMessageCommand({ QueueUrl, MessageBody }), { abortSignal });
			}),
		receive: (WaitTimeSeconds, VisibilityTimeout) =>
			retried("receive", WaitTimeSeconds * 1000, async (abortSignal) => {
				const command = new ReceiveMessageCommand({
					QueueUrl,
					WaitTimeSeconds,
					VisibilityTimeout,
					MaxNumberOfMessages: 1,
					MessageSystemAttributeNames: ["ApproximateReceiveCount"],
				});
				const [message] = (await client.send(command, { abortSignal })).Messages ?? [];
				if (message?.Body === undefined || message.ReceiptHandle === undefined) return null;
				const receiveCount = Number(message.Attributes?.ApproximateReceiveCount ?? 1);
				return { body: message.Body, receipt: message.ReceiptHandle, receiveCount };
			}),
		extend: (ReceiptHandle, VisibilityTimeout) =>
			retried("extend", 0, async (abortSignal) => {
				try {
					const input = { QueueUrl, ReceiptHandle, VisibilityTimeout };
					await client.send(new ChangeMessageVisibilityCommand(input), { abortSignal });
					return "extended" as const;
				} catch (fault) {
					if (isLost(fault)) return "lost" as const;
					throw fault;
				}
			}),
		acknowledge: (ReceiptHandle) =>
			retried("acknowledge", 0, async (abortSignal) => {
				try {
					await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }), { abortSignal });
				} catch (fault) {
					// Someone else has it by now and will find the work done.
					if (!isLost(fault)) throw fault;
				}
			}),
		close: () => client.destroy(),
	};
}

const isLost = (fault: unknown): boolean => fault instanceof SQSServiceException && lostNames.has(fault.name);

/** The queue understood and said no: wrong credentials, no such queue. */
function isRefusal(fault: unknown): boolean {
	if (!(fault instanceof SQSServiceException)) return false;
	const status = fault.$metadata.httpStatusCode ?? 0;
	return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

const refusal = (fault: unknown, what: string): OptimizeError =>
	new OptimizeError(
		"infra.queue",
		`the queue refused: ${fault instanceof Error ? fault.message : String(fault)}`,
		{ what },
		fault,
	);
