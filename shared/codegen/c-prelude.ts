// The C functions that emitted kernels call, by name and lanes, put into a file on demand. GCC's vector extensions where they
// say enough, compiler builtins where they do not; never immintrin.h, which costs 200 ms a compilation.

import { assert, present } from "#shared/fault/assert.ts";
import { mathFunctions, type PreludeFunction } from "./c-math.ts";

/** Functions asked for so far. `call` names one and makes sure that it is emitted. */
export interface Prelude {
	call(name: string, lanes: number): string;
	/** Everything asked for, callees first. */
	text(): string;
}

/** What the functions of a processor's prelude are. */
export interface Dialect {
	/** Of the vectors that every file has, and of those of 16 lanes. */
	readonly types: string;
	readonly wideTypes: string;
	/** By lanes, then by name; what is missing is the same for all processors. */
	readonly functions: ReadonlyMap<number, Readonly<Record<string, PreludeFunction>>>;
	/** Lanes of the vector through which scalars go that have no function of their own. */
	readonly scalarThrough: number;
	/** Products of pairs by an instruction that only some processors of the dialect have; null: there is none. */
	readonly pairInstruction: PairInstruction | null;
	/** A statement that waits for streaming stores; empty where there are none. */
	readonly fence: string;
}

export interface PairInstruction {
	readonly lanes: number;
	/** Holds, at run time, where the processor has it. */
	readonly condition: string;
	/** Of functions that use it. */
	readonly attribute: string;
}

/** The prelude as a function sees it that may use the processor's instruction for pairs. */
export function withPairInstruction(prelude: Prelude): Prelude {
	return {
		...prelude,
		call: (name, lanes) => prelude.call(name === "addPairProducts" ? "addPairProductsAtOnce" : name, lanes),
	};
}

export function createPrelude(dialect: Dialect): Prelude {
	const wanted = new Set<string>();
	return {
		call: (name, lanes) => {
			wanted.add(`${name} ${lanes}`);
			return `kiln_${name}_${lanes}`;
		},
		text: () => {
			const parts: string[] = [dialect.types];
			const done = new Set<string>();
			for (const key of [...wanted].sort()) {
				const [name, lanes] = key.split(" ");
				emit(dialect, present(name, "function"), Number(lanes), done, parts);
			}
			return parts.join("\n");
		},
	};
}

export function vectorType(lanes: number): string {
	return lanes === 1 ? "float" : `kiln_f${lanes}`;
}

function emit(dialect: Dialect, name: string, lanes: number, done: Set<string>, parts: string[]): void {
	const key = `${name} ${lanes}`;
	if (done.has(key)) return;
	done.add(key);
	const entry = lookUp(dialect, name, lanes);
	if (lanes === 16 && !done.has("types 16")) {
		done.add("types 16");
		parts.push(dialect.wideTypes);
	}
	for (const need of entry.needs) {
		const [callee, width] = need.split(" ");
		emit(dialect, present(callee, "callee"), width === undefined ? lanes : Number(width), done, parts);
	}
	const text = entry.text
		.replaceAll(/\bF\b/g, `kiln_f${lanes}`)
		.replaceAll(/\bI\b/g, `kiln_i${lanes}`)
		.replaceAll(/\bL\b/g, `${lanes}`)
		.replaceAll("kiln_fLu", `kiln_f${lanes}u`)
		.replaceAll(/(kiln_\w+_)L\b/g, `$1${lanes}`);
	parts.push(text);
}

function lookUp(dialect: Dialect, name: string, lanes: number): PreludeFunction {
	const own = dialect.functions.get(lanes)?.[name];
	const shared = lanes === 1 ? scalarFunctions[name] : (sharedFunctions[name] ?? mathFunctions[name]);
	if (own !== undefined) return own;
	if (shared !== undefined) return shared;
	assert(lanes === 1, `prelude has ${name} for ${lanes} lanes`);
	return throughVector(name, dialect.scalarThrough);
}

/** A scalar function as one lane of the vector one: the same results wherever a value is computed. */
function throughVector(name: string, lanes: number): PreludeFunction {
	const operands = name === "power" ? ["x", "y"] : ["x"];
	const splats = operands.map((operand) => `kiln_splat_${lanes}(${operand})`).join(", ");
	const parameters = operands.map((operand) => `float ${operand}`).join(", ");
	return {
		needs: [`splat ${lanes}`, `${name} ${lanes}`],
		text: `static inline float kiln_${name}_1(${parameters}) { return kiln_${name}_${lanes}(${splats})[0]; }`,
	};
}

