import { present } from "#shared/fault/assert.ts";
import type { MatmulNode } from "#shared/graph/graph.ts";
import { broadcastStrides } from "#shared/graph/strided-walk.ts";
import type { FieldBuffer } from "#shared/numeric/field-buffer.ts";
import { multiplyModulo } from "#shared/numeric/field-pair.ts";
import { elementCount, rowMajorStrides } from "#shared/tensor/shape.ts";
import { allocateFor, type EvaluateInFields, type FieldTensor } from "./field-tensor.ts";

/** Sums of this many residues are exact in float64. */
const summedMax = 2 ** 26;

/** Batched matrix products, exact in both fields. */
export const evaluateMatmul: EvaluateInFields<MatmulNode> = (run, _node, operands, output) => {
	const [left, right] = [present(operands[0], "a left operand"), present(operands[1], "a right operand")];
	const { lanes, pair } = run.trials;
	const buffer = allocateFor(run, output);
	const batch = output.shape.slice(0, -2);
	const [rows = 1, columns = 1] = output.shape.slice(-2);
	const inner = left.shape.at(-1) ?? 1;
	const leftStarts = matrixStarts(left, batch);
	const rightStarts = matrixStarts(right, batch);
	for (const [component, prime] of [
		["outside", pair.p],
		["inside", pair.q],
	] as const) {
		leftStarts.forEach((leftStart, matrix) => {
			multiplyMatrices({
				left: left.buffer[component].subarray(leftStart * lanes),
				right: right.buffer[component].subarray((rightStarts[matrix] ?? 0) * lanes),
				into: buffer[component].subarray(matrix * rows * columns * lanes),
				rows,
				columns,
				inner,
				lanes,
				prime,
			});
		});
	}
	return buffer;
};

/** First element of the operand's matrix for each matrix of the result. */
function matrixStarts({ shape }: FieldTensor, batch: readonly number[]): number[] {
	const strides = broadcastStrides(shape.slice(0, -2), batch);
	const positions = rowMajorStrides(batch);
	const pitch = elementCount(shape.slice(-2));
	return Array.from({ length: elementCount(batch) }, (_, matrix) =>
		batch.reduce((start, extent, axis) => {
			const at = Math.floor(matrix / (positions[axis] ?? 1)) % extent;
			return start + at * (strides[axis] ?? 0) * pitch;
		}, 0),
	);
}

interface MatrixProduct {
	readonly left: FieldBuffer["outside"];
	readonly right: FieldBuffer["outside"];
	readonly into: FieldBuffer["outside"];
	readonly rows: number;
	readonly columns: number;
	readonly inner: number;
	readonly lanes: number;
	readonly prime: number;
}

function multiplyMatrices(product: MatrixProduct): void {
	const { left, right, into, rows, columns, inner, lanes, prime } = product;
	const inverse = 1 / prime;
	for (let row = 0; row < rows; row++) {
		for (let column = 0; column < columns; column++) {
			const at = (row * columns + column) * lanes;
			for (let lane = 0; lane < lanes; lane++) {
				let sum = 0;
				for (let k = 0; k < inner; k++) {
					sum += multiplyModulo(
						left[(row * inner + k) * lanes + lane] as number,
						right[(k * columns + column) * lanes + lane] as number,
						prime,
						inverse,
					);
					if (k % summedMax === summedMax - 1) sum %= prime;
				}
				into[at + lane] = sum % prime;
			}
		}
	}
}
