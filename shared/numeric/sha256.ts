// SHA-256 (FIPS 180-4), synchronous: the core has no WebCrypto, and digests are part of its canonical forms.
// For bulk bytes entry points use WebCrypto, which gives the same digest faster.

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
const roundConstants = fractionalRoots(64, Math.cbrt);
/** ... of the square roots of the first eight (5.3.3). */
const initialState = fractionalRoots(8, Math.sqrt);

function fractionalRoots(count: number, root: (prime: number) => number): Uint32Array {
	const words = new Uint32Array(count);
	for (let candidate = 2, found = 0; found < count; candidate++) {
		if (isPrime(candidate)) words[found++] = (root(candidate) % 1) * 4294967296;
	}
	return words;
}

function isPrime(candidate: number): boolean {
	for (let divisor = 2; divisor * divisor <= candidate; divisor++) {
		if (candidate % divisor === 0) return false;
	}
	return true;
}

/** Lower-case hex digest. A string is hashed as UTF-8; lone surrogates as U+FFFD. */
export function sha256Hex(data: Uint8Array | string): string {
	const state = digestState(typeof data === "string" ? utf8Bytes(data) : data);
	let hex = "";
	for (const word of state) hex += word.toString(16).padStart(8, "0");
	return hex;
}

function digestState(bytes: Uint8Array): Uint32Array {
	const state = Uint32Array.from(initialState);
	const wholeBlocks = bytes.length >>> 6;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const schedule = new Int32Array(64);
	for (let block = 0; block < wholeBlocks; block++) compress(state, view, block << 6, schedule);

	const rest = bytes.subarray(wholeBlocks << 6);
	const tail = new Uint8Array(rest.length < 56 ? 64 : 128);
	tail.set(rest);
	tail[rest.length] = 0x80;
	const tailView = new DataView(tail.buffer);
	tailView.setUint32(tail.length - 8, Math.floor(bytes.length / 0x20000000));
	tailView.setUint32(tail.length - 4, bytes.length << 3);
	for (let offset = 0; offset < tail.length; offset += 64) compress(state, tailView, offset, schedule);
	return state;
}

const word = (words: Int32Array | Uint32Array, index: number): number => words[index] ?? 0;
const rotate = (x: number, count: number): number => (x >>> count) | (x << (32 - count));

function compress(state: Uint32Array, view: DataView, offset: number, w: Int32Array): void {
	for (let t = 0; t < 16; t++) w[t] = view.getInt32(offset + t * 4);
	for (let t = 16; t < 64; t++) {
		const early = word(w, t - 15);
		const late = word(w, t - 2);
		const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
		const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
		w[t] = word(w, t - 16) + s0 + word(w, t - 7) + s1;
	}
	let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
	for (let t = 0; t < 64; t++) {
		const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
		const choice = (e & f) ^ (~e & g);
		const t1 = (h + sum1 + choice + word(roundConstants, t) + word(w, t)) | 0;
		const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
		const majority = (a & b) ^ (a & c) ^ (b & c);
		h = g;
		g = f;
		f = e;
		e = (d + t1) | 0;
		d = c;
		c = b;
		b = a;
		a = (t1 + sum0 + majority) | 0;
	}
	[a, b, c, d, e, f, g, h].forEach((value, index) => {
		state[index] = word(state, index) + value;
	});
}

/** UTF-8 (the core's ES2023 has no TextEncoder). Lone surrogates become U+FFFD. */
export function utf8Bytes(text: string): Uint8Array {
	const bytes = new Uint8Array(text.length * 3);
	let length = 0;
	for (const character of text) {
		let point = character.codePointAt(0) ?? 0;
		if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
		if (point < 0x80) bytes[length++] = point;
		else if (point < 0x800) {
			bytes[length++] = 0xc0 | (point >> 6);
			bytes[length++] = 0x80 | (point & 63);
		} else if (point < 0x10000) {
			bytes[length++] = 0xe0 | (point >> 12);
			bytes[length++] = 0x80 | ((point >> 6) & 63);
			bytes[length++] = 0x80 | (point & 63);
		} else {
			bytes[length++] = 0xf0 | (point >> 18);
			bytes[length++] = 0x80 | ((point >> 12) & 63);
			bytes[length++] = 0x80 | ((point >> 6) & 63);
			bytes[length++] = 0x80 | (point & 63);
		}
	}
	return bytes.slice(0, length);
}
