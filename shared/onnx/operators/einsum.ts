// Einsum: the equation is parsed into one label list an operand, then operands are contracted from left to right. A
// pair that shares summed labels becomes one matmul, a pair that shares none a product with broadcasting.

import type { ValueId } from "#shared/graph/graph.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import type { NodeContext } from "../node-context.ts";
import { demandNumber } from "./accepted-types.ts";

/** A value whose axes bear labels, no label twice. */
interface Labelled {
	readonly value: ValueId;
	readonly labels: readonly string[];
}

export function importEinsum(context: NodeContext): void {
	const { build } = context;
	const ids = Array.from({ length: context.inputCount }, (_, index) => context.input(index));
	for (const id of ids) demandNumber(context, id);
	const { terms, output } = parseEquation(
		context,
		context.attributeString("equation"),
		ids.map((id) => build.shapeOf(id).length),
	);
	let rest = ids.map((value, index) => withoutRepeats(build, { value, labels: terms[index] ?? [] }));
	checkExtents(context, rest);
	for (let [left, right, ...others] = rest; left && right; [left, right, ...others] = rest) {
		const needed = new Set([...output, ...others.flatMap((other) => other.labels)]);
		rest = [contractPair(build, left, right, needed), ...others];
	}
	const [last] = rest;
	if (last === undefined) context.refuse("model.malformed", "found no operands, expected one or more");
	const summed = sumUnneeded(build, last, new Set(output));
	context.output(0, arrange(build, summed, output));
}

interface Equation {
	readonly terms: readonly (readonly string[])[];
	readonly output: readonly string[];
}

/** Labels are letters; an ellipsis becomes labels "0", "1", … counted from the right, so that shorter ones align. */
function parseEquation(context: NodeContext, text: string, ranks: readonly number[]): Equation {
	const invalid = (reason: string): never =>
		context.refuse("model.op_attribute_invalid", `equation '${text}': ${reason}`, { attribute: "equation" });
	const [left = "", right, ...more] = text.replaceAll(" ", "").split("->");
	const written = left.split(",");
	if (more.length > 0 || written.length !== ranks.length) {
		invalid(`found ${written.length} terms, expected ${ranks.length}`);
	}
	let ellipsisRank = 0;
	const terms = written.map((term, index) => {
		const labels = splitTerm(term) ?? invalid(`found term '${term}', expected letters and one '...'`);
		const rank = ranks[index] ?? 0;
		const covered = rank - labels.filter((label) => label !== "...").length;
		const fits = labels.includes("...") ? covered >= 0 : covered === 0;
		if (!fits) invalid(`term '${term}' does not fit an operand of rank ${rank}`);
		if (labels.includes("...")) ellipsisRank = Math.max(ellipsisRank, covered);
		return expandEllipsis(labels, covered);
	});
	if (right === undefined) return { terms, output: implicitOutput(terms, ellipsisRank) };
	const labels = splitTerm(right) ?? invalid(`found output '${right}', expected letters and one '...'`);
	const output = expandEllipsis(labels, ellipsisRank);
	const known = new Set(terms.flat());
	if (new Set(output).size !== output.length || !output.every((label) => known.has(label))) {
		invalid(`found output '${right}', expected labels of the terms, each once`);
	}
	return { terms, output };
}

function splitTerm(term: string): readonly string[] | null {
	const labels: readonly string[] = term.match(/\.\.\.|[A-Za-z]/g) ?? [];
	const single = labels.indexOf("...") === labels.lastIndexOf("...");
	return labels.join("") === term && single ? labels : null;
}

function expandEllipsis(labels: readonly string[], covered: number): readonly string[] {
	const positions = Array.from({ length: covered }, (_, index) => String(covered - 1 - index));
	return labels.flatMap((label) => (label === "..." ? positions : [label]));
}

/** Broadcast axes first, then the labels that occur once, in alphabetical order. */
function implicitOutput(terms: readonly (readonly string[])[], ellipsisRank: number): readonly string[] {
	const all = terms.flat();
	const once = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label) && !isPosition(label));
	return [...expandEllipsis(["..."], ellipsisRank), ...once.sort()];
}

function isPosition(label: string): boolean {
	return label >= "0" && label <= "99";
}

