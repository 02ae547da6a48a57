import { expect, test } from "vitest";
import { unfusedBytes } from "#shared/program/unfused-bytes.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import { matrixProduct } from "#test/support/programs.ts";

test("a product moves its operands and its result once", () => {
	expect(unfusedBytes(matrixProduct(3, 17, 15))).toBe(4 * (3 * 17 + 17 * 15 + 3 * 15));
});

test("each node reads its operands again, constants cost nothing", () => {
	const b = buildProgram();
	const [rows, columns] = [b.axis(2), b.axis(5)];
	const x = b.input([rows, columns]);
	const doubled = b.map("multiply", x, b.constant(2));
	b.output(b.map("add", doubled, b.reduce("sum", doubled, columns)));
	// multiply: 10 read, 10 written; sum: 10 and 2; add: 10 and 2 read, 10 written
	expect(unfusedBytes(b.build())).toBe(4 * (20 + 12 + 22));
});
