// Where a command's requests go: a server that was named, a local stack that is running already, or one of our own.

import { openDataFolder } from "#infra/data-folder.ts";
import { folderOwner } from "#infra/folder-lock.ts";
import type { LocalStack } from "#infra/local.ts";
import { requireRuntimeLibrary } from "#runner/measure/runtime-library.ts";
import { requireCompiler } from "#runner/toolchain/find-compiler.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { TrustedKeys } from "./check-manifest.ts";
import { type Client, createClient } from "./client.ts";
import type { CommandContext } from "./command-context.ts";

export interface ServiceOptions {
	/** Of `--server`; undefined: the local stack. */
	readonly server: string | undefined;
	/** Of `--trust`, for a server: `id=base64` of the keys whose kernels are accepted. */
	readonly trustedKeys: TrustedKeys;
	/** Absolute. Of the local stack. */
	readonly dataFolder: string;
}

export interface Service {
	readonly client: Client;
	readonly trustedKeys: TrustedKeys;
	/**
	 * Has a runner ready for work that the cache could not answer; throws toolchain.missing where none can run. Does nothing
	 * where runners are others' business.
	 */
	ensureRunner(): Promise<void>;
	close(): Promise<void>;
}

/** Another command's stack is gone when that command ends: we wait this long for the folder. */
const folderWaitMilliseconds = 600_000;
const folderPollMilliseconds = 300;

/** Resolves when requests can be sent. The caller closes it. */
export async function openService(options: ServiceOptions, context: CommandContext): Promise<Service> {
	const { signal, terminal } = context;
	if (options.server !== undefined) return openServer(options.server, options.trustedKeys, context);
	const limit = performance.now() + folderWaitMilliseconds;
	for (let isFirst = true; ; isFirst = false) {
		const owner = folderOwner(options.dataFolder);
		if (owner === null) {
			const stack = await tryStartStack(options.dataFolder, context);
			if (stack !== null) return ownStack(stack, context);
		} else if (owner.url !== null) return runningStack(owner.url, options.dataFolder, context);
		else if (isFirst) {
			terminal.note(`kiln: waiting for process ${owner.pid}, which is using ${options.dataFolder}`);
		}
		if (signal.aborted || performance.now() > limit) {
			throw new OptimizeError(
				"infra.capacity",
				`data folder ${options.dataFolder} stays in use by another process`,
			);
		}
		await new Promise((resolve) => setTimeout(resolve, folderPollMilliseconds));
	}
}

function openServer(url: string, trustedKeys: TrustedKeys, { signal }: CommandContext): Service {
	const apiKey = process.env.KILN_API_KEY;
	if (apiKey === undefined || apiKey === "") {
		throw new OptimizeError(
			"auth.missing",
			"--server needs an API key in the environment variable KILN_API_KEY",
		);
	}
	if (!URL.canParse(url)) throw new OptimizeError("request.invalid", `--server '${url}' is not a URL`);
	return {
		client: createClient({ url, apiKey, signal }),
		trustedKeys,
		ensureRunner: async () => {},
		close: async () => {},
	};
}

/** Null when another process took the folder between our look and our start. */
async function tryStartStack(dataFolder: string, { terminal }: CommandContext): Promise<LocalStack | null> {
	// Loaded late: a command that needs no stack should not wait for the Workers runtime's code.
	const { DataFolderHeldError, startLocalStack } = await import("#infra/local.ts");
	terminal.progress({ phase: "starting the local stack" });
	try {
		return await startLocalStack({ dataFolder, runner: "whenNeeded" });
	} catch (error) {
		if (error instanceof DataFolderHeldError) return null;
		throw error;
	}
}

function ownStack(stack: LocalStack, { signal }: CommandContext): Service {
	return {
		client: createClient({ url: stack.url, apiKey: stack.apiKey, signal }),
		trustedKeys: stack.trustedKeys,
		ensureRunner: async () => {
			await requireCompiler(process.env.PATH ?? "", process.env.CC);
			requireRuntimeLibrary();
			stack.ensureRunner();
		},
		close: stack.stop,
	};
}

/** `kiln serve` has the folder: its store has our cache, its runner does our work. */
function runningStack(url: string, dataFolder: string, { terminal, signal }: CommandContext): Service {
	terminal.note(`kiln: using the local stack at ${url}`);
	const { apiKey, signingKey } = openDataFolder(dataFolder);
	return {
		client: createClient({ url, apiKey, signal }),
		trustedKeys: { [signingKey.id]: signingKey.publicKey },
		ensureRunner: async () => {},
		close: async () => {},
	};
}
