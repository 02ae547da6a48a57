// Bytes -> record: analyse a model once for each set of bindings and write down what later requests need.

import { grantReach, hiddenError, readBlob, storeBlob } from "#functions/blobs/blob-store.ts";
import { mapBounded } from "#functions/bounded-parallel.ts";
import type { CompiledProgram } from "#functions/models/model-compiler.ts";
import type { EdgeServices } from "#functions/services.ts";
import { readJsonObject, writeJsonObject, writeText } from "#functions/stored-json.ts";
import { modelKey, programKey } from "#shared/artefact/store-keys.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import {
	type ModelRecord,
	modelDigest,
	modelId,
	modelRecordSchema,
	type ShapeBindings,
	sortedWeights,
	type Weights,
} from "#shared/protocol/model.ts";
import { encodeProgramDocument } from "#shared/protocol/program-document.ts";

export interface ModelSource {
	readonly namespace: string;
	/** SHA-256 of the bytes. */
	readonly blob: string;
	/** Null: they are in the store. */
	readonly bytes: Uint8Array<ArrayBuffer> | null;
	readonly shapes: ShapeBindings;
	readonly weights: Weights;
}

/** The record of a model under given bindings; made when it is the first time. Throws `OptimizeError` model.*. */
export async function ensureModel(services: EdgeServices, source: ModelSource): Promise<ModelRecord> {
	const id = modelId({ ...source, version: kilnVersion });
	const known = await readModel(services, source.namespace, id);
	if (known !== null) return known;
	const bytes = source.bytes ?? (await readBlob(services, source.blob));
	if (bytes === null) throw hiddenError("blob");
	const { programs, ...analysis } = services.compiler.analyse(bytes, source);
	refuseTooMany(programs.length);
	await storeBlob(services, bytes, source.blob);
	await grantReach(services, source.namespace, [source.blob]);
	await mapBounded(programs, (program) => storeProgram(services, program));
	const record: ModelRecord = {
		...analysis,
		schema: "kiln.model/1",
		id,
		namespace: source.namespace,
		blob: source.blob,
		bytesCount: bytes.length,
		shapes: source.shapes,
		weights: sortedWeights(source.weights),
		version: kilnVersion,
		createdAt: new Date(services.clock.nowMilliseconds()).toISOString(),
	};
	const put = await writeJsonObject(services.store, modelKey(modelDigest(id)), record, { kind: "absent" });
	// Somebody was first: theirs says the same, but for the time.
	return put.kind === "stored" ? record : ((await readModel(services, source.namespace, id)) ?? record);
}

/** Null when there is none or it belongs to another namespace. */
export async function readModel(
	services: EdgeServices,
	namespace: string,
	id: string,
): Promise<ModelRecord | null> {
	const stored = await readJsonObject(services.store, modelKey(modelDigest(id)), modelRecordSchema);
	return stored === null || stored.value.namespace !== namespace ? null : stored.value;
}

/** Distinct programs of a model: each costs the edge some subrequests, and a job's message has room for 4,096. */
const programsMax = 1024;

function refuseTooMany(programs: number): void {
	if (programs <= programsMax) return;
	throw new OptimizeError(
		"model.limits_exceeded",
		`the model has ${programs} distinct programs, more than ${programsMax}`,
		{ found: programs, limit: programsMax },
	);
}

/** Baselines first: a program document must never name a blob that is not there. */
async function storeProgram(services: EdgeServices, program: CompiledProgram): Promise<void> {
	const key = programKey(program.digest);
	if ((await services.store.head(key)) !== null) return;
	const baselines = [];
	for (const { form, bytes, inputNames, outputNames } of program.baselines) {
		const blob = await storeBlob(services, new Uint8Array(bytes));
		baselines.push({ form, blob, inputNames, outputNames });
	}
	const document = encodeProgramDocument({
		schema: "kiln.program/1",
		digest: program.digest,
		program: program.program,
		baselines,
	});
	await writeText(services.store, key, document, { kind: "absent" });
}
