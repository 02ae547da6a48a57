import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** A request's bytes, at most `bytesMax`: more is refused (upload.too_large) without being read to the end. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
	const announced = Number(request.headers.get("content-length") ?? Number.NaN);
	if (announced > bytesMax) throw tooLarge(bytesMax);
	const parts: Uint8Array[] = [];
	let length = 0;
	const reader = request.body?.getReader();
	while (reader !== undefined) {
		const { done, value } = await reader.read();
		if (done) break;
		length += value.length;
		if (length > bytesMax) {
			await reader.cancel();
			throw tooLarge(bytesMax);
		}
		parts.push(value);
	}
	const bytes = new Uint8Array(length);
	let offset = 0;
	for (const part of parts) {
		bytes.set(part, offset);
		offset += part.length;
	}
	return bytes;
}

const tooLarge = (limit: number): OptimizeError =>
	new OptimizeError("upload.too_large", `the body is larger than ${limit} bytes`, { limit });
