// ONNX Runtime through its C interface: sessions with operator libraries, which onnxruntime-node has no way to load.
// The table of functions is read by index (gpu-runner/harness/onnxruntime-abi.h says why that is safe); a tensor given is
// used where it lies.

import koffi from "koffi";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { addressOf } from "../native-memory.ts";

/** The table of this version has every function below, and operator libraries that run on the runtime's threads. */
const tableVersion = 17;
const tableEntries = 276;
const logErrors = 3;
const optimizeAll = 99;

/** Index in OrtApi and C declaration; what returns a pointer returns a status, NULL for success. */
const declarations = {
	errorMessage: [2, "const char *", "void *status"],
	createEnvironment: [3, "void *", "int level, const char *name, _Out_ void **environment"],
	createSession: [7, "void *", "void *environment, const char *path, void *options, _Out_ void **session"],
	run: [
		9,
		"void *",
		"void *session, void *options, uintptr_t inputNames, uintptr_t inputs, size_t inputCount, uintptr_t outputNames, size_t outputCount, uintptr_t outputs",
	],
	createOptions: [10, "void *", "_Out_ void **options"],
	enableProfiling: [14, "void *", "void *options, const char *prefix"],
	setOptimization: [23, "void *", "void *options, int level"],
	setIntraThreads: [24, "void *", "void *options, int threads"],
	setInterThreads: [25, "void *", "void *options, int threads"],
	inputCount: [30, "void *", "void *session, _Out_ size_t *count"],
	outputCount: [31, "void *", "void *session, _Out_ size_t *count"],
	inputType: [33, "void *", "void *session, size_t index, _Out_ void **type"],
	outputType: [34, "void *", "void *session, size_t index, _Out_ void **type"],
	inputName: [36, "void *", "void *session, size_t index, void *allocator, _Out_ void **name"],
	outputName: [37, "void *", "void *session, size_t index, void *allocator, _Out_ void **name"],
	createTensor: [
		49,
		"void *",
		"void *memory, uintptr_t data, size_t bytes, uintptr_t extents, size_t rank, int type, _Out_ void **value",
	],
	tensorData: [51, "void *", "void *value, _Out_ void **data"],
	typeAsTensor: [55, "void *", "void *type, _Out_ void **tensor"],
	elementType: [60, "void *", "void *tensor, _Out_ int *type"],
	rank: [61, "void *", "void *tensor, _Out_ size_t *rank"],
	dimensions: [62, "void *", "void *tensor, uintptr_t extents, size_t rank"],
	typeAndShape: [65, "void *", "void *value, _Out_ void **tensor"],
	createMemory: [69, "void *", "int allocator, int type, _Out_ void **memory"],
	free: [76, "void *", "void *allocator, void *block"],
	defaultAllocator: [78, "void *", "_Out_ void **allocator"],
	releaseStatus: [93, "void", "void *status"],
	releaseSession: [95, "void", "void *session"],
	releaseValue: [96, "void", "void *value"],
	releaseType: [98, "void", "void *type"],
	releaseTensor: [99, "void", "void *tensor"],
	releaseOptions: [100, "void", "void *options"],
	endProfiling: [110, "void *", "void *session, void *allocator, _Out_ void **path"],
	addLibrary: [228, "void *", "void *options, const char *path"],
} as const satisfies Readonly<Record<string, readonly [index: number, result: string, parameters: string]>>;

export type RuntimeFunction = keyof typeof declarations;
/** Opaque; null is C's NULL. */
export type Pointer = unknown;

export interface Runtime {
	readonly version: string;
	/** Calls a function of the table. Throws `measure.baseline_failed` with the runtime's own words when it fails. */
	call(name: RuntimeFunction, ...given: unknown[]): void;
	/** The same for a function whose last parameter is where its result goes. */
	get(name: RuntimeFunction, ...given: unknown[]): Pointer;
	/** A system-wide description of plain memory. */
	readonly memory: Pointer;
	readonly allocator: Pointer;
	readonly environment: Pointer;
}