const sharedFunctions: Readonly<Record<string, PreludeFunction>> = {
	brainBits: {
		needs: ["blend"],
		text: `/* the upper halves of bfloat16, nearest even; not-a-numbers stay such */
static inline I kiln_brainBits_L(F x) {
	I bits = (I)x;
	return (I)kiln_blend_L(x == x, (F)(bits + 0x7fff + (bits >> 16 & 1)), (F)(bits | 0x400000));
}`,
	},
	pair: {
		needs: ["brainBits"],
		text: `static inline F kiln_pair_L(F x, F y) {
	return (F)((kiln_brainBits_L(x) >> 16 & 0xffff) | (kiln_brainBits_L(y) & ~0xffff));
}`,
	},
	addPairProducts: {
		needs: [],
		text: `static inline F kiln_addPairProducts_L(F s, F a, F b) {
	s = s + (F)((I)a << 16) * (F)((I)b << 16);
	return s + (F)((I)a & ~0xffff) * (F)((I)b & ~0xffff);
}`,
	},
	blend: {
		needs: [],
		text: "static inline F kiln_blend_L(I mask, F yes, F no) { return (F)(((I)yes & mask) | ((I)no & ~mask)); }",
	},
	abs: { needs: [], text: "static inline F kiln_abs_L(F x) { return (F)((I)x & 0x7fffffff); }" },
	truth: {
		needs: ["splat"],
		text: "static inline F kiln_truth_L(I mask) { return (F)(mask & (I)kiln_splat_L(1.0f)); }",
	},
	flags: {
		needs: ["truth"],
		text: `static inline F kiln_flags_L(const unsigned char *p) {
	typedef unsigned char bytes __attribute__((vector_size(L), aligned(1), may_alias));
	return kiln_truth_L(__builtin_convertvector(*(const bytes *)p, I) != 0);
}`,
	},
	select: {
		needs: ["blend", "splat"],
		text: "static inline F kiln_select_L(F c, F yes, F no) { return kiln_blend_L(c != kiln_splat_L(0.0f), yes, no); }",
	},
	sign: {
		needs: ["truth", "splat"],
		text: `static inline F kiln_sign_L(F x) {
	return kiln_truth_L(x > kiln_splat_L(0.0f)) - kiln_truth_L(x < kiln_splat_L(0.0f));
}`,
	},
	keep: {
		needs: ["lanes", "blend", "splat"],
		text: `static inline F kiln_keep_L(F x, int active, float neutral) {
	return kiln_blend_L(kiln_lanes_L(active), x, kiln_splat_L(neutral));
}`,
	},
	store_streaming: {
		needs: ["store_aligned"],
		text: `static inline void kiln_store_streaming_L(float *p, F x) {
	if (((unsigned long)p & (4 * L - 1)) == 0) kiln_store_aligned_L(p, x);
	else *(kiln_fLu *)p = x;
}`,
	},
};

const scalarFunctions: Readonly<Record<string, PreludeFunction>> = {
	max: { needs: [], text: "static inline float kiln_max_1(float a, float b) { return a > b ? a : b; }" },
	min: { needs: [], text: "static inline float kiln_min_1(float a, float b) { return a < b ? a : b; }" },
	abs: { needs: [], text: "static inline float kiln_abs_1(float x) { return __builtin_fabsf(x); }" },
	sign: {
		needs: [],
		text: "static inline float kiln_sign_1(float x) { return (float)((x > 0.0f) - (x < 0.0f)); }",
	},
	select: {
		needs: [],
		text: "static inline float kiln_select_1(float c, float yes, float no) { return c != 0.0f ? yes : no; }",
	},
	inverseScale: {
		needs: [],
		text: `static inline float kiln_inverseScale_1(float x) {
	int bits;
	__builtin_memcpy(&bits, &x, 4);
	int exponent = 254 - (bits >> 23 & 255);
	bits = (exponent > 1 ? exponent : 1) << 23;
	__builtin_memcpy(&x, &bits, 4);
	return x;
}`,
	},
	brain: {
		needs: [],
		text: `static inline float kiln_brain_1(unsigned short x) {
	unsigned bits = (unsigned)x << 16;
	float y;
	__builtin_memcpy(&y, &bits, 4);
	return y;
}`,
	},
	pair: {
		needs: ["to_brain"],
		text: `static inline float kiln_pair_1(float x, float y) {
	unsigned bits = kiln_to_brain_1(x) | (unsigned)kiln_to_brain_1(y) << 16;
	__builtin_memcpy(&x, &bits, 4);
	return x;
}`,
	},
	to_brain: {
		needs: [],
		text: `static inline unsigned short kiln_to_brain_1(float x) {
	unsigned bits;
	__builtin_memcpy(&bits, &x, 4);
	if ((bits & 0x7fffffffu) > 0x7f800000u) return (unsigned short)((bits >> 16) | 64);
	return (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}`,
	},
};

/** Elements 2j and 2j + 1 of two vectors in a row, as a pair in lane j. */
export function pairNeighbours(lanes: number): PreludeFunction {
	const every = (first: number): string =>
		Array.from({ length: lanes }, (_, lane) => first + 2 * lane).join(", ");
	return {
		needs: ["pair"],
		text: `static inline F kiln_pairNeighbours_L(F x, F y) {
	return kiln_pair_L(__builtin_shufflevector(x, y, ${every(0)}), __builtin_shufflevector(x, y, ${every(1)}));
}`,
	};
}
