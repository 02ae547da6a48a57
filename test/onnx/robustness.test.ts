import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { stripWeights } from "#shared/onnx/strip-weights.ts";
import { readTensorProto } from "#shared/onnx/tensor-proto.ts";
import { fixturesDirectory } from "#test/support/outside-suites.ts";

const seed = Number(process.env.TEST_SEED ?? 1);

const model = (path: string): Buffer => readFileSync(join(fixturesDirectory, path));
const sources: readonly (readonly [name: string, bytes: Uint8Array])[] = [
	["a graph of shape arithmetic", model("exported/real_llama3_8b_layer_t8/model.onnx")],
	["a chain with a norm", model("exported/rms_swiglu_residual_s/model.onnx")],
	["local functions", model("hostile/fn_bomb.onnx")],
	["control flow", model("hostile/loop_2e62.onnx")],
];

/** Anything but a coded fault of the user's is a fault of ours. */
function survives(read: () => unknown): void {
	try {
		read();
	} catch (fault) {
		if (fault instanceof OptimizeError) return;
		throw fault;
	}
}

const damage = (bytes: Uint8Array) =>
	fc.record({
		length: fc.integer({ min: 0, max: bytes.length }),
		flips: fc.array(fc.tuple(fc.nat(bytes.length), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
	});

function damaged(
	bytes: Uint8Array,
	length: number,
	flips: readonly (readonly [number, number])[],
): Uint8Array {
	const copy = bytes.slice(0, length);
	for (const [at, value] of flips) if (at < copy.length) copy[at] = value;
	return copy;
}

test.each(sources)(
	"a truncated file with %s is refused with a code or imported, never a crash",
	(_, bytes) => {
		const limits = { foldedElementsMax: 2 ** 16, onnxNodesMax: 2000 };
		fc.assert(
			fc.property(damage(bytes), ({ length, flips }) => {
				survives(() => importModel(damaged(bytes, length, flips), { limits }));
			}),
			{ seed, numRuns: 150 },
		);
	},
);

test.each(sources)(
	"flipped bytes in a file with %s are refused with a code or imported, never a crash",
	(_, bytes) => {
		const limits = { foldedElementsMax: 2 ** 16, onnxNodesMax: 2000 };
		fc.assert(
			fc.property(damage(bytes), ({ flips }) => {
				survives(() => importModel(damaged(bytes, bytes.length, flips), { limits }));
				survives(() => stripWeights(damaged(bytes, bytes.length, flips)));
			}),
			{ seed, numRuns: 400 },
		);
	},
);

test("arbitrary bytes are no tensor and no model, and say so with a code", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
			survives(() => readTensorProto(bytes));
			expect(() => importModel(bytes)).toThrow(OptimizeError);
		}),
		{ seed, numRuns: 500 },
	);
});
