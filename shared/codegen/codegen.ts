// Loop programs to C. In: programs, each with the prefix of its functions. Out: one translation unit and a header, the same
// text for the same input. Candidates of one unit share equal micro-kernels and the functions of the prelude. The emitter
// only obeys: every decision was taken in lowering. The ABI is in c-header.ts.

import type { Buffer, LoopKernel, LoopProgram, Microkernel, Statement } from "#shared/loop-ir/loop-ir.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { type CScope, cTypes } from "./c-expression.ts";
import { printHeader } from "./c-header.ts";
import { createPrelude, type Dialect, type Prelude, withPairInstruction } from "./c-prelude.ts";
import { portableDialect } from "./c-prelude-portable.ts";
import { x86Dialect } from "./c-prelude-x86.ts";
import { abiVersion, cLargePages, cRuntime, cThreads } from "./c-runtime.ts";
import { printStatements } from "./c-statement.ts";

export interface CPart {
	/** Of all its external functions; a C identifier. */
	readonly prefix: string;
	readonly program: LoopProgram;
}

const dialects: Readonly<Record<CpuTarget["dialect"], Dialect>> = {
	x86: x86Dialect,
	portable: portableDialect,
};

/** From here on packed weights are worth large pages of 2 MiB. */
const largePreparedBytes = 8 << 20;

/** Deterministic. Compiles with gcc 12 or later and clang at -O2 with the target's flags; needs -lm, and -pthread for threads. */
export function emitC(parts: readonly CPart[], target: CpuTarget): string {
	const dialect = dialects[target.dialect];
	const prelude = createPrelude(dialect);
	const microkernels = new Map<string, Microkernel>();
	for (const { program } of parts) {
		for (const kernel of program.microkernels) microkernels.set(kernel.name, kernel);
	}
	const shared = [...microkernels.values()].map((kernel) => printMicrokernel(prelude, dialect, kernel));
	const bodies = parts.map((part) => printPart(prelude, dialect, part));
	const isParallel = parts.some(({ program }) => program.kernels.some((kernel) => kernel.isParallel));
	const isLarge = parts.some(({ program }) => program.preparedBytes >= largePreparedBytes);
	return [
		`/* Kernels for ${target.id}. Flags: ${target.compilerFlags.join(" ")} -O2 -fPIC -shared -pthread -lm. */`,
		"#include <stddef.h>",
		...(isParallel ? ["#include <pthread.h>", "#include <sched.h>"] : []),
		...(isLarge ? ["#include <sys/mman.h>"] : []),
		"",
		prelude.text(),
		"",
		cRuntime,
		...(isLarge ? [cLargePages] : []),
		...(isParallel ? [cThreads] : []),
		...shared,
		...bodies,
	].join("\n");
}

/** kernel.h of one program under its prefix. */
export function emitHeader(program: LoopProgram, prefix: string): string {
	return printHeader(program, prefix);
}

/** With an instruction for pairs that not every processor has: both forms, and the choice between them. */
function printMicrokernel(prelude: Prelude, { pairInstruction }: Dialect, kernel: Microkernel): string {
	const { name } = kernel;
	if (pairInstruction === null || pairInstruction.lanes !== kernel.pairLanes)
		return printTile(prelude, kernel, name, "");
	const { condition, attribute } = pairInstruction;
	const [atOnce, oneByOne] = [`${name}_at_once`, `${name}_one_by_one`];
	const operands = [...kernel.parameters.map((parameter) => parameter.name), "steps"].join(", ");
	return (
		printTile(withPairInstruction(prelude), kernel, atOnce, ` ${attribute}`) +
		printTile(prelude, kernel, oneByOne, "") +
		`static inline void ${name}(${printParameters(kernel)}) {\n` +
		`\tif (${condition}) ${atOnce}(${operands});\n\telse ${oneByOne}(${operands});\n}\n`
	);
}

function printParameters(kernel: Microkernel): string {
	const parameters = kernel.parameters.map(({ name, elementType, access }) => {
		return `${access === "read" ? "const " : ""}${cTypes[elementType]} *restrict ${name}`;
	});
	return [...parameters, "long steps"].join(", ");
}

