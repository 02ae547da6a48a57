export interface WantedPlace {
	readonly width: number;
	/** Centre it would like to have. */
	readonly wanted: number;
	readonly weight: number;
}

/**
 * Centres in the given order, `gap` apart, with the least weighted sum of squares of distances to the wanted ones:
 * isotonic regression by pooling neighbours that would overlap (Ayer and others 1955).
 */
export function placeInOrder(places: readonly WantedPlace[], gap: number): readonly number[] {
	const offsets: number[] = [];
	let offset = 0;
	places.forEach(({ width }, at) => {
		if (at > 0) offset += (width + (places[at - 1]?.width ?? 0)) / 2 + gap;
		offsets.push(offset);
	});
	const pools: { weight: number; sum: number; readonly count: number }[] = [];
	places.forEach(({ wanted, weight }, at) => {
		let pool = { weight, sum: weight * (wanted - (offsets[at] ?? 0)), count: 1 };
		for (let last = pools.at(-1); last !== undefined && last.sum / last.weight > pool.sum / pool.weight; ) {
			pool = { weight: pool.weight + last.weight, sum: pool.sum + last.sum, count: pool.count + last.count };
			pools.pop();
			last = pools.at(-1);
		}
		pools.push(pool);
	});
	const starts = pools.flatMap(({ sum, weight, count }) => new Array<number>(count).fill(sum / weight));
	return starts.map((start, at) => start + (offsets[at] ?? 0));
}
