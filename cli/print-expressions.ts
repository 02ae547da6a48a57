// Normal forms of what a program computes, in the letters that its print uses.

import { createExpressions, type ExpressionId } from "#shared/expression/expression.ts";
import { expressionOfNode } from "#shared/expression/expression-of-program.ts";
import { present } from "#shared/fault/assert.ts";
import { axisName, placeOf } from "#shared/program/print.ts";
import { type Program, programNodeOperands } from "#shared/program/program.ts";

export interface OutputExpression {
	readonly output: number;
	/** Of one piece of the output, cut off where it gets long. */
	readonly print: string;
}

const charactersMax = 2_000;

export function printOutputExpressions(program: Program): readonly OutputExpression[] {
	const expressions = createExpressions(program.axes.map(({ extent }) => extent));
	const ofNode: ExpressionId[] = [];
	for (const node of program.nodes) {
		const operands = programNodeOperands(node).map((id) => present(ofNode[id], "nodes are sorted"));
		ofNode.push(
			node.kind === "input"
				? expressions.input(`in${node.input}[${placeOf(node.access)}]`, node.axes)
				: expressionOfNode(expressions, node, operands),
		);
	}
	return program.outputs.flatMap(({ pieces }, output) =>
		pieces.map(({ node }) => {
			const print = withAxisNames(expressions.print(present(ofNode[node], "expression of an output")));
			return { output, print: print.length > charactersMax ? `${print.slice(0, charactersMax)} …` : print };
		}),
	);
}

/** Sums as Σ over named axes, free axes left out (the inputs show them), and long fractions as numbers. */
function withAxisNames(print: string): string {
	const names = (axes: readonly string[]): string => axes.map((axis) => axisName(Number(axis))).join(",");
	return print
		.replace(/S\{([^}]*)\}·?/g, (_, degrees: string) => {
			const axes = degrees.split(" ").map((degree) => degree.split(":")[0] ?? "");
			return `Σ_${names(axes)} `;
		})
		.replace(/(?<!in\d+)\[\d+(?: \d+)*\]/g, "")
		.replace(/ over (\d+(?:,\d+)*)\(/g, (_, axes: string) => `_${names(axes.split(","))}(`)
		.replace(
			/(\d{5,})\/(\d{5,})/g,
			(_, above: string, below: string) => `${Number((Number(above) / Number(below)).toPrecision(6))}`,
		);
}
