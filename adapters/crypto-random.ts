import type { Random } from "#shared/numeric/random.ts";

const twoTo32 = 2 ** 32;

/** Unpredictable numbers from WebCrypto: for identifiers, never for anything that must be repeated. */
export function createCryptoRandom(): Random {
	const words = new Uint32Array(64);
	let used = words.length;
	const nextUint32 = (): number => {
		if (used >= words.length) {
			crypto.getRandomValues(words);
			used = 0;
		}
		return words[used++] ?? 0;
	};
	const next53 = (): number => (nextUint32() >>> 5) * 67108864 + (nextUint32() >>> 6);
	return {
		nextUint32,
		nextUnit: () => next53() / 2 ** 53,
		nextBelow: (limit) => {
			// 32 bits suffice for small limits, and most limits are small.
			const range = limit <= twoTo32 ? twoTo32 : 2 ** 53;
			const bound = range - (range % limit);
			const draw = range === twoTo32 ? nextUint32 : next53;
			let value = draw();
			while (value >= bound) value = draw();
			return value % limit;
		},
	};
}
