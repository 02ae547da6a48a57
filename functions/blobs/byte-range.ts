export interface ByteRange {
	readonly first: number;
	/** Inclusive. */
	readonly last: number;
}

/**
 * The part a Range header asks for (RFC 9110, 14.1.2). Null: the whole (no header, several ranges, or one not understood,
 * which may all be answered so).
 */
export function parseRange(
	header: string | undefined,
	bytesCount: number,
): ByteRange | "unsatisfiable" | null {
	const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
	if (from === "" && to === "") return null;
	if (from === "") {
		const length = Math.min(Number(to), bytesCount);
		return length === 0 ? "unsatisfiable" : { first: bytesCount - length, last: bytesCount - 1 };
	}
	const first = Number(from);
	const last = to === "" ? bytesCount - 1 : Math.min(Number(to), bytesCount - 1);
	if (to !== "" && Number(to) < first) return null;
	return first >= bytesCount ? "unsatisfiable" : { first, last };
}
