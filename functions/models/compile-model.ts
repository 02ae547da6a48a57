// The real compiler behind the edge's port.

import { analyseBytes } from "#functions/models/analyse-bytes.ts";
import type { ModelCompiler } from "#functions/models/model-compiler.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";

export function createModelCompiler(): ModelCompiler {
	return {
		analyse: analyseBytes,
		plan: (options) => planProgram({ ...options, cursor: null }),
	};
}
