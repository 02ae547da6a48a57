// A runner's services for tasks that a test runs itself, without queue or process.

import { createSigner, generateSigningKey } from "#adapters/ed25519.ts";
import type { RunnerServices } from "#runner/jobs/runner-services.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import type { Machine } from "#shared/target/target.ts";
import type { Toolchain } from "./toolchain-fixture.ts";

/** `folder`: scratch, the caller's. Measures as shortly as can be. */
export async function taskServices(
	store: ArtefactStore,
	toolchain: Toolchain,
	machine: Machine,
	folder: string,
): Promise<RunnerServices> {
	const key = await generateSigningKey();
	return {
		...{ store, signer: await createSigner(key.privateKey, key.keyId), runnerId: "runner" },
		...{ compiler: toolchain.compiler, harness: toolchain.harness, runtime: toolchain.runtime },
		...{ workFolder: folder, runnableTargets: new Set([toolchain.target.id]), machine: () => machine },
		...{ measureShare: 0.01, hangMilliseconds: 10_000, beatMilliseconds: 1_000 },
		nowIso: () => new Date().toISOString(),
		nowMilliseconds: Date.now,
		observe: () => {},
	};
}