/** Takes the diagonal wherever one operand names a label twice: the pair of axes laid flat, every (n + 1)-th element. */
function withoutRepeats(build: GraphBuilder, operand: Labelled): Labelled {
	const { labels } = operand;
	const second = labels.findIndex((label, index) => labels.indexOf(label) < index);
	if (second < 0) return operand;
	const first = labels.indexOf(labels[second] ?? "");
	const others = labels.map((_, axis) => axis).filter((axis) => axis !== first && axis !== second);
	const moved = build.transpose(operand.value, [...others, first, second]);
	const shape = build.shapeOf(moved);
	const extent = shape.at(-1) ?? 1;
	const lead = shape.slice(0, -2);
	const flat = build.reshape(moved, [...lead, (shape.at(-2) ?? 1) * extent]);
	const zeros = lead.map(() => 0);
	const ones = lead.map(() => 1);
	const value = build.slice(flat, [...zeros, 0], [...lead, extent], [...ones, extent + 1]);
	return withoutRepeats(build, { value, labels: [...others, first].map((axis) => labels[axis] ?? "") });
}

/** One label has one extent everywhere, or 1. */
function checkExtents(context: NodeContext, operands: readonly Labelled[]): void {
	const extents = new Map<string, number>();
	for (const { value, labels } of operands) {
		for (const [axis, label] of labels.entries()) {
			const extent = context.build.shapeOf(value)[axis] ?? 1;
			const known = extents.get(label) ?? 1;
			if (known !== 1 && extent !== 1 && known !== extent) {
				context.refuse("model.shape_invalid", `label '${label}' has extents ${known} and ${extent}`);
			}
			if (extent !== 1) extents.set(label, extent);
		}
	}
}

function sumUnneeded(build: GraphBuilder, operand: Labelled, needed: ReadonlySet<string>): Labelled {
	const axes = operand.labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
	const value = build.reduce("sum", operand.value, axes, false);
	return { value, labels: operand.labels.filter((label) => needed.has(label)) };
}

/** Contracts two operands; the result keeps the labels in `needed`. */
function contractPair(
	build: GraphBuilder,
	leftOperand: Labelled,
	rightOperand: Labelled,
	needed: ReadonlySet<string>,
): Labelled {
	const left = sumUnneeded(build, leftOperand, new Set([...needed, ...rightOperand.labels]));
	const right = sumUnneeded(build, rightOperand, new Set([...needed, ...leftOperand.labels]));
	const shared = left.labels.filter((label) => right.labels.includes(label));
	const extent = (operand: Labelled, label: string): number =>
		build.shapeOf(operand.value)[operand.labels.indexOf(label)] ?? 1;
	const summed = shared.filter((label) => !needed.has(label));
	const matches = summed.every((label) => extent(left, label) === extent(right, label));
	if (summed.length === 0 || !matches) {
		return sumUnneeded(build, multiplyPair(build, left, right), needed);
	}
	const batch = shared.filter((label) => needed.has(label));
	const rows = left.labels.filter((label) => !shared.includes(label));
	const columns = right.labels.filter((label) => !shared.includes(label));
	const leftMatrix = asMatrices(build, left, batch, rows, summed);
	const rightMatrix = asMatrices(build, right, batch, summed, columns);
	const product = build.matmul(leftMatrix, rightMatrix);
	const shape = [
		...batch.map((_, axis) => build.shapeOf(product)[axis] ?? 1),
		...rows.map((label) => extent(left, label)),
		...columns.map((label) => extent(right, label)),
	];
	return { value: build.reshape(product, shape), labels: [...batch, ...rows, ...columns] };
}

/** [batch…, product of `rows`, product of `columns`]. */
function asMatrices(
	build: GraphBuilder,
	operand: Labelled,
	batch: readonly string[],
	rows: readonly string[],
	columns: readonly string[],
): ValueId {
	const arranged = arrange(build, operand, [...batch, ...rows, ...columns]);
	const shape = build.shapeOf(arranged);
	const columnsStart = batch.length + rows.length;
	return build.reshape(arranged, [
		...shape.slice(0, batch.length),
		elementCount(shape.slice(batch.length, columnsStart)),
		elementCount(shape.slice(columnsStart)),
	]);
}

/** The product over the union of the labels, by broadcasting. */
function multiplyPair(build: GraphBuilder, left: Labelled, right: Labelled): Labelled {
	const labels = [...left.labels, ...right.labels.filter((label) => !left.labels.includes(label))];
	const spread = (operand: Labelled): ValueId => {
		const present = labels.filter((label) => operand.labels.includes(label));
		const arranged = arrange(build, operand, present);
		const extents = build.shapeOf(arranged);
		return build.reshape(
			arranged,
			labels.map((label) => extents[present.indexOf(label)] ?? 1),
		);
	};
	return { value: build.binary("multiply", spread(left), spread(right)), labels };
}

/** The operand's axes in the order of `labels`, which are its own. */
function arrange(build: GraphBuilder, operand: Labelled, labels: readonly string[]): ValueId {
	return build.transpose(
		operand.value,
		labels.map((label) => operand.labels.indexOf(label)),
	);
}