const opened = new Map<string, Runtime>();
/** A library that nobody holds is unloaded when its handle is collected, and its functions with it. */
const held: ReturnType<typeof koffi.load>[] = [];

/** One of each library in a process. Throws `toolchain.missing` for a version that is too old. */
export function openRuntime(library: string): Runtime {
	const known = opened.get(library);
	if (known !== undefined) return known;
	const runtime = bindRuntime(library);
	opened.set(library, runtime);
	return runtime;
}

function bindRuntime(library: string): Runtime {
	const loaded = koffi.load(library);
	held.push(loaded);
	const base = koffi.decode(loaded.func("void *OrtGetApiBase()")(), koffi.array("void *", 2)) as Pointer[];
	const version: string = koffi.decode(base[1], anonymous("const char *", ""))();
	if (Number(/^1\.(\d+)/.exec(version)?.[1] ?? 0) < tableVersion)
		throw new OptimizeError(
			"toolchain.missing",
			`ONNX Runtime 1.${tableVersion} is needed, ${library} is ${version}`,
		);
	const getApi = koffi.decode(base[0], anonymous("void *", "uint32_t version"));
	const table = koffi.decode(getApi(tableVersion), koffi.array("void *", tableEntries)) as Pointer[];
	// One for each declaration.
	const functions = Object.fromEntries(
		Object.entries(declarations).map(([name, [index, result, parameters]]) => [
			name,
			koffi.decode(table[index], anonymous(result, parameters)),
		]),
	) as Record<RuntimeFunction, (...given: unknown[]) => Pointer>;
	const call: Runtime["call"] = (name, ...given) => {
		const status = functions[name](...given);
		if (status === null || status === undefined || declarations[name][1] === "void") return;
		const message = String(functions.errorMessage(status));
		functions.releaseStatus(status);
		throw new OptimizeError("measure.baseline_failed", `ONNX Runtime: ${message}`);
	};
	const get: Runtime["get"] = (name, ...given) => {
		const result: Pointer[] = [null];
		call(name, ...given, result);
		return result[0];
	};
	return {
		version,
		call,
		get,
		memory: get("createMemory", 0, 0),
		allocator: get("defaultAllocator"),
		environment: get("createEnvironment", logErrors, "kiln"),
	};
}

let prototypes = 0;

/** Koffi wants a name for each type of function. */
function anonymous(result: string, parameters: string): ReturnType<typeof koffi.proto> {
	return koffi.proto(`${result} kiln_runtime_${prototypes++}(${parameters})`);
}

export interface SessionOptions {
	/** Absolute. */
	readonly model: string;
	/** Operator library, absolute; null: none. */
	readonly library: string | null;
	readonly threads: number;
	/** Absolute: what the name of the runtime's own trace of the session begins with. Default: it keeps none. */
	readonly tracePrefix?: string;
}

/** A session with every optimisation on. The caller releases it with `releaseSession`. */
export function createSession(
	runtime: Runtime,
	{ model, library, threads, tracePrefix }: SessionOptions,
): Pointer {
	const options = runtime.get("createOptions");
	try {
		runtime.call("setOptimization", options, optimizeAll);
		runtime.call("setIntraThreads", options, threads);
		runtime.call("setInterThreads", options, 1);
		if (library !== null) runtime.call("addLibrary", options, library);
		if (tracePrefix !== undefined) runtime.call("enableProfiling", options, tracePrefix);
		return runtime.get("createSession", runtime.environment, model, options);
	} finally {
		runtime.call("releaseOptions", options);
	}
}

/** Names as C has them: a table of addresses of strings that end with a zero. Both must be kept while it is used. */
export function nameTable(names: readonly string[]): {
	readonly table: BigUint64Array;
	readonly texts: readonly Uint8Array[];
} {
	const texts = names.map((name) => new TextEncoder().encode(`${name}\0`));
	const table = new BigUint64Array(new ArrayBuffer(8 * Math.max(1, names.length)));
	for (const [at, text] of texts.entries()) table[at] = addressOf(text);
	return { table, texts };
}
