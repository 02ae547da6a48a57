// The C functions that emitted kernels call, by name and lanes, put into a file on demand. GCC's vector extensions where they
// say enough, compiler builtins where they do not; never immintrin.h, which costs 200 ms a compilation.

import { assert, present } from "#shared/fault/assert.ts";
import { mathFunctions, type PreludeFunction } from "./c-math.ts";
import { functions4, portableScalarFunctions, portableTypes } from "./c-prelude-portable.ts";
import { transpose8, transpose16 } from "./c-transpose.ts";

/** Functions asked for so far. `call` names one and makes sure that it is emitted. */
export interface Prelude {
	call(name: string, lanes: number): string;
	/** Everything asked for, callees first. */
	text(): string;
}

/** What the functions of a processor's prelude are. */
export interface Dialect {
	/** Of the vectors that every file has. */
	readonly types: string;
	/** By lanes, then by name; what is missing is the same for all processors. */
	readonly functions: ReadonlyMap<number, Readonly<Record<string, PreludeFunction>>>;
	/** Lanes of the vector through which scalars go that have no function of their own. */
	readonly scalarThrough: number;
	/** Statements: waits for streaming stores, and lets another thread of the core go on. Empty where there is nothing to do. */
	readonly fence: string;
	readonly pause: string;
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

const types = `typedef float kiln_f4 __attribute__((vector_size(16)));
typedef float kiln_f8 __attribute__((vector_size(32)));
typedef int kiln_i8 __attribute__((vector_size(32)));
typedef float kiln_f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef short kiln_h8 __attribute__((vector_size(16)));
typedef short kiln_h8u __attribute__((vector_size(16), aligned(2), may_alias));`;

const types16 = `typedef float kiln_f16 __attribute__((vector_size(64)));
typedef int kiln_i16 __attribute__((vector_size(64)));
typedef float kiln_f16u __attribute__((vector_size(64), aligned(4), may_alias));
typedef short kiln_h16 __attribute__((vector_size(32)));
typedef short kiln_h16u __attribute__((vector_size(32), aligned(2), may_alias));`;

function emit(dialect: Dialect, name: string, lanes: number, done: Set<string>, parts: string[]): void {
	const key = `${name} ${lanes}`;
	if (done.has(key)) return;
	done.add(key);
	const entry = lookUp(dialect, name, lanes);
	if (lanes === 16 && !done.has("types 16")) {
		done.add("types 16");
		parts.push(types16);
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
	const shared = lanes === 1 ? undefined : (sharedFunctions[name] ?? mathFunctions[name]);
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
	blend: {
		needs: [],
		text: "static inline F kiln_blend_L(I mask, F yes, F no) { return (F)(((I)yes & mask) | ((I)no & ~mask)); }",
	},
	abs: { needs: [], text: "static inline F kiln_abs_L(F x) { return (F)((I)x & 0x7fffffff); }" },
	copysign: {
		needs: [],
		text: "static inline F kiln_copysign_L(F x, F y) { return (F)(((I)x & 0x7fffffff) | ((I)y & ~0x7fffffff)); }",
	},
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
	sqrt: {
		needs: [],
		text: `static inline float kiln_sqrt_1(float x) {
	return __builtin_ia32_sqrtps((kiln_f4){x, x, x, x})[0];
}`,
	},
	half: {
		needs: [],
		text: `static inline float kiln_half_1(unsigned short x) {
	return __builtin_ia32_vcvtph2ps((kiln_h8){(short)x, 0, 0, 0, 0, 0, 0, 0})[0];
}`,
	},
	to_half: {
		needs: [],
		text: `static inline unsigned short kiln_to_half_1(float x) {
	return (unsigned short)__builtin_ia32_vcvtps2ph((kiln_f4){x, x, x, x}, 0)[0];
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

const rounding = (name: string, mode: number): PreludeFunction => ({
	needs: [],
	text: `static inline F kiln_${name}_L(F x) { return __builtin_ia32_roundps256(x, ${mode}); }`,
});

const horizontal8 = (name: string, combine: (a: string, b: string) => string): PreludeFunction => ({
	needs: [],
	text: `static inline float kiln_${name}_8(F x) {
	kiln_f4 low = __builtin_shufflevector(x, x, 0, 1, 2, 3), high = __builtin_shufflevector(x, x, 4, 5, 6, 7);
	kiln_f4 four = ${combine("low", "high")};
	kiln_f4 swapped = __builtin_shufflevector(four, four, 2, 3, 0, 1);
	kiln_f4 two = ${combine("four", "swapped")};
	kiln_f4 turned = __builtin_shufflevector(two, two, 1, 0, 3, 2);
	return (${combine("two", "turned")})[0];
}`,
});

const functions8: Readonly<Record<string, PreludeFunction>> = {
	splat: {
		needs: [],
		text: "static inline F kiln_splat_8(float x) { return (F){x, x, x, x, x, x, x, x}; }",
	},
	max: {
		needs: [],
		text: "static inline F kiln_max_8(F a, F b) { return __builtin_ia32_maxps256(a, b); }",
	},
	min: {
		needs: [],
		text: "static inline F kiln_min_8(F a, F b) { return __builtin_ia32_minps256(a, b); }",
	},
	sqrt: { needs: [], text: "static inline F kiln_sqrt_8(F x) { return __builtin_ia32_sqrtps256(x); }" },
	floor: rounding("floor", 9),
	ceil: rounding("ceil", 10),
	roundHalfEven: rounding("roundHalfEven", 8),
	lanes: {
		needs: [],
		text: "static inline I kiln_lanes_8(int active) { return (I){0, 1, 2, 3, 4, 5, 6, 7} < active; }",
	},
	load_part: {
		needs: ["lanes"],
		text: `static inline F kiln_load_part_8(const float *p, int active) {
	return __builtin_ia32_maskloadps256((const F *)p, kiln_lanes_8(active));
}`,
	},
	store_part: {
		needs: ["lanes"],
		text: `static inline void kiln_store_part_8(float *p, F x, int active) {
	__builtin_ia32_maskstoreps256((F *)p, kiln_lanes_8(active), x);
}`,
	},
	store_aligned: {
		needs: [],
		text: `static inline void kiln_store_aligned_8(float *p, F x) { __builtin_ia32_movntps256(p, x); }`,
	},
	half: {
		needs: [],
		text: "static inline F kiln_half_8(kiln_h8 x) { return __builtin_ia32_vcvtph2ps256(x); }",
	},
	to_half: {
		needs: [],
		text: "static inline kiln_h8 kiln_to_half_8(F x) { return __builtin_ia32_vcvtps2ph256(x, 0); }",
	},
	sum: horizontal8("sum", (a, b) => `${a} + ${b}`),
	product: horizontal8("product", (a, b) => `${a} * ${b}`),
	maximum: horizontal8("maximum", (a, b) => `__builtin_ia32_maxps(${a}, ${b})`),
	minimum: horizontal8("minimum", (a, b) => `__builtin_ia32_minps(${a}, ${b})`),
	transpose: transpose8,
};

const low16 = "__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7)";
const high16 = "__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15)";

const horizontal16 = (
	name: string,
	combine: (a: string, b: string) => string,
	needs: readonly string[] = [],
): PreludeFunction => ({
	needs: [`${name} 8`, ...needs],
	text: `static inline float kiln_${name}_16(F x) {
	kiln_f8 low = ${low16}, high = ${high16};
	return kiln_${name}_8(${combine("low", "high")});
}`,
});

const rounding16 = (name: string, mode: number): PreludeFunction => ({
	needs: [],
	text: `static inline F kiln_${name}_16(F x) { return __builtin_ia32_rndscaleps_mask(x, ${mode}, x, -1, 4); }`,
});

/** gcc and clang name the 512-bit builtins differently. */
const either16 = (signature: string, clang: string, gcc: string): PreludeFunction => ({
	needs: [],
	text: `#ifdef __clang__
static inline ${signature} { return ${clang}; }
#else
static inline ${signature} { return ${gcc}; }
#endif`,
});

const functions16: Readonly<Record<string, PreludeFunction>> = {
	splat: {
		needs: [],
		text: "static inline F kiln_splat_16(float x) { return (F){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }",
	},
	max: either16(
		"F kiln_max_16(F a, F b)",
		"__builtin_ia32_maxps512(a, b, 4)",
		"__builtin_ia32_maxps512_mask(a, b, a, -1, 4)",
	),
	min: either16(
		"F kiln_min_16(F a, F b)",
		"__builtin_ia32_minps512(a, b, 4)",
		"__builtin_ia32_minps512_mask(a, b, a, -1, 4)",
	),
	sqrt: either16(
		"F kiln_sqrt_16(F x)",
		"__builtin_ia32_sqrtps512(x, 4)",
		"__builtin_ia32_sqrtps512_mask(x, x, -1, 4)",
	),
	floor: rounding16("floor", 9),
	ceil: rounding16("ceil", 10),
	roundHalfEven: rounding16("roundHalfEven", 8),
	lanes: {
		needs: [],
		text: `static inline I kiln_lanes_16(int active) {
	return (I){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} < active;
}`,
	},
	load_part: {
		needs: [],
		text: `static inline F kiln_load_part_16(const float *p, int active) {
	return __builtin_ia32_loadups512_mask(p, (F){0}, (unsigned short)((1u << active) - 1));
}`,
	},
	store_part: {
		needs: [],
		text: `static inline void kiln_store_part_16(float *p, F x, int active) {
	__builtin_ia32_storeups512_mask(p, x, (unsigned short)((1u << active) - 1));
}`,
	},
	store_aligned: {
		needs: [],
		text: `#ifdef __clang__
static inline void kiln_store_aligned_16(float *p, F x) { __builtin_nontemporal_store(x, (F *)p); }
#else
static inline void kiln_store_aligned_16(float *p, F x) { __builtin_ia32_movntps512(p, x); }
#endif`,
	},
	half: {
		needs: [],
		text: `static inline F kiln_half_16(kiln_h16 x) {
	return __builtin_ia32_vcvtph2ps512_mask(x, (F){0}, -1, 4);
}`,
	},
	to_half: {
		needs: [],
		text: `static inline kiln_h16 kiln_to_half_16(F x) {
	return __builtin_ia32_vcvtps2ph512_mask(x, 0, (kiln_h16){0}, -1);
}`,
	},
	sum: horizontal16("sum", (a, b) => `${a} + ${b}`),
	product: horizontal16("product", (a, b) => `${a} * ${b}`),
	maximum: horizontal16("maximum", (a, b) => `kiln_max_8(${a}, ${b})`, ["max 8"]),
	minimum: horizontal16("minimum", (a, b) => `kiln_min_8(${a}, ${b})`, ["min 8"]),
	transpose: transpose16,
};

/** x86-64 with AVX2, FMA and F16C at least. */
export const x86Dialect: Dialect = {
	types,
	functions: new Map([
		[1, scalarFunctions],
		[8, functions8],
		[16, functions16],
	]),
	scalarThrough: 8,
	fence: "__builtin_ia32_sfence();",
	pause: "__builtin_ia32_pause();",
};

export const portableDialect: Dialect = {
	types: portableTypes,
	functions: new Map([
		[1, { ...scalarFunctions, ...portableScalarFunctions }],
		[4, functions4],
	]),
	scalarThrough: 4,
	fence: "",
	pause: "",
};
