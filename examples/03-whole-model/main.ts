// Runs a whole model from Node: node examples/03-whole-model/main.ts FOLDER

import { loadModel } from "#cli/load-model.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
	process.stderr.write("usage: main.ts FOLDER (what `kiln optimize -o FOLDER` wrote)\n");
	process.exit(2);
}

// Digests, signatures' form and the processor are checked before anything is loaded.
const model = await loadModel(folder);

/** Values between -0.5 and 0.5; a real program has its own. */
const pattern = (count: number): Float32Array =>
	Float32Array.from({ length: count }, (_, index) => (Math.imul(index, 2654435761) >>> 0) / 2 ** 32 - 0.5);
const arrays = { float32: pattern, int32: (count: number) => new Int32Array(count) } as const;
const inputs = Object.fromEntries(
	model.inputs.map(({ name, dataType, shape }) => {
		if (dataType !== "float32" && dataType !== "int32")
			throw new Error(`${name}: give a typed array or a tensor of ${dataType}`);
		return [name, arrays[dataType](shape.reduce<number>((count, extent) => count * (extent ?? 1), 1))];
	}),
);

const outputs = model.run(inputs);
const runs = 100;
const start = performance.now();
for (let run = 0; run < runs; run++) model.run(inputs);
const microseconds = ((performance.now() - start) * 1000) / runs;

for (const { name, shape, bytes } of Object.entries(outputs).map(([name, tensor]) => ({ name, ...tensor })))
	process.stdout.write(`${JSON.stringify(name)}: [${shape.join(", ")}], ${bytes.length} bytes\n`);
process.stderr.write(`${microseconds.toFixed(1)} µs a run, from Node and with fresh outputs\n`);
model.close();
