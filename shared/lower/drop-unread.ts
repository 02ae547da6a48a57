// Scratch that is written but never read: every reader stood in the same loop nest and took the value from its register.
//
// Before: v7[i] = t3; out[i] = t3 + t4   After: out[i] = t3 + t4

import type { Buffer, Expression, Statement } from "#shared/loop-ir/loop-ir.ts";

export interface KernelBody {
	readonly buffers: readonly Buffer[];
	readonly body: readonly Statement[];
}

/** The same kernel without writes to scratch that nothing reads, and without loops that are empty then. */
export function dropUnread({ buffers, body }: KernelBody): KernelBody {
	const read = new Set<string>();
	collectReads(body, read);
	const isScratch = ({ place }: Buffer): boolean => place.kind === "local" || place.kind === "thread";
	const unread = new Set(
		buffers.filter((buffer) => isScratch(buffer) && !read.has(buffer.name)).map(({ name }) => name),
	);
	if (unread.size === 0) return { buffers, body };
	return { buffers: buffers.filter(({ name }) => !unread.has(name)), body: prune(body, unread) };
}

function collectReads(statements: readonly Statement[], read: Set<string>): void {
	for (const statement of statements) {
		switch (statement.kind) {
			case "declare":
			case "assign":
			case "store":
				collectLoads(statement.value, read);
				break;
			case "transpose":
				for (const vector of statement.vectors) collectLoads(vector, read);
				break;
			case "for":
			case "onChange":
				collectReads(statement.body, read);
				break;
			case "branch":
				collectReads(statement.fits, read);
				collectReads(statement.otherwise, read);
				break;
			case "call":
				for (const { buffer } of statement.operands) read.add(buffer);
				break;
			case "prefetch":
			case "zero":
			case "tileStart":
				break;
		}
	}
}

function collectLoads(value: Expression, read: Set<string>): void {
	if (value.kind === "load") read.add(value.buffer);
	else if (value.kind === "apply") for (const operand of value.operands) collectLoads(operand, read);
	else if (value.kind === "horizontal" || value.kind === "keep") collectLoads(value.operand, read);
}

function prune(statements: readonly Statement[], unread: ReadonlySet<string>): readonly Statement[] {
	return statements.flatMap((statement): readonly Statement[] => {
		switch (statement.kind) {
			case "store":
			case "transpose":
			case "zero":
				return unread.has(statement.buffer) ? [] : [statement];
			case "for":
			case "onChange": {
				const body = prune(statement.body, unread);
				return body.length === 0 ? [] : [{ ...statement, body }];
			}
			case "branch": {
				const fits = prune(statement.fits, unread);
				return [{ ...statement, fits, otherwise: prune(statement.otherwise, unread) }];
			}
			default:
				return [statement];
		}
	});
}
