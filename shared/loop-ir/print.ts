// Stable text of a loop program, for people and for tests.

import type { Affine } from "./affine.ts";
import type { Buffer, Expression, LoopProgram, Statement } from "./loop-ir.ts";

export function printLoopProgram(program: LoopProgram): string {
	const lines: string[] = [];
	const block = (title: string, buffers: readonly Buffer[], body: readonly Statement[]): void => {
		lines.push(title);
		for (const { name, elementType, elements, place } of buffers) {
			const at = "offsetBytes" in place ? ` at ${place.offsetBytes}` : "";
			lines.push(`\tbuffer ${name}: ${elementType}[${elements}] in ${place.kind}${at}`);
		}
		printBody(lines, body, "\t");
	};
	for (const kernel of program.microkernels) lines.push(`micro-kernel ${kernel.name}`);
	program.prepare.kernels.forEach((kernel, at) => {
		block(`prepare kernel ${at}: ${kernel.tiles} tiles`, kernel.buffers, kernel.body);
	});
	block(`prepare (${program.preparedBytes} bytes)`, program.prepare.buffers, program.prepare.body);
	program.kernels.forEach((kernel, at) => {
		const threads = kernel.isParallel ? "shared out" : "alone";
		block(`kernel ${at}: ${kernel.tiles} tiles, ${threads}`, kernel.buffers, kernel.body);
	});
	lines.push(`workspace: ${program.sharedBytes} shared, ${program.threadBytes} a thread`);
	return `${lines.join("\n")}\n`;
}

function printBody(lines: string[], statements: readonly Statement[], indent: string): void {
	for (const statement of statements) printStatement(lines, statement, indent);
}

type Printers = {
	readonly [Kind in Statement["kind"]]: (
		lines: string[],
		statement: Extract<Statement, { readonly kind: Kind }>,
		indent: string,
	) => void;
};

const printers: Printers = {
	declare: (lines, { name, lanes, value, mutable }, indent) => {
		lines.push(`${indent}${mutable ? "var" : "let"} ${name}: ${lanes} = ${printValue(value)}`);
	},
	assign: (lines, { name, value }, indent) => {
		lines.push(`${indent}${name} = ${printValue(value)}`);
	},
	store: (lines, { buffer, index, active, laneStride, nonTemporal, value }, indent) => {
		const past = nonTemporal ? " past the caches" : "";
		const at = `${buffer}[${printIndex(index)} by ${laneStride}; ${active}]`;
		lines.push(`${indent}${at} = ${printValue(value)}${past}`);
	},
	transpose: (lines, { buffer, index, stride, active, vectors }, indent) => {
		const rows = vectors.map(printValue).join(", ");
		lines.push(`${indent}transpose ${buffer}[${printIndex(index)} by ${stride}; ${active}] = ${rows}`);
	},
	prefetch: (lines, { buffer, index, level }, indent) => {
		lines.push(`${indent}prefetch into L${level} ${buffer}[${printIndex(index)}]`);
	},
	zero: (lines, { buffer, index, elements }, indent) => {
		lines.push(`${indent}zero ${buffer}[${printIndex(index)}; ${elements}]`);
	},
	for: (lines, { variable, begin, end, step, body }, indent) => {
		lines.push(`${indent}for ${variable} from ${printIndex(begin)} below ${printIndex(end)} by ${step}`);
		printBody(lines, body, `${indent}\t`);
	},
	branch: (lines, { index, limit, fits, otherwise }, indent) => {
		lines.push(`${indent}if ${printIndex(index)} <= ${limit}`);
		printBody(lines, fits, `${indent}\t`);
		lines.push(`${indent}else`);
		printBody(lines, otherwise, `${indent}\t`);
	},
	tileStart: (lines, { variable, divisor, modulus, factor }, indent) => {
		lines.push(`${indent}${variable} = tile / ${divisor} mod ${modulus} * ${factor}`);
	},
	onChange: (lines, { divisor, body }, indent) => {
		lines.push(`${indent}when tile / ${divisor} changes`);
		printBody(lines, body, `${indent}\t`);
	},
	call: (lines, { microkernel, operands, steps }, indent) => {
		const places = operands.map(({ buffer, index }) => `${buffer}[${printIndex(index)}]`);
		lines.push(`${indent}${microkernel}(${places.join(", ")}; ${printIndex(steps)} steps)`);
	},
};

function printStatement<Kind extends Statement["kind"]>(
	lines: string[],
	statement: Extract<Statement, { readonly kind: Kind }> & { readonly kind: Kind },
	indent: string,
): void {
	printers[statement.kind](lines, statement, indent);
}

function printValue(value: Expression): string {
	switch (value.kind) {
		case "number":
			return `${value.value}`;
		case "local":
			return value.name;
		case "load":
			return `${value.buffer}[${printIndex(value.index)} by ${value.laneStride}; ${value.active}]`;
		case "apply":
			return `${value.operator}(${value.operands.map(printValue).join(", ")})`;
		case "horizontal":
			return `${value.operator} across ${printValue(value.operand)}`;
		case "keep":
			return `keep ${value.active} of ${printValue(value.operand)} else ${value.neutral}`;
	}
}

function printIndex(value: Affine): string {
	const parts = value.terms.map(({ variable, factor }) =>
		factor === 1 ? variable : `${factor}*${variable}`,
	);
	if (value.constant !== 0 || parts.length === 0) parts.push(`${value.constant}`);
	return parts.join(" + ");
}
