// The reference meaning of cast nodes. Out-of-range conversions do what ONNX Runtime's compiled code does on x86-64.

import { present } from "#shared/fault/assert.ts";
import type { CastNode } from "#shared/graph/graph.ts";
import type { OutputType } from "#shared/graph/interpret-elementwise.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { roundToBfloat16, roundToFloat16 } from "#shared/tensor/float16.ts";
import { wrapInteger } from "#shared/tensor/integer-wrap.ts";
import type { ElementValues, TensorValues } from "#shared/tensor/tensor-values.ts";
import { toNumbers } from "#shared/tensor/tensor-values.ts";

/** 2^31 and 2^63: beyond them the conversion instructions answer with the most negative integer. */
const int32Limit = 2 ** 31;
const int64Limit = 2 ** 63;
const int64Indefinite = -(2n ** 63n);

export function evaluateCast(
	_node: CastNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const input = present(operands[0], "a cast node without its operand");
	if (input.dataType === output.dataType) return input.values;
	if (isFloat(output.dataType)) return toFloat(input, output.dataType);
	if (output.dataType === "bool") return toNumbers(input.values).map((value) => (value === 0 ? 0 : 1));
	if (output.dataType === "int64" || output.dataType === "uint64") return toBigInts(input, output.dataType);
	return toNarrowInteger(input, output.dataType);
}

/**
 * A cast rounds to its type, because programs observe it (float32 to float16 and back), unless the type holds every
 * value of the operand's: float intermediates stay unrounded otherwise.
 */
function toFloat(input: TensorValues, dataType: DataType): Float64Array {
	const numbers = toNumbers(input.values);
	const widens =
		dataType === "float64" ||
		(dataType === "float32" && (input.dataType === "float16" || input.dataType === "bfloat16"));
	if (widens) return numbers;
	if (dataType === "float32") return numbers.map(Math.fround);
	return numbers.map(dataType === "float16" ? roundToFloat16 : roundToBfloat16);
}

function toBigInts(input: TensorValues, dataType: "int64" | "uint64"): ElementValues {
	const result = new (dataType === "int64" ? BigInt64Array : BigUint64Array)(input.values.length);
	const { values } = input;
	if (values instanceof Float64Array) {
		const convert = dataType === "int64" ? numberToInt64 : numberToUint64;
		for (let index = 0; index < values.length; index++) result[index] = convert(values[index] ?? 0);
	} else {
		for (let index = 0; index < values.length; index++) result[index] = values[index] ?? 0n;
	}
	return result;
}

/** cvttsd2si with a 64-bit destination. */
function numberToInt64(value: number): bigint {
	return Math.abs(value) < int64Limit ? BigInt(Math.trunc(value)) : int64Indefinite;
}

/** The compiler's sequence: below 2^63 as signed, from there on shifted down by 2^63 and the top bit put back. */
function numberToUint64(value: number): bigint {
	if (value >= int64Limit) return numberToInt64(value - int64Limit) + 2n ** 63n;
	return numberToInt64(value);
}

function toNarrowInteger(input: TensorValues, dataType: Exclude<DataType, "int64" | "uint64">): Float64Array {
	const wrap = wrapInteger[dataType];
	const { values } = input;
	if (!(values instanceof Float64Array)) {
		const result = new Float64Array(values.length);
		for (let index = 0; index < values.length; index++) {
			result[index] = wrap(Number(BigInt.asIntN(32, values[index] ?? 0n)));
		}
		return result;
	}
	if (!isFloat(input.dataType)) return values.map(wrap);
	return values.map(dataType === "uint32" ? numberToUint32 : (value) => wrap(numberToInt32(value)));
}

/** cvttsd2si with a 32-bit destination; narrower types take its low bits. */
function numberToInt32(value: number): number {
	return value > -int32Limit - 1 && value < int32Limit ? Math.trunc(value) : -int32Limit;
}

/** The compiler's sequence, as for 64 bits: from 2^31 on shifted down by 2^31 and the top bit put back. */
function numberToUint32(value: number): number {
	if (value >= int32Limit) return (numberToInt32(value - int32Limit) ^ -int32Limit) >>> 0;
	return numberToInt32(value) >>> 0;
}
