// What the measuring process is asked to do, as data and as the text it reads (gpu-runner/harness/request.h).

import type { DataType } from "#shared/tensor/data-type.ts";

export interface HarnessTensor {
	readonly bytesCount: number;
	readonly dataType: DataType;
}

export interface HarnessInput extends HarnessTensor {
	readonly role: "activation" | "weight";
}

/** File names relative to the request folder. `expected`: raw float64 values of each output, or null. */
export interface HarnessDataset {
	readonly inputs: readonly string[];
	readonly expected: readonly (string | null)[];
}

export interface HarnessBaseline {
	readonly id: string;
	/** ONNX file for each dataset (weights are part of the model), or null: not on that one. */
	readonly models: readonly (string | null)[];
	/** Name in the model of each bound input (a weight is none) and of each output. */
	readonly inputs: readonly { readonly name: string; readonly input: number }[];
	readonly outputs: readonly { readonly name: string; readonly output: number }[];
}

export interface HarnessCandidate {
	readonly id: string;
	readonly library: string;
	readonly prefix: string;
	/** While timing: position of an earlier candidate that packs its weights to the same bytes, to use them; null: none. */
	readonly packedBy: number | null;
}

export interface HarnessRequest {
	readonly mode: "check" | "time";
	/** Path of ONNX Runtime's library; null when there are no baselines. */
	readonly runtime: string | null;
	readonly threads: number;
	readonly limits: {
		readonly cpuSeconds: number;
		readonly addressSpaceBytes: number;
		readonly fileBytes: number;
	};
	readonly budget: {
		readonly milliseconds: number;
		readonly roundsMin: number;
		readonly roundsMax: number;
		/** Longest wait for a quiet machine before each burst. */
		readonly quietMilliseconds: number;
	};
	/** Whether weights of the same file are loaded and packed once for all datasets. */
	readonly sharesWeights: boolean;
	/** File name prefix under which checked outputs are left, or null. */
	readonly dump: string | null;
	readonly inputs: readonly HarnessInput[];
	readonly outputs: readonly HarnessTensor[];
	readonly datasets: readonly HarnessDataset[];
	readonly baselines: readonly HarnessBaseline[];
	readonly candidates: readonly HarnessCandidate[];
}

/** Element types the harness can compare. */
export const harnessDataTypes: ReadonlySet<DataType> = new Set<DataType>([
	"float32",
	"float16",
	"float64",
	"int32",
	"int64",
	"uint8",
	"bool",
	"int8",
]);

const word = (text: string): string => encodeURIComponent(text);
/** Inputs are passed through as bytes, so a type the harness has no arithmetic for goes under one of the same width. */
const inputWord = (type: DataType): string => sameWidth[type] ?? type;
const sameWidth: Partial<Record<DataType, DataType>> = {
	bfloat16: "float16",
	int16: "float16",
	uint16: "float16",
	uint32: "int32",
	uint64: "int64",
};

export function formatHarnessRequest(request: HarnessRequest): string {
	const { limits, budget } = request;
	const lines = [
		`mode ${request.mode}`,
		...(request.runtime === null ? [] : [`runtime ${word(request.runtime)}`]),
		`threads ${request.threads}`,
		`limits ${limits.cpuSeconds} ${limits.addressSpaceBytes} ${limits.fileBytes}`,
		`budget ${Math.round(budget.milliseconds)} ${budget.roundsMin} ${budget.roundsMax} ${budget.quietMilliseconds}`,
		`weights ${request.sharesWeights ? "shared" : "apart"}`,
		...(request.dump === null ? [] : [`dump ${word(request.dump)}`]),
		...request.inputs.map(
			({ bytesCount, dataType, role }) => `input ${bytesCount} ${inputWord(dataType)} ${role}`,
		),
		...request.outputs.map((tensor) => `output ${tensor.bytesCount} ${tensor.dataType}`),
		...request.datasets.map(
			(dataset) =>
				`dataset ${[...dataset.inputs, ...dataset.expected].map((path) => (path === null ? "-" : word(path))).join(" ")}`,
		),
	];
	request.baselines.forEach((baseline, index) => {
		lines.push(`baseline ${word(baseline.id)}`);
		baseline.models.forEach((path, dataset) => {
			if (path !== null) lines.push(`model ${index} ${dataset} ${word(path)}`);
		});
		for (const { name, input } of baseline.inputs) lines.push(`bind ${index} input ${input} ${word(name)}`);
		for (const { name, output } of baseline.outputs)
			lines.push(`bind ${index} output ${output} ${word(name)}`);
	});
	for (const { id, library, prefix, packedBy } of request.candidates)
		lines.push(`candidate ${word(id)} ${word(library)} ${word(prefix)} ${packedBy ?? "-"}`);
	return `${lines.join("\n")}\n`;
}
