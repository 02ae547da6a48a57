// A program's plan, made once for each target, number of threads, effort, tolerance and version, and then found again.

import type { ParallelCalls } from "#functions/search/parallel-calls.ts";
import type { EdgeServices } from "#functions/services.ts";
import { readTextObject, writeText } from "#functions/stored-json.ts";
import { type PlanSubject, planKey, programKey } from "#shared/artefact/store-keys.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { present } from "#shared/fault/assert.ts";
import { encodePlan } from "#shared/protocol/plan-document.ts";
import { decodeProgramDocument } from "#shared/protocol/program-document.ts";

/** Store key of the plan; searched, verified and ranked here, within the budget of states, when it is the first time. */
export async function ensurePlan(
	services: EdgeServices,
	subject: PlanSubject,
	calls: ParallelCalls,
): Promise<string> {
	const { programDigest, target, threads, effort, tolerance } = subject;
	const place = planKey(subject, kilnVersion);
	if ((await services.store.head(place)) !== null) return place;
	const stored = await readTextObject(services.store, programKey(programDigest), decodeProgramDocument);
	const document = present(stored, `the program ${programDigest} of a stored model is stored`).value;
	const plan = await services.compiler.plan({
		programDigest,
		program: document.program,
		target,
		threads,
		effort,
		tolerance,
		searchStatesMax: services.configuration.searchStatesMax,
		calls,
	});
	const text = encodePlan({ ...plan, baselines: document.baselines });
	await writeText(services.store, place, text, { kind: "absent" });
	return place;
}