function printTile(prelude: Prelude, kernel: Microkernel, name: string, attribute: string): string {
	const scope: CScope = {
		prelude,
		elementTypes: new Map(kernel.parameters.map(({ name, elementType }) => [name, elementType])),
		microkernels: new Map(),
	};
	return (
		`static __attribute__((noinline))${attribute} void ${name}(${printParameters(kernel)}) {\n` +
		`${printStatements(scope, kernel.body, "\t")}}\n`
	);
}

function printPart(prelude: Prelude, dialect: Dialect, { prefix, program }: CPart): string {
	const kernels = program.kernels.map((kernel, at) =>
		printKernel(prelude, dialect, program, kernel, `${prefix}_part${at}`, preparedInCall),
	);
	const once = program.prepare.kernels.map((kernel, at) =>
		printKernel(prelude, dialect, program, kernel, `${prefix}_once${at}`, preparedInPrepare),
	);
	return [...kernels, ...once, printPrepare(prelude, prefix, program), printEntry(prefix, program)].join(
		"\n",
	);
}

function scopeOf(prelude: Prelude, program: LoopProgram, buffers: readonly Buffer[]): CScope {
	return {
		prelude,
		elementTypes: new Map(buffers.map(({ name, elementType }) => [name, elementType])),
		microkernels: new Map(program.microkernels.map((kernel) => [kernel.name, kernel])),
	};
}

/** How a function reaches the prepared area. */
interface PreparedArea {
	readonly expression: string;
	readonly isWritable: boolean;
}

const preparedInCall: PreparedArea = { expression: "call->prepared", isWritable: false };
/** To a prepare kernel the prepared area is its workspace. */
const preparedInPrepare: PreparedArea = { expression: "call->shared", isWritable: true };

function printKernel(
	prelude: Prelude,
	{ fence }: Dialect,
	program: LoopProgram,
	kernel: LoopKernel,
	name: string,
	prepared: PreparedArea,
): string {
	const memories: string[] = [];
	let streams = false;
	eachStatement(kernel.body, (statement) => {
		if (statement.kind === "onChange") memories.push(`\tlong ${statement.memory} = -1;\n`);
		if (statement.kind === "store" && statement.nonTemporal) streams = true;
	});
	const usesSlice = kernel.buffers.some(({ place }) => place.kind === "thread");
	return (
		`static void ${name}(const kiln_call *call, long thread, kiln_range *range) {\n` +
		(usesSlice
			? "\tchar *const slice = call->slices + (size_t)thread * call->slice_bytes;\n"
			: "\t(void)thread;\n") +
		kernel.buffers.map((buffer) => declareBuffer(buffer, "call->inputs", prepared)).join("") +
		memories.join("") +
		"\tlong begin, end;\n" +
		"\twhile (kiln_take(range, &begin, &end)) {\n\t\tfor (long tile = begin; tile < end; tile++) {\n\t\t\t(void)tile;\n" +
		printStatements(scopeOf(prelude, program, kernel.buffers), kernel.body, "\t\t\t") +
		"\t\t}\n\t}\n" +
		(streams && fence !== "" ? `\t${fence}\n` : "") +
		"}\n"
	);
}

function declareBuffer(buffer: Buffer, inputs: string, prepared: PreparedArea): string {
	const { name, place } = buffer;
	const type = cTypes[buffer.elementType];
	const pointer = `\t${type} *restrict const ${name}`;
	switch (place.kind) {
		case "input":
			return `\tconst ${type} *restrict const ${name} = ${inputs}[${place.input}];\n`;
		case "output":
			return `${pointer} = call->outputs[${place.output}];\n`;
		case "prepared":
			return prepared.isWritable
				? `${pointer} = (${type} *)(${prepared.expression} + ${place.offsetBytes});\n`
				: `\tconst ${type} *restrict const ${name} = (const ${type} *)(${prepared.expression} + ${place.offsetBytes});\n`;
		case "shared":
			return `${pointer} = (${type} *)(call->shared + ${place.offsetBytes});\n`;
		case "thread":
			return `${pointer} = (${type} *)(slice + ${place.offsetBytes});\n`;
		case "local":
			return `\t${type} ${name}[${buffer.elements}] __attribute__((aligned(64)));\n`;
	}
}

