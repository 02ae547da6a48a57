// Well-formedness of a loop program: what is named is declared, lanes agree, and no address leaves its buffer. Addresses are
// affine and loops are counted, so their range is known exactly enough to prove it.

import type { DataType } from "#shared/tensor/data-type.ts";
import { type Affine, addAffine, affineConstant } from "./affine.ts";
import {
	type Buffer,
	type CallStatement,
	type Expression,
	expressionLanes,
	type LoopProgram,
	type Microkernel,
	type Statement,
} from "./loop-ir.ts";

/** Least and greatest value of an index variable. */
type Range = readonly [number, number];

interface Scope {
	readonly where: string;
	/** Part of the prepare step: may write the prepared area. */
	readonly isPrepare: boolean;
	readonly faults: string[];
	readonly buffers: ReadonlyMap<string, Buffer>;
	readonly microkernels: ReadonlyMap<string, Microkernel>;
	/** Lanes and mutability of each local. */
	readonly locals: Map<string, { readonly lanes: number; readonly mutable: boolean }>;
	readonly ranges: Map<string, Range>;
}

interface CodeBlock {
	readonly buffers: readonly Buffer[];
	readonly body: readonly Statement[];
}

/** What is wrong with a program, one sentence a fault; empty when it is well formed. */
export function checkLoopProgram(program: LoopProgram): readonly string[] {
	const faults: string[] = [];
	const microkernels = new Map(program.microkernels.map((kernel) => [kernel.name, kernel]));
	const check = (where: string, { buffers, body }: CodeBlock, isPrepare: boolean): void => {
		const named = new Map(buffers.map((buffer) => [buffer.name, buffer]));
		if (named.size !== buffers.length) faults.push(`${where}: two buffers have one name`);
		const scope: Scope = {
			where,
			isPrepare,
			faults,
			buffers: named,
			microkernels,
			locals: new Map(),
			ranges: new Map(),
		};
		checkStatements(scope, body);
	};
	program.prepare.kernels.forEach((kernel, at) => {
		check(`prepare kernel ${at}`, kernel, true);
	});
	check("prepare", program.prepare, true);
	program.kernels.forEach((kernel, at) => {
		check(`kernel ${at}`, kernel, false);
	});
	return faults;
}

function checkStatements(scope: Scope, statements: readonly Statement[]): void {
	const inner: Scope = { ...scope, locals: new Map(scope.locals), ranges: new Map(scope.ranges) };
	for (const statement of statements) checkStatement(inner, statement);
}

function withRange(scope: Scope, variable: string, range: Range): Scope {
	return { ...scope, ranges: new Map(scope.ranges).set(variable, range) };
}

type Checkers = {
	readonly [Kind in Statement["kind"]]: (
		scope: Scope,
		statement: Extract<Statement, { readonly kind: Kind }>,
	) => void;
};

const checkers: Checkers = {
	declare: (scope, { name, lanes, value, mutable }) => {
		checkValue(scope, value, lanes);
		if (scope.locals.has(name)) fault(scope, `${name} is declared twice`);
		scope.locals.set(name, { lanes, mutable });
	},
	assign: (scope, { name, value }) => {
		const local = scope.locals.get(name);
		if (local?.mutable !== true) fault(scope, `${name} is assigned but is no mutable local`);
		checkValue(scope, value, local?.lanes ?? 1);
	},
	store: (scope, { buffer, index, value, lanes, active, laneStride }) => {
		checkValue(scope, value, lanes);
		checkSpan(scope, buffer, index, active, laneStride, true);
	},
	transpose: (scope, { vectors, lanes, active, isPadded, buffer, index, stride }) => {
		for (const vector of vectors) checkValue(scope, vector, lanes);
		const width = isPadded ? lanes : vectors.length;
		for (const row of [0, active - 1]) {
			checkSpan(scope, buffer, addAffine(index, affineConstant(row * stride)), width, 1, true);
		}
	},
	prefetch: (scope, { buffer }) => {
		if (!scope.buffers.has(buffer)) fault(scope, `no buffer ${buffer}`);
	},
	zero: (scope, { buffer, index, elements }) => {
		checkSpan(scope, buffer, index, elements, 1, true);
	},
	for: (scope, { variable, begin, end, step, body }) => {
		const first = rangeOf(scope, begin)[0];
		const limit = rangeOf(scope, end)[1];
		if (limit <= first) return;
		const last = first + Math.floor((limit - 1 - first) / step) * step;
		checkStatements(withRange(scope, variable, [first, last]), body);
	},
	branch: (scope, { index, limit, fits, otherwise }) => {
		const [term] = index.terms;
		if (term === undefined || term.factor !== 1 || index.terms.length > 1) {
			fault(scope, "branches on something else than a tile's start");
			return;
		}
		const [first, last] = rangeOf(scope, index);
		checkStatements(withRange(scope, term.variable, [first, Math.min(last, limit)]), fits);
		checkStatements(withRange(scope, term.variable, [last, last]), otherwise);
	},
	tileStart: (scope, { variable, modulus, factor }) => {
		scope.ranges.set(variable, [0, (modulus - 1) * factor]);
	},
	onChange: (scope, { body }) => {
		checkStatements(scope, body);
	},
	call: (scope, statement) => {
		checkCall(scope, statement);
	},
};

function checkStatement<Kind extends Statement["kind"]>(
	scope: Scope,
	statement: Extract<Statement, { readonly kind: Kind }> & { readonly kind: Kind },
): void {
	checkers[statement.kind](scope, statement);
}

