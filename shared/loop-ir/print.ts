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

function printStatement(lines: string[], statement: Statement, indent: string): void {
	const line = (text: string): number => lines.push(`${indent}${text}`);
	switch (statement.kind) {
		case "declare": {
			const { name, lanes, value, mutable } = statement;
			line(`${mutable ? "var" : "let"} ${name}: ${lanes} = ${printValue(value)}`);
			return;
		}
		case "assign":
			line(`${statement.name} = ${printValue(statement.value)}`);
			return;
		case "store": {
			const { buffer, index, active, laneStride, nonTemporal, value } = statement;
			const past = nonTemporal ? " past the caches" : "";
			line(`${buffer}[${printIndex(index)} by ${laneStride}; ${active}] = ${printValue(value)}${past}`);
			return;
		}
		case "transpose": {
			const { buffer, index, stride, active, vectors } = statement;
			const rows = vectors.map(printValue).join(", ");
			line(`transpose ${buffer}[${printIndex(index)} by ${stride}; ${active}] = ${rows}`);
			return;
		}
		case "prefetch":
			line(`prefetch ${statement.buffer}[${printIndex(statement.index)}]`);
			return;
		case "zero":
			line(`zero ${statement.buffer}[${printIndex(statement.index)}; ${statement.elements}]`);
			return;
		case "for": {
			const { variable, begin, end, step, body } = statement;
			line(`for ${variable} from ${printIndex(begin)} below ${printIndex(end)} by ${step}`);
			printBody(lines, body, `${indent}\t`);
			return;
		}
		case "branch":
			line(`if ${printIndex(statement.index)} <= ${statement.limit}`);
			printBody(lines, statement.fits, `${indent}\t`);
			line("else");
			printBody(lines, statement.otherwise, `${indent}\t`);
			return;
		case "tileStart": {
			const { variable, divisor, modulus, factor } = statement;
			line(`${variable} = tile / ${divisor} mod ${modulus} * ${factor}`);
			return;
		}
		case "onChange":
			line(`when tile / ${statement.divisor} changes`);
			printBody(lines, statement.body, `${indent}\t`);
			return;
		case "call": {
			const operands = statement.operands.map(({ buffer, index }) => `${buffer}[${printIndex(index)}]`);
			line(`${statement.microkernel}(${operands.join(", ")}; ${printIndex(statement.steps)} steps)`);
		}
	}
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
