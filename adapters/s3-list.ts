// ListObjectsV2's answer. Workers have no XML parser, and two element names are all that is needed.

export interface ListedKeys {
	readonly keys: readonly string[];
	readonly isTruncated: boolean;
}

export function parseListedKeys(xml: string): ListedKeys {
	const keys = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) => unescapeXml(match[1] ?? ""));
	return { keys, isTruncated: /<IsTruncated>true<\/IsTruncated>/.test(xml) };
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
	return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
		if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
		if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
		return entities[name] ?? whole;
	});
}
