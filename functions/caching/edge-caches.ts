import type { EdgeCaches } from "#functions/services.ts";
import type { Clock } from "#shared/pipeline/ports.ts";
import { createExpiringMap } from "./expiring-map.ts";

/** How long a revoked key may still work in an isolate that knew it. */
const apiKeyMilliseconds = 30_000;
/** How long a promoted kernel may stay unseen. */
const manifestMilliseconds = 5_000;
const immutableMilliseconds = 3_600_000;
const manifestBytesMax = 8 << 20;
const blobBytesMax = 16 << 20;
const namesMax = 4096;

/** Sized so that all of them together stay far below an isolate's 128 MB. */
export function createEdgeCaches(clock: Clock): EdgeCaches {
	const now = () => clock.nowMilliseconds();
	return {
		apiKeys: createExpiringMap({ milliseconds: apiKeyMilliseconds, weightMax: namesMax, now }),
		kernels: createExpiringMap({
			milliseconds: manifestMilliseconds,
			weightMax: manifestBytesMax,
			weigh: (kernel) => kernel.bytes.length,
			now,
		}),
		blobs: createExpiringMap({
			milliseconds: immutableMilliseconds,
			weightMax: blobBytesMax,
			weigh: (bytes) => bytes.length,
			now,
		}),
		reach: createExpiringMap({ milliseconds: immutableMilliseconds, weightMax: namesMax, now }),
	};
}
