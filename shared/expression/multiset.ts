// Multisets of ids as ascending arrays.

export type Multiset = readonly number[];

export function mergeMultisets(a: Multiset, b: Multiset): Multiset {
	if (a.length === 0) return b;
	if (b.length === 0) return a;
	const merged: number[] = [];
	let left = 0;
	let right = 0;
	while (left < a.length || right < b.length) {
		const fromLeft = a[left] ?? Number.POSITIVE_INFINITY;
		const fromRight = b[right] ?? Number.POSITIVE_INFINITY;
		if (fromLeft <= fromRight) {
			merged.push(fromLeft);
			left++;
		} else {
			merged.push(fromRight);
			right++;
		}
	}
	return merged;
}

/** Whether `subtractMultiset` would find it, with nothing allocated. */
export function hasMultiset(whole: Multiset, part: Multiset): boolean {
	let found = 0;
	for (let at = 0; at < whole.length && found < part.length; at++) if (whole[at] === part[found]) found++;
	return found === part.length;
}

/** `whole` without `part`; null when it is not inside. */
export function subtractMultiset(whole: Multiset, part: Multiset): Multiset | null {
	if (part.length === 0) return whole;
	if (part.length > whole.length) return null;
	const rest: number[] = [];
	let at = 0;
	for (const item of whole) {
		const wanted = part[at];
		if (item === wanted) at++;
		else if (wanted !== undefined && item > wanted) return null;
		else rest.push(item);
	}
	return at === part.length ? rest : null;
}

/** Each item as often as both have it. */
export function intersectMultisets(a: Multiset, b: Multiset): Multiset {
	const common: number[] = [];
	let right = 0;
	for (const item of a) {
		while (right < b.length && (b[right] ?? 0) < item) right++;
		if (b[right] === item) {
			common.push(item);
			right++;
		}
	}
	return common;
}

export function sortedMultiset(items: Iterable<number>): Multiset {
	return [...items].sort((a, b) => a - b);
}
