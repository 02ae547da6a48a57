// A whole model's files where they belong, and the document that names them.

import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
	readonly facts: Pick<ModelDocument, "source" | "domain" | "target" | "threads" | "islands">;
}

/** A model that an earlier call wrote must not be taken for this one's. The document goes first: it names the others. */
export async function removeModel(directory: string): Promise<void> {
	const names = await readdir(directory).catch(() => []);
	const written = [modelDocumentName, modelFileName, weightsFileName, headerFileName];
	for (const name of [...written, ...names.filter(isLibrary)])
		await rm(join(directory, name), { force: true });
}

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
