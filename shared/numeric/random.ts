/** A deterministic source of randomness: the only kind `shared/` may use. Results that depend on it store the seed. */
export interface Random {
	/** An integer in [0, 2^32). */
	nextUint32(): number;
	/** An integer in [0, limit), limit up to 2^53; unbiased. */
	nextBelow(limit: number): number;
	/** A number in [0, 1) with 53 random bits. */
	nextUnit(): number;
}

/**
 * xoshiro128** (Blackman and Vigna 2018), its state from splitmix32 over a 32-bit seed and a stream number. The seed is mixed
 * before the stream enters: states of neighbouring streams share no word.
 */
export function createRandom(seed: number, stream = 0): Random {
	let mix = seed >>> 0;
	const splitmix = (): number => {
		mix = (mix + 0x9e3779b9) >>> 0;
		let z = mix;
		z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
		z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
		return (z ^ (z >>> 15)) >>> 0;
	};
	mix = (splitmix() ^ stream) >>> 0;
	let a = splitmix();
	let b = splitmix();
	let c = splitmix();
	let d = splitmix() | 1;
	const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
	const nextUint32 = (): number => {
		const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
		const shifted = b << 9;
		c ^= a;
		d ^= b;
		b ^= c;
		a ^= d;
		c ^= shifted;
		d = rotate(d, 11);
		return result;
	};
	const next53 = (): number => (nextUint32() >>> 5) * 67108864 + (nextUint32() >>> 6);
	return {
		nextUint32,
		nextUnit: () => next53() / 9007199254740992,
		nextBelow: (limit) => {
			const bound = 9007199254740992 - (9007199254740992 % limit);
			let draw = next53();
			while (draw >= bound) draw = next53();
			return draw % limit;
		},
	};
}
