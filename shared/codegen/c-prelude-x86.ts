// The prelude of x86-64 with AVX2, FMA and F16C, and of AVX-512: compiler builtins where vector extensions do not say enough.

import type { PreludeFunction } from "./c-math.ts";
import { type Dialect, type PairInstruction, pairNeighbours } from "./c-prelude.ts";
import { transpose8, transpose16 } from "./c-transpose.ts";
import { erfPieces } from "./erf-pieces.ts";

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

const scalarFunctions: Readonly<Record<string, PreludeFunction>> = {
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
	pairNeighbours: pairNeighbours(8),
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

/** AVX512_BF16, which x86-64-v4 does not ask for. Flushes subnormals to zero. */
const pairInstruction: PairInstruction = {
	lanes: 16,
	condition: '__builtin_cpu_supports("avx512bf16")',
	attribute: '__attribute__((target("avx512bf16")))',
};

const list16 = (values: readonly number[]): string =>
	`{${values.map((value) => `${value.toPrecision(9)}f`).join(", ")}}`;

/** Coefficients by index from registers: a third fewer cycles than the quotient of c-math.ts where division is slow. */
const erf16 = `/* |x| = k / 4 + f: a polynomial in f whose coefficients k picks */
static inline F kiln_erf_16(F x) {
	const F magic = kiln_splat_16(3145728.0f);
	I sign = (I)x & (int)0x80000000u;
	F a = kiln_min_16(kiln_splat_16(3.8365f), (F)((I)x ^ sign));
	F rounded = a + magic;
	I k = (I)rounded;
	F f = a - (rounded - magic);
${erfPieces.map((values, power) => `	const F c${power} = ${list16(values)};`).join("\n")}
	F p = kiln_pick_16(c4, k);
	p = p * f + kiln_pick_16(c3, k);
	p = p * f + kiln_pick_16(c2, k);
	p = p * f + kiln_pick_16(c1, k);
	p = p * f + kiln_pick_16(c0, k);
	return (F)((I)p | sign);
}`;

const functions16: Readonly<Record<string, PreludeFunction>> = {
	erf: { needs: ["splat", "min", "pick"], text: erf16 },
	pick: either16(
		"F kiln_pick_16(F table, I at)",
		"__builtin_ia32_permvarsf512(table, at)",
		"__builtin_ia32_permvarsf512_mask(table, at, table, -1)",
	),
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
	pairNeighbours: pairNeighbours(16),
	addPairProductsAtOnce: {
		needs: [],
		text: `static inline ${pairInstruction.attribute} F kiln_addPairProductsAtOnce_16(F s, F a, F b) {
	__asm__("vdpbf16ps %2, %1, %0" : "+v"(s) : "v"(a), "v"(b));
	return s;
}`,
	},
};

/** x86-64 with AVX2, FMA and F16C at least. */
export const x86Dialect: Dialect = {
	types,
	wideTypes: types16,
	functions: new Map([
		[1, scalarFunctions],
		[8, functions8],
		[16, functions16],
	]),
	scalarThrough: 8,
	pairInstruction,
	fence: "__builtin_ia32_sfence();",
};
