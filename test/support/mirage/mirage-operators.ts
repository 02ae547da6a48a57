// What Mirage's operators do to tiles, by the part of the operator code that both levels share (`tb_exp_op`, `kn_exp_op`).

import { assert, present } from "#shared/fault/assert.ts";
import type { MapOperator } from "#shared/program/program.ts";
import type { AtomId } from "#shared/program/refine-axes.ts";
import { addNode, type DraftKernel, type MirageDraft, type TileValue, unifyDims } from "./mirage-draft.ts";

export interface OperatorSite {
	readonly draft: MirageDraft;
	readonly kernel: DraftKernel;
	readonly operands: readonly TileValue[];
	/** Whether nothing but this operator reads its operand: then a sum may take the loop in. */
	readonly readsAlone: boolean;
	readonly reductionDimx: number;
}

const binary: Readonly<Record<string, MapOperator>> = { add: "add", mul: "multiply", div: "divide" };
const unary: Readonly<Record<string, MapOperator>> = { exp: "exp", sqrt: "sqrt" };

/** The operator's result; null for one that no stored file has. */
export function applyOperator(name: string, site: OperatorSite): TileValue | null {
	const [a, b] = site.operands;
	assert(a !== undefined, `${name} without an operand`);
	const both = binary[name];
	if (both !== undefined && b !== undefined) return elementwise(site, both, a, b);
	const one = unary[name];
	if (one !== undefined) return mapped(site, one, [a], a.dims);
	switch (name) {
		case "matmul":
			return b === undefined ? null : product(site, a, b);
		case "silu":
			return mapped(site, "multiply", [a, mapped(site, "sigmoid", [a], a.dims)], a.dims);
		case "accum_nored":
			return accumulated(site, a, []);
		case "accum_red_ld_sum":
			return summedLast(site, a, []);
		case "accum_redtox_ld_sum": {
			const last = present(a.dims.at(-1), "last dimension");
			const groups = site.draft.atoms.regroup(last, [
				site.draft.atoms.product(site.draft.atoms.resolve(last)) / site.reductionDimx,
				site.reductionDimx,
			]);
			const [outer, inner] = present(groups, "groups of the last dimension");
			return summedLast(site, { ...a, dims: [...a.dims.slice(0, -1), outer ?? []] }, inner ?? []);
		}
		case "accum_red_ld_rms":
			return rootMeanSquare(site, a);
		default:
			return null;
	}
}

function mapped(
	{ kernel }: OperatorSite,
	operator: MapOperator,
	operands: readonly TileValue[],
	dims: TileValue["dims"],
): TileValue {
	return {
		node: addNode(kernel, { kind: "map", operator, operands: operands.map(({ node }) => node) }),
		dims,
	};
}

/** Dimensions of extent 1, which have no atoms, are broadcast. */
function elementwise(site: OperatorSite, operator: MapOperator, a: TileValue, b: TileValue): TileValue {
	const dims = a.dims.map((dim, d) => {
		const other = present(b.dims[d], "operands of one rank");
		if (dim.length > 0 && other.length > 0) unifyDims(site.draft, dim, other, operator);
		return dim.length > 0 ? dim : other;
	});
	return mapped(site, operator, [a, b], dims);
}

function product(site: OperatorSite, a: TileValue, b: TileValue): TileValue {
	const [rows, inner] = a.dims.slice(-2);
	const [innerRight, columns] = b.dims.slice(-2);
	assert(rows !== undefined && inner !== undefined && columns !== undefined, "matrices");
	unifyDims(site.draft, inner, innerRight ?? [], "matmul");
	const batch = a.dims.slice(0, -2);
	batch.forEach((dim, d) => {
		unifyDims(site.draft, dim, b.dims[d] ?? [], "matmul batch");
	});
	const node = addNode(site.kernel, { kind: "sum", operands: [a.node, b.node], over: [...inner] });
	return { node, dims: [...batch, rows, columns] };
}

/** The sum over all steps, and over `also` within a step. Without a loop, only the latter. */
function accumulated(site: OperatorSite, a: TileValue, also: readonly AtomId[]): TileValue {
	const { kernel } = site;
	const over = [...kernel.loop, ...also];
	if (over.length === 0) return a;
	const operand = present(kernel.nodes[a.node], "operand").operation;
	let node = a.node;
	if (operand.kind === "sum" && also.length === 0 && site.readsAlone) operand.over.push(...kernel.loop);
	else node = addNode(kernel, { kind: "sum", operands: [a.node], over });
	if (kernel.loop.length > 0) node = addNode(kernel, { kind: "accumulate", operands: [node] });
	return { node, dims: a.dims };
}

function summedLast(site: OperatorSite, a: TileValue, rest: readonly AtomId[]): TileValue {
	const last = present(a.dims.at(-1), "last dimension");
	const { node } = accumulated(site, a, last);
	return { node, dims: [...a.dims.slice(0, -1), rest] };
}

/** sqrt(sum of squares / count), over the loop and the last dimension. */
function rootMeanSquare(site: OperatorSite, a: TileValue): TileValue {
	const { atoms } = site.draft;
	const last = present(a.dims.at(-1), "last dimension");
	const count = atoms.product(atoms.resolve([...site.kernel.loop, ...last]));
	const total = summedLast(site, mapped(site, "multiply", [a, a], a.dims), []);
	const factor = {
		node: addNode(site.kernel, { kind: "constant", value: 1 / count, operands: [] }),
		dims: [],
	};
	return mapped(site, "sqrt", [mapped(site, "multiply", [total, factor], total.dims)], total.dims);
}
