// kiln analyze: what Kiln makes of a model. No account, no measuring, nothing leaves the machine.

import { present } from "#shared/fault/assert.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import type { Island } from "#shared/partition/partition.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { addBindingOptions, type BindingOptions, readLocalModel } from "../read-model.ts";

export const addAnalyze: AddCommand = (program, run) => {
	addBindingOptions(program.command("analyze"))
		.description("islands, coverage and refusals of a model; nothing is sent or run")
		.argument("<model>", "ONNX file")
		.addHelpText(
			"after",
			"\nExamples:\n  kiln analyze model.onnx\n  kiln analyze model.onnx --shape batch=8 --json",
		)
		.action((model: string, options: BindingOptions) => run((context) => analyze(model, options, context)));
};

async function analyze(
	path: string,
	options: BindingOptions,
	{ terminal }: CommandContext,
): Promise<ExitCode> {
	const { graph, refusals, partition, unboundDimensions, opset } = await readLocalModel(path, options);
	const islands = partition.islands.map((island) => viewIsland(graph, island));
	const { coverage } = partition;
	for (const { index, operators, inputs, outputs } of islands) {
		terminal.print(
			`island ${index}  ${operators.join(" ")}  (${inputs.join(", ")}) -> (${outputs.join(", ")})`,
		);
	}
	for (const { node, operator, code, reason } of refusals) {
		terminal.print(`refused  ${operator} '${node}': ${code}: ${reason}`);
	}
	const kept = partition.outside.map(({ source, reason }) => {
		const { name, operator } = present(graph.sources[source], "a source of the graph");
		return { node: name, operator, reason };
	});
	for (const { node, operator, reason } of kept) terminal.print(`kept     ${operator} '${node}': ${reason}`);
	const share = `${Math.round(coverage.flopsShare * 100)} % of their arithmetic`;
	const besides = refusals.length === 0 ? "" : `; ${refusals.length} refused nodes are not counted`;
	terminal.note(
		`${coverage.sourcesInIslands} of ${coverage.sourcesTotal} nodes in ${islands.length} islands, ${share}${besides}`,
	);
	const views = refusals.map(({ node, operator, code, reason }) => ({ node, operator, code, reason }));
	terminal.printJson({ opset, islands, refusals: views, keptAsIs: kept, coverage, unboundDimensions });
	return exitCodes.ok;
}

function viewIsland(graph: Graph, island: Island) {
	const sources = island.sources.map((source) => present(graph.sources[source], "a source of the graph"));
	const shapeOf = (id: ValueId): string => {
		const { dataType, shape } = present(graph.values[id], "a value of the graph");
		return `${dataType}[${shape.join(",")}]`;
	};
	return {
		index: island.index,
		program: island.digest,
		operators: sources.map(({ operator }) => operator),
		nodes: sources.map(({ name }) => name),
		inputs: island.programInputs.map(shapeOf),
		outputs: island.programOutputs.map(shapeOf),
	};
}
