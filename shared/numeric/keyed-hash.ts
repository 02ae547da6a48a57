/** 64 bits as two 32-bit integers. */
export interface Hash64 {
	readonly a: number;
	readonly b: number;
}

/** One step of MurmurHash3 (Appleby, public domain): absorbs 32 bits. */
export function absorb(hash: number, value: number): number {
	let k = Math.imul(value, 0xcc9e2d51);
	k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
	const h = hash ^ k;
	return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** MurmurHash3's finaliser: every bit of the result depends on every bit of the hash. */
export function finalise(hash: number): number {
	let h = hash ^ (hash >>> 16);
	h = Math.imul(h, 0x85ebca6b);
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
	return (h ^ (h >>> 16)) | 0;
}

/** A number below `limit` (at most 2^27) from 53 bits: as good as uniform. */
export function below(limit: number, a: number, b: number): number {
	return ((a >>> 0) * 2097152 + (b >>> 11)) % limit;
}
