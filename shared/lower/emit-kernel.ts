// A kernel of the µGraph to a loop kernel: the tile's position, then level by level of the grid the work that needs no more
// of it, stage by stage, group by group.

import { assert, present } from "#shared/fault/assert.ts";
import { affineConstant, affineVariable, zero } from "#shared/loop-ir/affine.ts";
import type { LoopKernel, Statement } from "#shared/loop-ir/loop-ir.ts";
import type { AxisId } from "#shared/program/program.ts";
import { initialiseAccumulator } from "./accumulate.ts";
import { dropUnread } from "./drop-unread.ts";
import { emitGroup } from "./emit-group.ts";
import { fuseRoots } from "./fuse-roots.ts";
import { waitingInOutputs } from "./output-layout.ts";
import { preparePanels } from "./prepare-panels.ts";
import { planRoots, type Root, type RootPlan } from "./roots.ts";
import { freshName, type TileContext } from "./tile-context.ts";

/** Below this many nanoseconds of estimated work a second thread brings nothing. */
const parallelWorkNanosecondsMin = 20_000;

export function emitKernel(ctx: TileContext, estimatedNanoseconds: number): LoopKernel {
	for (const grid of ctx.kernel.grid) ctx.extents.set(grid.axis, grid.tile);
	const plan = withNominalLoop(ctx, () => planRoots(ctx));
	ctx.waitingInOutputs = waitingInOutputs(ctx, plan.roots);
	preparePanels(ctx, plan.prepared);
	const body: Statement[] = [];
	let divisor = plan.gridOrder.reduce((product, { tiles }) => product * tiles, 1);
	const tiles = divisor;
	for (const { axis, tiles: modulus, tile } of plan.gridOrder) {
		divisor /= modulus;
		const variable = freshName(ctx, "g");
		body.push({ kind: "tileStart", variable, divisor, modulus, factor: tile });
		ctx.starts.set(axis, affineVariable(variable));
	}
	body.push(...emitLevel(ctx, plan, 0));
	const isParallel = tiles > 1 && estimatedNanoseconds >= parallelWorkNanosecondsMin;
	return { tiles, isParallel, ...dropUnread({ buffers: [...ctx.buffers.values()], body }) };
}

/** Planning sees one step of the loop, as the loop stages will. */
function withNominalLoop<T>(ctx: TileContext, plan: () => T): T {
	const { loop } = ctx.kernel;
	if (loop !== null) ctx.loop = { axis: loop.axis, start: zero, extent: loop.tile };
	const result = plan();
	ctx.loop = null;
	return result;
}

function emitLevel(ctx: TileContext, plan: RootPlan, level: number): Statement[] {
	const own = emitStages(
		ctx,
		plan.roots.filter((root) => root.level === level),
	);
	const next = plan.gridOrder[level];
	if (next === undefined) return own;
	const statements: Statement[] = [];
	if (own.length > 0) {
		const divisor = plan.gridOrder.slice(level).reduce((product, { tiles }) => product * tiles, 1);
		statements.push({ kind: "onChange", memory: freshName(ctx, "last"), divisor, body: own });
	}
	const tail = next.extent % next.tile;
	ctx.extents.set(next.axis, next.tile);
	const fits = emitLevel(ctx, plan, level + 1);
	if (tail === 0) return [...statements, ...fits];
	ctx.extents.set(next.axis, tail);
	const otherwise = emitLevel(ctx, plan, level + 1);
	const index = present(ctx.starts.get(next.axis), "grid axes have a start");
	return [...statements, { kind: "branch", index, limit: next.extent - next.tile, fits, otherwise }];
}

function emitStages(ctx: TileContext, roots: readonly Root[]): Statement[] {
	const stages = [...new Set(roots.map((root) => root.stage))].sort((a, b) => a - b);
	return stages.flatMap((stage) => {
		const inStage = roots.filter((root) => root.stage === stage);
		return stage % 2 === 0 ? emitGroups(ctx, inStage) : emitLoop(ctx, inStage);
	});
}

function emitGroups(ctx: TileContext, roots: readonly Root[]): Statement[] {
	return fuseRoots(roots).flatMap((group) => emitGroup(ctx, group));
}

/** Accumulators start neutral; whole steps, then what is left of the axis. */
function emitLoop(ctx: TileContext, roots: readonly Root[]): Statement[] {
	const loop = ctx.kernel.loop;
	assert(loop !== null, "an odd stage lies in a loop");
	const statements = roots.flatMap((root) => initialiseAccumulator(ctx, root));
	const step = (axis: AxisId, start: ReturnType<typeof affineConstant>, extent: number): Statement[] => {
		ctx.loop = { axis, start, extent };
		const body = emitGroups(ctx, roots);
		ctx.loop = null;
		return body;
	};
	const whole = loop.extent - (loop.extent % loop.tile);
	const variable = freshName(ctx, "s");
	statements.push({
		kind: "for",
		variable,
		begin: zero,
		end: affineConstant(whole),
		step: loop.tile,
		body: step(loop.axis, affineVariable(variable), loop.tile),
	});
	if (whole < loop.extent) {
		statements.push(...step(loop.axis, affineConstant(whole), loop.extent - whole));
	}
	return statements;
}
