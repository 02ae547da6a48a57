// Statements of the loop IR as C statements, one printer a kind.

import { present } from "#shared/fault/assert.ts";
import { addAffine, affineConstant } from "#shared/loop-ir/affine.ts";
import type { Statement, StoreStatement } from "#shared/loop-ir/loop-ir.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { type CScope, cTypes, printAffine, printAs, printExpression } from "./c-expression.ts";
import { vectorType } from "./c-prelude.ts";

export function printStatements(scope: CScope, statements: readonly Statement[], indent: string): string {
	return statements.map((statement) => printStatement(scope, statement, indent)).join("");
}

/** GCC's third argument of a prefetch: how long a line is to stay, and so where it comes to. */
const localities = { 1: 3, 2: 2 } as const;

type Printers = {
	readonly [Kind in Statement["kind"]]: (
		scope: CScope,
		statement: Extract<Statement, { readonly kind: Kind }>,
		indent: string,
	) => string;
};

const printers: Printers = {
	declare: (scope, { name, lanes, value, mutable }, indent) =>
		`${indent}${mutable ? "" : "const "}${vectorType(lanes)} ${name} = ${printAs(scope, value, lanes)};\n`,
	assign: (scope, { name, value }, indent) => `${indent}${name} = ${printExpression(scope, value)};\n`,
	store: (scope, statement, indent) => `${indent}${printStore(scope, statement)}\n`,
	transpose: (scope, { vectors, lanes, active, isPadded, buffer, index, stride }, indent) => {
		const rows = Array.from({ length: lanes }, (_, row) => {
			const vector = vectors[row];
			return printAs(scope, vector ?? { kind: "number", value: 0 }, lanes);
		});
		const target = `${buffer} + ${printAffine(index)}`;
		const name = scope.prelude.call("transpose", lanes);
		const width = isPadded ? lanes : vectors.length;
		return `${indent}${name}(${rows.join(", ")}, ${target}, ${stride}, ${active}, ${width});\n`;
	},
	prefetch: (_, { buffer, index, level }, indent) =>
		`${indent}__builtin_prefetch(${buffer} + ${printAffine(index)}, 0, ${localities[level]});\n`,
	zero: (_, { buffer, index, elements }, indent) =>
		`${indent}__builtin_memset(${buffer} + ${printAffine(index)}, 0, ${elements} * sizeof *${buffer});\n`,
	for: (scope, { variable, begin, end, step, body }, indent) =>
		`${indent}for (long ${variable} = ${printAffine(begin)}; ${variable} < ${printAffine(end)}; ${variable} += ${step}) {\n` +
		`${printStatements(scope, body, `${indent}\t`)}${indent}}\n`,
	branch: (scope, { index, limit, fits, otherwise }, indent) =>
		`${indent}if (${printAffine(index)} <= ${limit}) {\n${printStatements(scope, fits, `${indent}\t`)}` +
		`${indent}} else {\n${printStatements(scope, otherwise, `${indent}\t`)}${indent}}\n`,
	tileStart: (_, { variable, divisor, modulus, factor }, indent) =>
		`${indent}const long ${variable} = tile / ${divisor} % ${modulus} * ${factor};\n`,
	onChange: (scope, { memory, divisor, body }, indent) =>
		`${indent}if (${memory} != tile / ${divisor}) {\n${indent}\t${memory} = tile / ${divisor};\n` +
		`${printStatements(scope, body, `${indent}\t`)}${indent}}\n`,
	call: (_, { microkernel, operands, steps }, indent) => {
		const pointers = operands.map(({ buffer, index }) => `${buffer} + ${printAffine(index)}`);
		return `${indent}${microkernel}(${[...pointers, printAffine(steps)].join(", ")});\n`;
	},
};

function printStatement<Kind extends Statement["kind"]>(
	scope: CScope,
	statement: Extract<Statement, { readonly kind: Kind }> & { readonly kind: Kind },
	indent: string,
): string {
	return printers[statement.kind](scope, statement, indent);
}

function printStore(scope: CScope, store: StoreStatement): string {
	const type = present(scope.elementTypes.get(store.buffer), `buffer ${store.buffer} is declared`);
	const value = printAs(scope, store.value, store.lanes);
	const pointer = `${store.buffer} + ${printAffine(store.index)}`;
	const { lanes, active } = store;
	if (lanes === 1) {
		return `${store.buffer}[${printAffine(store.index)}] = ${toElement(scope, type, value)};`;
	}
	if (store.laneStride === 1 && type === "float32") {
		if (active < lanes) return `${scope.prelude.call("store_part", lanes)}(${pointer}, ${value}, ${active});`;
		if (store.nonTemporal) return `${scope.prelude.call("store_streaming", lanes)}(${pointer}, ${value});`;
		return `*(kiln_f${lanes}u *)(${pointer}) = ${value};`;
	}
	if (store.laneStride === 1 && type === "float16" && active === lanes) {
		return `*(kiln_h${lanes}u *)(${pointer}) = ${scope.prelude.call("to_half", lanes)}(${value});`;
	}
	const writes = Array.from({ length: active }, (_, lane) => {
		const index = printAffine(addAffine(store.index, affineConstant(lane * store.laneStride)));
		return `${store.buffer}[${index}] = ${toElement(scope, type, `lanes[${lane}]`)};`;
	});
	return `{ const ${vectorType(lanes)} lanes = ${value}; ${writes.join(" ")} }`;
}

function toElement(scope: CScope, type: DataType, value: string): string {
	if (type === "float32") return value;
	if (type === "float16") return `${scope.prelude.call("to_half", 1)}(${value})`;
	if (type === "bfloat16") return `${scope.prelude.call("to_brain", 1)}(${value})`;
	if (type === "bool") return `(${value}) != 0.0f`;
	return `(${cTypes[type]})(${value})`;
}
