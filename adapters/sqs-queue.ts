// The queue over SQS's JSON protocol (AWS, fauxqs), with fetch only.

import { AwsClient } from "aws4fetch";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { JobQueue } from "#shared/pipeline/ports.ts";
import { defaultRetryPolicy, done, type RetryPolicy, type TryOutcome, withRetries } from "./retry.ts";

export interface SqsQueueOptions {
	/** Where requests go. Queue URLs may name hosts that only the service itself can resolve. */
	readonly endpoint: string;
	/** Names the queue. */
	readonly queueUrl: string;
	readonly region: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly retry?: Partial<RetryPolicy>;
}

export interface SqsQueue extends JobQueue {
	/** Throws when the queue cannot be reached or is not there; takes nothing from it. */
	probe(): Promise<void>;
}

/** Longest wait that SQS takes. */
const waitSecondsMax = 20;

interface SqsAnswer {
	readonly status: number;
	readonly body: Readonly<Record<string, unknown>>;
}

type Call = (
	operation: string,
	parameters: Readonly<Record<string, unknown>>,
	/** How long the answer may take besides. */
	waitMilliseconds?: number,
) => Promise<SqsAnswer>;

export function createSqsQueue(options: SqsQueueOptions): SqsQueue {
	const call = createCall(options);
	const callOrFail: (...request: Parameters<Call>) => Promise<SqsAnswer["body"]> = async (...request) => {
		const answer = await call(...request);
		if (answer.status === 200) return answer.body;
		throw refusal(request[0], answer);
	};
	/** False: the message is not ours any more. */
	const callOnReceipt: (...request: Parameters<Call>) => Promise<boolean> = async (...request) => {
		const answer = await call(...request);
		if (answer.status === 200) return true;
		if (lostReceiptErrors.some((name) => errorType(answer).endsWith(name))) return false;
		throw refusal(request[0], answer);
	};

	return {
		async send(body) {
			await callOrFail("SendMessage", { MessageBody: body });
		},
		async receive(waitSeconds, visibilitySeconds) {
			const wait = Math.min(waitSeconds, waitSecondsMax);
			const parameters = {
				MaxNumberOfMessages: 1,
				WaitTimeSeconds: wait,
				VisibilityTimeout: visibilitySeconds,
				MessageSystemAttributeNames: ["ApproximateReceiveCount"],
			};
			return firstMessage(await callOrFail("ReceiveMessage", parameters, wait * 1000));
		},
		async extend(receipt, visibilitySeconds) {
			const parameters = { ReceiptHandle: receipt, VisibilityTimeout: visibilitySeconds };
			return (await callOnReceipt("ChangeMessageVisibility", parameters)) ? "extended" : "lost";
		},
		async acknowledge(receipt) {
			await callOnReceipt("DeleteMessage", { ReceiptHandle: receipt });
		},
		async probe() {
			await callOrFail("GetQueueAttributes", { AttributeNames: ["QueueArn"] });
		},
	};
}

/** Signs, sends and retries one operation. */
function createCall(options: SqsQueueOptions): Call {
	const { accessKeyId, secretAccessKey, region, queueUrl } = options;
	const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "sqs", retries: 0 });
	const policy = { ...defaultRetryPolicy, ...options.retry };
	return (operation, parameters, waitMilliseconds = 0) =>
		withRetries(
			{ ...policy, tryMillisecondsMax: policy.tryMillisecondsMax + waitMilliseconds },
			async (signal) => {
				const response = await client.fetch(`${options.endpoint}/`, {
					method: "POST",
					headers: {
						"content-type": "application/x-amz-json-1.0",
						"x-amz-target": `AmazonSQS.${operation}`,
					},
					body: JSON.stringify({ QueueUrl: queueUrl, ...parameters }),
					signal,
				});
				return readAnswer(response);
			},
			(reason, cause) =>
				new OptimizeError("infra.queue", `the queue did not answer: ${reason}`, { operation }, cause),
		);
}

function refusal(operation: string, answer: SqsAnswer): OptimizeError {
	const type = errorType(answer);
	return new OptimizeError("infra.queue", `the queue refused ${operation}: ${type}`, { type });
}

/** Error names that mean: this message is not ours (any more). `InvalidParameterValue` is SQS's for a stale receipt. */
const lostReceiptErrors = ["MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue"];

async function readAnswer(response: Response): Promise<TryOutcome<SqsAnswer>> {
	if (response.status === 429 || response.status >= 500) {
		await response.body?.cancel();
		return { kind: "again", reason: `status ${response.status}` };
	}
	const text = await response.text();
	const body: unknown = text === "" ? {} : JSON.parse(text);
	return done({ status: response.status, body: isRecord(body) ? body : {} });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === "object" && value !== null;

const errorType = (answer: SqsAnswer): string => String(answer.body.__type ?? `status ${answer.status}`);

function firstMessage(body: Readonly<Record<string, unknown>>) {
	const messages = body.Messages;
	const message: unknown = Array.isArray(messages) ? messages[0] : undefined;
	if (!isRecord(message)) return null;
	const attributes = isRecord(message.Attributes) ? message.Attributes : {};
	return {
		body: String(message.Body ?? ""),
		receipt: String(message.ReceiptHandle ?? ""),
		receiveCount: Number(attributes.ApproximateReceiveCount ?? 1),
	};
}
