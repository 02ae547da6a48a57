/** A bounded map whose entries lapse: what one isolate may remember for a short while. */
export interface ExpiringMap<V> {
	/** Undefined when absent or lapsed. */
	get(key: string): V | undefined;
	set(key: string, value: V): void;
	delete(key: string): void;
}

export interface ExpiringMapOptions<V> {
	readonly milliseconds: number;
	readonly weightMax: number;
	/** What one entry weighs against `weightMax`; default 1. Heavier ones than the whole are not kept. */
	readonly weigh?: (value: V) => number;
	readonly now: () => number;
}

/** When full, the entries set first go first. */
export function createExpiringMap<V>(options: ExpiringMapOptions<V>): ExpiringMap<V> {
	const { milliseconds, weightMax, now, weigh = () => 1 } = options;
	const entries = new Map<string, { readonly value: V; readonly until: number }>();
	let weight = 0;

	const remove = (key: string): void => {
		const entry = entries.get(key);
		if (entry === undefined) return;
		weight -= weigh(entry.value);
		entries.delete(key);
	};
	return {
		get(key) {
			const entry = entries.get(key);
			if (entry === undefined) return undefined;
			if (entry.until > now()) return entry.value;
			remove(key);
			return undefined;
		},
		set(key, value) {
			remove(key);
			const added = weigh(value);
			if (added > weightMax) return;
			entries.set(key, { value, until: now() + milliseconds });
			weight += added;
			for (const oldest of entries.keys()) {
				if (weight <= weightMax) break;
				remove(oldest);
			}
		},
		delete: remove,
	};
}
