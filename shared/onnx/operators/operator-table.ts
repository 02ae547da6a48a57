// All operators that Kiln imports, and how one is found for a node.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { OnnxNode } from "../model.ts";
import type { OperatorEntry } from "../node-context.ts";
import { malformed } from "../wire.ts";
import { activationOperators } from "./activation.ts";
import { attentionOperators } from "./attention.ts";
import { causalConvolutionOperators } from "./causal-convolution.ts";
import { constantOperators } from "./constant.ts";
import { contribOperators } from "./contrib.ts";
import { convolutionOperators } from "./convolution.ts";
import { elementwiseOperators } from "./elementwise.ts";
import { flexAttentionOperators } from "./flex-attention.ts";
import { indexingOperators } from "./indexing.ts";
import { checkLegacyOperator, oldestOpset } from "./legacy-operators.ts";
import { lossOperators } from "./loss.ts";
import { matmulOperators } from "./matmul.ts";
import { normalizationOperators } from "./normalization.ts";
import { reductionOperators } from "./reduction.ts";
import { refusedOperators } from "./refused-operators.ts";
import { rotaryOperators } from "./rotary.ts";
import { shapeOperators } from "./shape.ts";
import { softmaxOperators } from "./softmax.ts";

/** Newest version of ONNX's own operator set that the importers know (ONNX 1.23). */
export const newestOpset = 28;

/** Entries by "domain:Operator"; ONNX's own domain is spelled ai.onnx. */
export const operatorTable: Readonly<Record<string, OperatorEntry>> = withDomains({
	...activationOperators,
	...attentionOperators,
	...causalConvolutionOperators,
	...constantOperators,
	...contribOperators,
	...elementwiseOperators,
	...flexAttentionOperators,
	...indexingOperators,
	...lossOperators,
	...matmulOperators,
	...normalizationOperators,
	...reductionOperators,
	...rotaryOperators,
	...shapeOperators,
	...softmaxOperators,
});

/** Besides the table's, for callers who ask for them (`ImportOptions.windows`). */
export const windowOperatorTable: Readonly<Record<string, OperatorEntry>> = withDomains(convolutionOperators);

/** Families name ONNX's own operators alone, others as "domain:Operator". */
function withDomains(
	operators: Readonly<Record<string, OperatorEntry>>,
): Readonly<Record<string, OperatorEntry>> {
	return Object.fromEntries(
		Object.entries(operators).map(([name, entry]) => [name.includes(":") ? name : `ai.onnx:${name}`, entry]),
	);
}

/** Domains whose operators are published; every other is the model's own, and refused. */
const publishedDomains: ReadonlySet<string> = new Set([
	"",
	"ai.onnx.ml",
	"ai.onnx.preview",
	"ai.onnx.training",
	"ai.onnx.preview.training",
	"com.microsoft",
]);

/**
 * The importer of an operator, and the version of its domain in force. Throws `model.custom_domain_refused` or
 * `.op_unsupported` (which cost the node), and `model.malformed` when the model does not import ONNX's operator set.
 */
export function findOperator(
	{ domain, operator, attributes }: Pick<OnnxNode, "domain" | "operator" | "attributes">,
	opsets: ReadonlyMap<string, number>,
	windows: "refused" | "primitives" = "refused",
): { readonly entry: OperatorEntry; readonly opset: number } {
	const spelled = domain === "" ? "ai.onnx" : domain;
	if (!publishedDomains.has(domain)) {
		throw new OptimizeError(
			"model.custom_domain_refused",
			`operator '${operator}' is of the custom domain '${domain}': only published operators are imported`,
			{ operator, domain },
		);
	}
	const opset = opsets.get(domain) ?? (domain === "" ? malformed("the model imports no operator set") : 1);
	const key = `${spelled}:${operator}`;
	const entry =
		entryOf(operatorTable, key) ?? (windows === "primitives" ? entryOf(windowOperatorTable, key) : undefined);
	if (entry === undefined) {
		const why = (domain === "" ? refusedOperators.get(operator) : undefined) ?? "it is not supported";
		return unsupported(`operator '${operator}' of ${spelled}: ${why}`, operator, spelled);
	}
	if (domain !== "") return { entry, opset };
	checkLegacyOperator(operator, opset, (attributes.get("broadcast")?.int ?? 0) !== 0);
	if (Math.max(opset, oldestOpset) < entry.sinceOpset) {
		const why = `it exists from opset ${entry.sinceOpset} on, the model imports ${opset}`;
		return unsupported(`operator '${operator}': ${why}`, operator, spelled);
	}
	return { entry, opset };
}

function entryOf(table: Readonly<Record<string, OperatorEntry>>, key: string): OperatorEntry | undefined {
	return Object.hasOwn(table, key) ? table[key] : undefined;
}

function unsupported(message: string, operator: string, domain: string): never {
	throw new OptimizeError("model.op_unsupported", message, { operator, domain });
}
