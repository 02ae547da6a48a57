import { present } from "#shared/fault/assert.ts";
import { type Program, type ProgramNodeId, programNodeOperands } from "#shared/program/program.ts";
import { type Hoisting, hoist } from "./hoisting.ts";

/** A value that a kernel of a call exists for: a reduction's, a contraction's, or one that an output takes. */
export interface Unit {
	readonly node: ProgramNodeId;
	readonly kind: "reduce" | "contract" | "elementwise";
	/** Units read directly or through element-wise values, ascending. */
	readonly dependsOn: readonly number[];
	/** Device tensors read directly or through element-wise values: program inputs, then hoisted values by their nodes. */
	readonly reads: readonly number[];
	/** Itself, and the element-wise values, hoisted values and inputs it follows from, down to other units; ascending. */
	readonly cone: readonly ProgramNodeId[];
	/** Contractions on the longest way to this unit, itself included. */
	readonly contractionDepth: number;
}

export interface UnitGraph {
	/** In topological order. */
	readonly units: readonly Unit[];
	/** What the prepare step does; none of it is a unit. */
	readonly hoisting: Hoisting;
}

/** What reaches a node through element-wise values alone. */
interface Sources {
	readonly units: ReadonlySet<number>;
	readonly inputs: ReadonlySet<number>;
	readonly nodes: ReadonlySet<ProgramNodeId>;
}

export function findUnits(dag: Program, hoisting: Hoisting = hoist(dag)): UnitGraph {
	const outputs = new Set(dag.outputs.flatMap((output) => output.pieces.map((piece) => piece.node)));
	const units: Unit[] = [];
	const sources: Sources[] = [];
	dag.nodes.forEach((node, id) => {
		if (hoisting.isPrepared[id]) {
			const tensors = new Set([dag.inputs.length + id]);
			sources.push({ units: new Set(), inputs: tensors, nodes: new Set([id]) });
			return;
		}
		const below = programNodeOperands(node).map((operand) => present(sources[operand], "earlier node"));
		const reached: Sources = {
			units: new Set(below.flatMap((source) => [...source.units])),
			inputs: new Set([
				...below.flatMap((source) => [...source.inputs]),
				...(node.kind === "input" ? [node.input] : []),
			]),
			nodes: new Set([...below.flatMap((source) => [...source.nodes]), id]),
		};
		if (node.kind !== "reduce" && node.kind !== "contract" && !outputs.has(id)) {
			sources.push(reached);
			return;
		}
		const dependsOn = [...reached.units].sort((a, b) => a - b);
		const depth = Math.max(0, ...dependsOn.map((on) => present(units[on], "earlier unit").contractionDepth));
		const kind = node.kind === "reduce" || node.kind === "contract" ? node.kind : "elementwise";
		units.push({
			node: id,
			kind,
			dependsOn,
			reads: [...reached.inputs],
			cone: [...reached.nodes].sort((a, b) => a - b),
			contractionDepth: depth + (kind === "contract" ? 1 : 0),
		});
		sources.push({ units: new Set([units.length - 1]), inputs: new Set(), nodes: new Set() });
	});
	return { units, hoisting };
}
