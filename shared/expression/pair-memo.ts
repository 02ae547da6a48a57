/** What a function of two ids gave before. Ids are 0 or more; a result is any int32 but `unknown`. */
export interface PairMemo {
	/** `unknown` where nothing was set. */
	get(a: number, b: number): number;
	set(a: number, b: number, result: number): void;
}

export const unknown = -0x80000000;

const slotsInitial = 256;
/** Int32s of a slot: a + 1 (0 marks an empty slot), b, the result. */
const slotLength = 3;

/** Open addressing in one Int32Array: no allocation but for growth, unlike a Map with its boxed keys. */
export function createPairMemo(): PairMemo {
	let slots = new Int32Array(slotsInitial * slotLength);
	let mask = slotsInitial - 1;
	let held = 0;
	const place = (a: number, b: number): number => {
		let slot = hashPair(a, b) & mask;
		for (;;) {
			const at = slot * slotLength;
			const key = slots[at];
			if (key === 0 || (key === a + 1 && slots[at + 1] === b)) return at;
			slot = (slot + 1) & mask;
		}
	};
	const write = (at: number, a: number, b: number, result: number): void => {
		slots[at] = a + 1;
		slots[at + 1] = b;
		slots[at + 2] = result;
	};
	const grow = (): void => {
		const before = slots;
		slots = new Int32Array(before.length * 2);
		mask = mask * 2 + 1;
		for (let at = 0; at < before.length; at += slotLength) {
			const a = (before[at] ?? 0) - 1;
			const b = before[at + 1] ?? 0;
			if (a >= 0) write(place(a, b), a, b, before[at + 2] ?? 0);
		}
	};
	return {
		get: (a, b) => {
			const at = place(a, b);
			return slots[at] === 0 ? unknown : (slots[at + 2] ?? unknown);
		},
		set: (a, b, result) => {
			const at = place(a, b);
			const isNew = slots[at] === 0;
			write(at, a, b, result);
			if (!isNew) return;
			held++;
			if (held * 2 > mask) grow();
		},
	};
}

/** The result for (a, b), computed on first sight. */
export function remembered(memo: PairMemo, a: number, b: number, compute: () => number): number {
	const known = memo.get(a, b);
	if (known !== unknown) return known;
	const result = compute();
	memo.set(a, b, result);
	return result;
}

/** Mixes both ids into 32 bits (multipliers of xxHash's 32-bit primes). */
function hashPair(a: number, b: number): number {
	const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77);
	return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae3d) ^ (mixed >>> 13);
}
