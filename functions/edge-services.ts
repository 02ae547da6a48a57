// The services of a deployed edge: the adapters that the environment names.

import { createCryptoRandom } from "#adapters/crypto-random.ts";
import { createPresignPut } from "#adapters/s3-presign.ts";
import { createS3Store } from "#adapters/s3-store.ts";
import { createSqsQueue } from "#adapters/sqs-queue.ts";
import { createSystemClock } from "#adapters/system-clock.ts";
import { createEdgeCaches } from "#functions/caching/edge-caches.ts";
import type { EdgeEnvironment } from "#functions/env.ts";
import type { ModelCompiler } from "#functions/models/model-compiler.ts";
import type { EdgeServices } from "#functions/services.ts";

export interface EdgePlatform {
	readonly compiler: ModelCompiler;
	readonly asset: EdgeServices["asset"];
	readonly report: EdgeServices["report"];
}

export function createEdgeServices(environment: EdgeEnvironment, platform: EdgePlatform): EdgeServices {
	const store = {
		endpoint: withoutEndSlash(environment.KILN_S3_ENDPOINT),
		bucket: environment.KILN_S3_BUCKET,
		region: environment.KILN_S3_REGION,
		accessKeyId: environment.KILN_S3_ACCESS_KEY_ID,
		secretAccessKey: environment.KILN_S3_SECRET_ACCESS_KEY,
	};
	const publicEndpoint = environment.KILN_S3_PUBLIC_ENDPOINT ?? store.endpoint;
	const queue = createSqsQueue({
		endpoint: withoutEndSlash(environment.KILN_SQS_ENDPOINT),
		queueUrl: environment.KILN_SQS_QUEUE_CPU,
		region: environment.KILN_SQS_REGION,
		accessKeyId: environment.KILN_SQS_ACCESS_KEY_ID ?? store.accessKeyId,
		secretAccessKey: environment.KILN_SQS_SECRET_ACCESS_KEY ?? store.secretAccessKey,
	});
	const clock = createSystemClock();
	return {
		...platform,
		store: createS3Store(store),
		queues: { cpu: queue },
		presignPut: createPresignPut({ ...store, endpoint: withoutEndSlash(publicEndpoint) }),
		clock,
		random: createCryptoRandom(),
		configuration: {
			jobDeadlineSeconds: environment.KILN_JOB_DEADLINE_SECONDS,
			sweepQueuedSeconds: environment.KILN_SWEEP_QUEUED_SECONDS,
			sweepRunningSeconds: environment.KILN_SWEEP_RUNNING_SECONDS,
			searchStatesMax: environment.KILN_SEARCH_STATES_MAX,
			trustedKeys: environment.KILN_SIGNING_PUBLIC_KEYS,
		},
		caches: createEdgeCaches(clock),
	};
}

const withoutEndSlash = (url: string): string => url.replace(/\/+$/, "");
