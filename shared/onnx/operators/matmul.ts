// Matrix products: MatMul, Gemm and their relatives. Einsum is a file of its own.

import type { ValueId } from "#shared/graph/graph.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { importEinsum } from "./einsum.ts";
import { withScalar } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";

/** NumPy's matmul: a vector on the left is a row, on the right a column; the made axis is dropped again. */
export function matmulOfAnyRank(context: NodeContext, left: ValueId, right: ValueId): ValueId {
	const { build } = context;
	const [leftShape, rightShape] = [build.shapeOf(left), build.shapeOf(right)];
	if (leftShape.length === 0 || rightShape.length === 0) {
		context.refuse("model.shape_invalid", "found a scalar operand, expected rank 1 or more");
	}
	const row = leftShape.length === 1 ? build.reshape(left, [1, ...leftShape]) : left;
	const column = rightShape.length === 1 ? build.reshape(right, [...rightShape, 1]) : right;
	const product = build.matmul(row, column);
	const shape = [...build.shapeOf(product)];
	if (rightShape.length === 1) shape.splice(shape.length - 1, 1);
	if (leftShape.length === 1) shape.splice(shape.length - (rightShape.length === 1 ? 1 : 2), 1);
	return build.reshape(product, shape);
}

function importMatMul(context: NodeContext): void {
	context.output(0, matmulOfAnyRank(context, context.input(0), context.input(1)));
}

/** Swaps the last two axes. */
export function transposeMatrix(context: NodeContext, matrix: ValueId): ValueId {
	const rank = context.build.shapeOf(matrix).length;
	if (rank < 2) context.refuse("model.shape_invalid", `found rank ${rank}, expected a matrix to transpose`);
	const permutation = Array.from({ length: rank }, (_, axis) => axis);
	permutation.splice(rank - 2, 2, rank - 1, rank - 2);
	return context.build.transpose(matrix, permutation);
}

/** alpha A' B' + beta C, with C broadcast to the product. */
function importGemm(context: NodeContext): void {
	const { build } = context;
	const [a, b, c] = [context.input(0), context.input(1), context.optionalInput(2)];
	const left = context.attributeInt("transA", 0) !== 0 ? transposeMatrix(context, a) : a;
	const right = context.attributeInt("transB", 0) !== 0 ? transposeMatrix(context, b) : b;
	const [alpha, beta] = [context.attributeFloat("alpha", 1), context.attributeFloat("beta", 1)];
	if (!isFloat(build.dataTypeOf(a)) && (!Number.isInteger(alpha) || !Number.isInteger(beta))) {
		context.refuse(
			"model.op_attribute_unsupported",
			`found alpha ${alpha} and beta ${beta} for ${build.dataTypeOf(a)}, supported: whole numbers`,
		);
	}
	const product = build.matmul(left, right);
	if (build.shapeOf(product).length !== 2) {
		context.refuse(
			"model.shape_invalid",
			`found operands of rank ${build.shapeOf(product).length}, expected 2`,
		);
	}
	const scaled = alpha === 1 ? product : withScalar(build, "multiply", product, alpha);
	if (c === null || beta === 0) {
		context.output(0, scaled);
		return;
	}
	const addend = beta === 1 ? c : withScalar(build, "multiply", c, beta);
	build.broadcast(addend, build.shapeOf(product));
	context.output(0, build.binary("add", scaled, addend));
}

/** Product of 8-bit operands, their zero points taken off first, in int32. */
function importMatMulInteger(context: NodeContext): void {
	const { build } = context;
	const widened = (index: number, zeroPointIndex: number, axesBehind: number): ValueId => {
		const wide = build.cast(context.input(index), "int32");
		const zeroPoint = context.optionalInput(zeroPointIndex);
		if (zeroPoint === null) return wide;
		const shape = build.shapeOf(zeroPoint);
		const ones = new Array<number>(shape.length === 1 ? axesBehind : 0).fill(1);
		return build.binary("subtract", wide, build.cast(build.reshape(zeroPoint, [...shape, ...ones]), "int32"));
	};
	context.output(0, matmulOfAnyRank(context, widened(0, 2, 1), widened(1, 3, 0)));
}

/** alpha op(A) op(B); a batch transpose moves the first axis behind the others, before the last. */
function importFusedMatMul(context: NodeContext): void {
	const { build } = context;
	demandFloat(context, context.input(0));
	const operand = (index: number, suffix: "A" | "B"): ValueId => {
		if (context.attributeInt(`transBatch${suffix}`, 0) !== 0) {
			context.refuse("model.op_attribute_unsupported", `found transBatch${suffix} 1, supported: 0`, {
				attribute: `transBatch${suffix}`,
			});
		}
		const value = context.input(index);
		// A vector has nothing to transpose.
		const transposes = context.attributeInt(`trans${suffix}`, 0) !== 0 && build.shapeOf(value).length > 1;
		return transposes ? transposeMatrix(context, value) : value;
	};
	const product = matmulOfAnyRank(context, operand(0, "A"), operand(1, "B"));
	const alpha = context.attributeFloat("alpha", 1);
	context.output(0, alpha === 1 ? product : withScalar(build, "multiply", product, alpha));
}

export const matmulOperators: Readonly<Record<string, OperatorEntry>> = {
	MatMul: operatorEntry(importMatMul),
	Gemm: operatorEntry(importGemm),
	MatMulInteger: operatorEntry(importMatMulInteger, 10),
	Einsum: operatorEntry(importEinsum, 12),
	"com.microsoft:FusedMatMul": operatorEntry(importFusedMatMul, 1, "transBatchA and transBatchB must be 0."),
};
