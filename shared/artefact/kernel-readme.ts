import type { KernelManifest } from "./manifest.ts";
import { kernelTolerances, type ToleranceId } from "./tolerance.ts";

type Described = Pick<
	KernelManifest,
	| "key"
	| "components"
	| "verdict"
	| "speedup"
	| "latencyNanoseconds"
	| "baselineForm"
	| "errorMax"
	| "machine"
	| "inputs"
	| "outputs"
>;

/** The README.md of a kernel folder: what it computes, how to call it, what was measured. Markdown. */
export function kernelReadme(manifest: Described): string {
	const tensor = (entry: { readonly dataType: string; readonly shape: readonly number[] }): string =>
		`${entry.dataType}[${entry.shape.join(", ")}]`;
	const { speedup, latencyNanoseconds, machine } = manifest;
	return `# Kernel ${manifest.key.slice(0, 16)}

Made by Kiln ${manifest.components.version} for \`${manifest.components.target}\`, ${manifest.components.threads} thread(s).

| tensor | type and shape | role |
| --- | --- | --- |
${manifest.inputs.map((input, index) => `| input ${index} | ${tensor(input)} | ${input.role} |`).join("\n")}
${manifest.outputs.map((output, index) => `| output ${index} | ${tensor(output)} | result |`).join("\n")}

All tensors are dense and row-major. Element alignment is enough for inputs and outputs.

## Use

From C: include \`kernel.h\` and link \`kernel.so\`, or open it with \`dlopen\`.

1. Give \`kiln_kernel_prepare\` the inputs (only weights are read) and \`kiln_kernel_prepared_bytes()\` bytes at an address
   that is a multiple of 64. It packs the weights once; the result stays valid while the weights do.
2. Call \`kiln_kernel_run\` with inputs, outputs, the prepared weights and \`kiln_kernel_workspace_bytes(threads)\` bytes at an
   address that is a multiple of 64, as often as you like. Calls on different outputs and workspaces may overlap.

Both return 0 on success. A host with threads of its own calls \`kiln_kernel_run_with\` instead. From Node: \`loadKernel(folder)\` checks \`manifest.json\` and the digests before it loads anything.

## Measured

Verdict **${manifest.verdict}**: ${speedup.median.toFixed(2)} times the speed of ONNX Runtime (95 % interval ${speedup.low.toFixed(2)} to ${speedup.high.toFixed(2)}), \
${(latencyNanoseconds.kernel / 1000).toFixed(1)} µs against ${(latencyNanoseconds.baseline / 1000).toFixed(1)} µs for its fastest form \
(\`${manifest.baselineForm}\`), interleaved on ${machine.model} with ${machine.baseline}, ${machine.compiler}.
Largest error against a float64 reference: ${manifest.errorMax.toExponential(1)} of the largest value.
${describeTolerance(manifest.components.tolerance)}
The raw samples are in \`samples.json\`, certificate and signature in \`manifest.json\`. \`kiln verify FOLDER\` proves again, without
a service, that the algorithm in \`proof.json\` computes its program and that \`kernel.c\` is that algorithm.

![The algorithm: device memory, kernels, blocks and loops](mugraph.svg)
`;
}

function describeTolerance(tolerance: ToleranceId): string {
	const { errorMax, productTypes } = kernelTolerances[tolerance];
	const rounding = productTypes.includes("bfloat16")
		? " Weights and what they are multiplied with may be rounded to bfloat16 within products; sums are in float32."
		: "";
	return `Tolerance \`${tolerance}\`: ${errorMax.toExponential(1)}, or more on inputs where ONNX Runtime itself is off by as much.${rounding}`;
}
