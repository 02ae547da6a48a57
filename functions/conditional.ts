// Conditional requests (RFC 9110, 13): entity tags compared weakly, `*` matches anything.

/** Whether an If-None-Match header names this entity tag. */
export function matchesEntityTag(header: string | undefined, etag: string): boolean {
	if (header === undefined) return false;
	if (header.trim() === "*") return true;
	const bare = (tag: string): string => tag.trim().replace(/^W\//, "");
	return header.split(",").some((tag) => bare(tag) === bare(etag));
}
