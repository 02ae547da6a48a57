// A whole model's files where they belong, and the document that names them.

import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ModelDocument } from "#shared/protocol/model-document.ts";
import { digestOfFile, modelDocumentName } from "./model-files.ts";
import type { StandalonePorts } from "./standalone-session.ts";
import { modelFileName, weightsFileName } from "./write-model-files.ts";
import { headerFileName } from "./write-standalone.ts";

export interface PlacedModel {
	readonly directory: string;
	/** Where the libraries were made; on the same file system. */
	readonly draft: string;
	/** Where the model and its weights were written. */
	readonly model: string;
	/** Names of files in `draft`. */
	readonly library: string;
	readonly standalone: (StandalonePorts & { readonly library: string }) | null;
	readonly facts: Pick<ModelDocument, "source" | "domain" | "target" | "threads" | "tolerance" | "islands">;
}

/**
 * A model that an earlier call wrote must not be taken for this one's: its files go, the document first, because it names
 * the others. Throws `request.invalid` where a file of another's bears a name that we would give.
 */
export async function removeModel(directory: string): Promise<void> {
	for (const [name, isOurs] of [
		[modelDocumentName, isDocument],
		[headerFileName, isHeader],
	] as const) {
		const path = join(directory, name);
		const text = await readFile(path, "utf8").catch(() => null);
		if (text !== null && !isOurs(text)) refuse(path);
		await rm(path, { force: true });
	}
	const names: readonly string[] = await readdir(directory).catch(() => []);
	for (const name of [modelFileName, weightsFileName, ...names.filter(isLibrary)])
		await rm(join(directory, name), { force: true });
}

function refuse(path: string): never {
	throw new OptimizeError("request.invalid", `${path} is none of Kiln's: choose another folder`, { path });
}

/** Of whatever version. */
function isDocument(text: string): boolean {
	try {
		const document: unknown = JSON.parse(text);
		return (
			typeof document === "object" &&
			document !== null &&
			"schema" in document &&
			String(document.schema).startsWith("kiln.model/")
		);
	} catch {
		// No JSON at all: somebody else's.
		return false;
	}
}

const isHeader = (text: string): boolean => text.includes("#ifndef KILN_MODEL_H");
const isLibrary = (name: string): boolean => /^lib(kiln|model)_[0-9a-f]{8}\.so$/.test(name);

/** The document last: where it is, all is. */
export async function placeModel(placed: PlacedModel): Promise<void> {
	const { directory, draft, model, library, standalone, facts } = placed;
	const move = async (from: string, name: string): Promise<ModelDocument["model"]> => {
		const path = join(directory, name);
		await rename(join(from, name), path);
		return { name, sha256: await digestOfFile(path), bytesCount: (await stat(path)).size };
	};
	const document: ModelDocument = {
		schema: "kiln.model/1",
		...facts,
		model: await move(model, modelFileName),
		weights: await move(model, weightsFileName),
		library: await move(draft, library),
		standalone:
			standalone === null
				? null
				: {
						library: await move(draft, standalone.library),
						header: await move(draft, headerFileName),
						inputs: standalone.inputs.map(copyPort),
						outputs: standalone.outputs.map(copyPort),
					},
	};
	await writeFile(join(draft, modelDocumentName), `${JSON.stringify(document, null, 2)}\n`);
	await rename(join(draft, modelDocumentName), join(directory, modelDocumentName));
}

const copyPort = ({ name, dataType, shape }: StandalonePorts["inputs"][number]) => ({
	name,
	dataType,
	shape: [...shape],
});
