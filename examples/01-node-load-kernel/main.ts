// Runs a tuned kernel from Node: node examples/01-node-load-kernel/main.ts FOLDER

import { loadKernel } from "#cli/load-kernel.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
	process.stderr.write("usage: main.ts FOLDER (a kernel folder that `kiln optimize` wrote)\n");
	process.exit(2);
}

/** Some values between -0.5 and 0.5, the same as in the C example. */
const pattern = (count: number): Float32Array =>
	Float32Array.from({ length: count }, (_, index) => (Math.imul(index, 2654435761) >>> 0) / 2 ** 32 - 0.5);
const countOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

// Everything is checked before anything is loaded: the manifest, the digests, whether this processor will do.
const kernel = await loadKernel(folder);
const inputs = kernel.manifest.inputs.map(({ shape }) => pattern(countOf(shape)));

// The first call packs the weights; later calls with the same weight arrays only run.
const outputs = kernel.run(inputs);
const runs = 100;
const start = performance.now();
for (let run = 0; run < runs; run++) kernel.run(inputs);
const microseconds = ((performance.now() - start) * 1000) / runs;

for (const [index, { shape, bytes }] of outputs.entries()) {
	const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
	const sum = values.reduce((total, value) => total + Math.abs(value), 0);
	process.stdout.write(`output ${index}: [${shape.join(", ")}], sum of magnitudes ${sum.toPrecision(4)}\n`);
}
process.stderr.write(`${microseconds.toFixed(1)} µs a run, from Node and with fresh outputs\n`);
kernel.close();
