import type { Compiler } from "#runner/toolchain/find-compiler.ts";
import type { ManifestSigner } from "#shared/artefact/signature.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import type { Machine, TargetId } from "#shared/target/target.ts";

/** One line of the runner's log: plain data. */
export type Observation = { readonly event: string } & Readonly<Record<string, unknown>>;

/** What a runner works with, made once at its start. */
export interface RunnerServices {
	readonly store: ArtefactStore;
	readonly signer: ManifestSigner;
	readonly runnerId: string;
	readonly compiler: Compiler;
	/** Path of the measuring process. */
	readonly harness: string;
	/** Path of ONNX Runtime's library. */
	readonly runtime: string;
	readonly workFolder: string;
	readonly runnableTargets: ReadonlySet<TargetId>;
	readonly machine: (target: TargetId) => Machine;
	readonly measureShare: number;
	readonly hangMilliseconds: number;
	readonly beatMilliseconds: number;
	readonly nowIso: () => string;
	readonly nowMilliseconds: () => number;
	readonly observe: (observation: Observation) => void;
}