function eachStatement(statements: readonly Statement[], visit: (statement: Statement) => void): void {
	for (const statement of statements) {
		visit(statement);
		if (statement.kind === "for" || statement.kind === "onChange") eachStatement(statement.body, visit);
		if (statement.kind === "branch") {
			eachStatement(statement.fits, visit);
			eachStatement(statement.otherwise, visit);
		}
	}
}

function printPrepare(prelude: Prelude, prefix: string, program: LoopProgram): string {
	const { kernels, scratchOffsetBytes, scratchBytes, buffers, body } = program.prepare;
	const { preparedBytes } = program;
	const declarations = buffers.map((buffer) =>
		declareBuffer(buffer, "inputs", { expression: "area", isWritable: true }),
	);
	const call = `{inputs, NULL, area, area, area + ${scratchOffsetBytes}, ${scratchBytes}}`;
	const runs = kernels.map(({ tiles }, at) => `\tkiln_alone(${prefix}_once${at}, &call, ${tiles});\n`);
	return (
		`int ${prefix}_prepare(const void *const *inputs, void *prepared) {\n` +
		"\tchar *const area = prepared;\n\t(void)inputs;\n\t(void)area;\n" +
		(preparedBytes >= largePreparedBytes ? `\tkiln_large_pages(area, ${preparedBytes});\n` : "") +
		(runs.length > 0 ? `\tconst kiln_call call = ${call};\n` : "") +
		runs.join("") +
		declarations.join("") +
		printStatements(scopeOf(prelude, program, buffers), body, "\t") +
		"\treturn 0;\n}\n"
	);
}

/** `PREFIX_run` brings its own threads, `PREFIX_run_with` uses its caller's. */
function printEntry(prefix: string, program: LoopProgram): string {
	const launches = program.kernels.map((kernel, at) =>
		kernel.isParallel
			? `\tkiln_together(${prefix}_part${at}, call, ${kernel.tiles}, threads, apply, context);\n`
			: `\tkiln_alone(${prefix}_part${at}, call, ${kernel.tiles});\n`,
	);
	const { sharedBytes, threadBytes } = program;
	const call = `{inputs, outputs, prepared, workspace, (char *)workspace + ${sharedBytes}, ${threadBytes}}`;
	return `size_t ${prefix}_prepared_bytes(void) { return ${program.preparedBytes}; }
size_t ${prefix}_workspace_bytes(int threads) { return ${sharedBytes} + (size_t)(threads > 1 ? threads : 1) * ${threadBytes}; }
int ${prefix}_abi_version(void) { return ${abiVersion}; }
int ${prefix}_reads(int input) {
	static const unsigned char reads[] = {${readsOf(program).join(", ")}};
	return reads[input];
}
static void ${prefix}_launch(const kiln_call *call, int threads, kiln_apply *apply, void *context) {
	(void)threads, (void)apply, (void)context;
${launches.join("")}}
int ${prefix}_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads) {
	const kiln_call call = ${call};
	${prefix}_launch(&call, threads, 0, 0);
	return 0;
}
int ${prefix}_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads, kiln_apply *apply, void *context) {
	const kiln_call call = ${call};
	${prefix}_launch(&call, threads, apply, context);
	return 0;
}
`;
}

/** By input: 1 where a run reads it; what only prepare reads is not needed again. */
function readsOf({ inputs, kernels }: LoopProgram): readonly number[] {
	const read = new Set(
		kernels.flatMap(({ buffers }) =>
			buffers.flatMap(({ place }) => (place.kind === "input" ? [place.input] : [])),
		),
	);
	return inputs.length === 0 ? [0] : inputs.map((_, at) => (read.has(at) ? 1 : 0));
}