function checkValue(scope: Scope, value: Expression, lanes: number): void {
	const own = expressionLanes(value);
	if (own !== 1 && own !== lanes) fault(scope, `a value of ${own} lanes stands where ${lanes} are expected`);
	switch (value.kind) {
		case "number":
			return;
		case "local": {
			const local = scope.locals.get(value.name);
			if (local === undefined) fault(scope, `no local ${value.name}`);
			else if (local.lanes !== value.lanes) fault(scope, `local ${value.name} has ${local.lanes} lanes`);
			return;
		}
		case "load":
			checkSpan(scope, value.buffer, value.index, value.active, value.laneStride, false);
			return;
		case "apply":
			for (const operand of value.operands) checkValue(scope, operand, value.lanes);
			return;
		case "horizontal":
		case "keep":
			checkValue(scope, value.operand, expressionLanes(value.operand));
	}
}

/** A micro-kernel's addresses, moved to where its operands begin. */
function checkCall(scope: Scope, call: CallStatement): void {
	const kernel = scope.microkernels.get(call.microkernel);
	if (kernel === undefined) {
		fault(scope, `no micro-kernel ${call.microkernel}`);
		return;
	}
	kernel.parameters.forEach((parameter, at) => {
		const operand = call.operands[at];
		const buffer = operand === undefined ? undefined : scope.buffers.get(operand.buffer);
		if (operand === undefined || buffer === undefined) {
			fault(scope, `${call.microkernel} lacks operand ${parameter.name}`);
			return;
		}
		if (buffer.elementType !== parameter.elementType) fault(scope, `${parameter.name} has another type`);
		const [first, last] = rangeOf(scope, operand.index);
		const widest = spanOfParameter(kernel, parameter.name, parameter.elementType, rangeOf(scope, call.steps));
		// What is only prefetched may lie past the buffer.
		if (widest === null) return;
		if (first + widest[0] < 0 || last + widest[1] >= buffer.elements) {
			fault(scope, `${call.microkernel} leaves ${operand.buffer} (${buffer.elements} elements)`);
		}
	});
}

/** Least and greatest element of a parameter that the micro-kernel touches; null: none. */
function spanOfParameter(
	kernel: Microkernel,
	name: string,
	elementType: DataType,
	steps: Range,
): Range | null {
	let span: Range | null = null;
	const probe: Buffer = { name, elementType, elements: Number.POSITIVE_INFINITY, place: { kind: "local" } };
	const note = (range: Range): void => {
		span = span === null ? range : [Math.min(span[0], range[0]), Math.max(span[1], range[1])];
	};
	const buffers = new Map(kernel.parameters.map((parameter) => [parameter.name, probe]));
	const base: Scope = {
		where: kernel.name,
		isPrepare: false,
		faults: [],
		buffers,
		microkernels: new Map(),
		locals: new Map(),
		ranges: new Map([["steps", steps]]),
	};
	eachSpan(base, kernel.body, (buffer, range) => {
		if (buffer === name) note(range);
	});
	return span;
}

function eachSpan(
	scope: Scope,
	statements: readonly Statement[],
	visit: (buffer: string, range: Range) => void,
): void {
	const loads = (value: Expression): void => {
		if (value.kind === "load")
			visit(value.buffer, spanOf(scope, value.index, value.active, value.laneStride));
		if (value.kind === "apply") for (const operand of value.operands) loads(operand);
	};
	for (const statement of statements) {
		if (statement.kind === "declare" || statement.kind === "assign") loads(statement.value);
		if (statement.kind === "store") {
			visit(statement.buffer, spanOf(scope, statement.index, statement.active, statement.laneStride));
		}
		if (statement.kind !== "for") continue;
		const end = rangeOf(scope, statement.end)[1];
		if (end > 0) {
			eachSpan(withRange(scope, statement.variable, [0, end - statement.step]), statement.body, visit);
		}
	}
}

function spanOf(scope: Scope, index: Affine, count: number, stride: number): Range {
	const [low, high] = rangeOf(scope, index);
	const reach = (count - 1) * stride;
	return [low + Math.min(0, reach), high + Math.max(0, reach)];
}

function checkSpan(
	scope: Scope,
	name: string,
	index: Affine,
	count: number,
	stride: number,
	writes: boolean,
): void {
	const buffer = scope.buffers.get(name);
	if (buffer === undefined) {
		fault(scope, `no buffer ${name}`);
		return;
	}
	if (writes && buffer.place.kind === "input") fault(scope, `writes input ${name}`);
	if (writes && buffer.place.kind === "prepared" && !scope.isPrepare)
		fault(scope, `writes ${name} of the prepared area`);
	const [low, high] = spanOf(scope, index, count, stride);
	if (low < 0 || high >= buffer.elements) {
		fault(scope, `touches ${name}[${low}..${high}], which has ${buffer.elements} elements`);
	}
}

function rangeOf(scope: Scope, value: Affine): Range {
	let low = value.constant;
	let high = value.constant;
	for (const { variable, factor } of value.terms) {
		const range = scope.ranges.get(variable);
		if (range === undefined) fault(scope, `no index variable ${variable}`);
		const [first, last] = range ?? [0, 0];
		low += Math.min(first * factor, last * factor);
		high += Math.max(first * factor, last * factor);
	}
	return [low, high];
}

function fault(scope: Scope, message: string): void {
	scope.faults.push(`${scope.where}: ${message}`);
}
