/** Workers hold at most six outgoing connections a request; more would only queue. */
const connectionsMax = 6;

/** Maps with at most six promises under way; results in order; the first failure is thrown once the others have ended. */
export async function mapBounded<T, R>(
	items: readonly T[],
	transform: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
	const results = new Array<R>(items.length);
	const rest = items.entries();
	const worker = async (): Promise<void> => {
		for (const [index, item] of rest) results[index] = await transform(item, index);
	};
	const workers = Array.from({ length: Math.min(connectionsMax, items.length) }, worker);
	for (const outcome of await Promise.allSettled(workers)) {
		if (outcome.status === "rejected") throw outcome.reason;
	}
	return results;
}
