// The folder of a whole model: model.json and the three files that it names.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { decodeModelDocument, type ModelDocument } from "#shared/protocol/model-document.ts";
import { checkKernelFolder } from "../check-kernel-folder.ts";
import type { TrustedKeys } from "../check-manifest.ts";

export const modelDocumentName = "model.json";

/**
 * Reads `model.json` and checks the files that it names, the folders of the kernels in it with theirs, and whether this
 * processor can run them. Throws `cache.miss` where there is no whole model (the original is the answer),
 * `cache.signature_invalid` and `target.unknown`.
 */
export async function checkModelFolder(
	directory: string,
	trustedKeys: TrustedKeys | undefined,
): Promise<ModelDocument> {
	const document = await readDocument(directory);
	const { model, weights, library, standalone } = document;
	const files = [
		model,
		weights,
		library,
		...(standalone === null ? [] : [standalone.library, standalone.header]),
	];
	for (const { name, sha256 } of files) {
		const found = await digestOfFile(join(directory, name)).catch(() => null);
		if (found === null) throw refusal(directory, `${name} is missing`);
		if (found !== sha256) throw refusal(directory, `${name} has digest ${found}, expected ${sha256}`);
	}
	for (const { kernel, folder } of document.islands) {
		const { key } = await checkKernelFolder(join(directory, folder), trustedKeys);
		if (key !== kernel) throw refusal(directory, `${folder} holds kernel ${key}, expected ${kernel}`);
	}
	return document;
}

/** SHA-256 of a file of any size, lower-case hex. */
export async function digestOfFile(path: string): Promise<string> {
	const digest = createHash("sha256");
	await pipeline(createReadStream(path), digest);
	return digest.digest("hex");
}

/** Whether `kiln optimize` left a whole model there. */
export async function hasModel(directory: string): Promise<boolean> {
	return stat(join(directory, modelDocumentName)).then(
		(found) => found.isFile(),
		() => false,
	);
}

async function readDocument(directory: string): Promise<ModelDocument> {
	if (!(await hasModel(directory)))
		throw new OptimizeError("cache.miss", `${directory} holds no whole model: the original is the answer`, {
			directory,
		});
	try {
		return decodeModelDocument(await readFile(join(directory, modelDocumentName), "utf8"));
	} catch (fault) {
		const reason = fault instanceof Error ? fault.message : String(fault);
		throw refusal(directory, `no valid ${modelDocumentName}: ${reason}`);
	}
}

const refusal = (directory: string, reason: string): OptimizeError =>
	new OptimizeError("cache.signature_invalid", `model folder ${directory}: ${reason}`, { directory });
