// The prelude for a processor of which nothing is known: four lanes, GCC's vector extensions and plain C alone. Where those
// have no word for something it goes lane by lane.

import type { PreludeFunction } from "./c-math.ts";
import { type Dialect, pairNeighbours } from "./c-prelude.ts";
import { transpose4 } from "./c-transpose.ts";

const types = `typedef float kiln_f4 __attribute__((vector_size(16)));
typedef int kiln_i4 __attribute__((vector_size(16)));
typedef float kiln_f4u __attribute__((vector_size(16), aligned(4), may_alias));
typedef short kiln_h4 __attribute__((vector_size(8)));
typedef short kiln_h4u __attribute__((vector_size(8), aligned(2), may_alias));`;

const lanewise = (signature: string, lane: string): PreludeFunction => ({
	needs: [],
	text: `static inline ${signature} {
	${signature.split(" ")[0]} y;
	for (int lane = 0; lane < 4; lane++) ${lane};
	return y;
}`,
});

/** A function of libm on each lane. */
const fromLibrary = (name: string, library: string): PreludeFunction => ({
	needs: [],
	text: `static inline F kiln_${name}_4(F x) {
	for (int lane = 0; lane < 4; lane++) x[lane] = ${library}(x[lane]);
	return x;
}`,
});

const horizontal = (name: string, combine: (a: string, b: string) => string): PreludeFunction => ({
	needs: [],
	text: `static inline float kiln_${name}_4(F x) {
	float a = ${combine("x[0]", "x[2]")}, b = ${combine("x[1]", "x[3]")};
	return ${combine("a", "b")};
}`,
});

const functions4: Readonly<Record<string, PreludeFunction>> = {
	splat: { needs: [], text: "static inline F kiln_splat_4(float x) { return (F){x, x, x, x}; }" },
	max: {
		needs: ["blend"],
		text: "static inline F kiln_max_4(F a, F b) { return kiln_blend_4(a > b, a, b); }",
	},
	min: {
		needs: ["blend"],
		text: "static inline F kiln_min_4(F a, F b) { return kiln_blend_4(a < b, a, b); }",
	},
	sqrt: fromLibrary("sqrt", "__builtin_sqrtf"),
	floor: fromLibrary("floor", "__builtin_floorf"),
	ceil: fromLibrary("ceil", "__builtin_ceilf"),
	roundHalfEven: fromLibrary("roundHalfEven", "__builtin_rintf"),
	lanes: {
		needs: [],
		text: "static inline I kiln_lanes_4(int active) { return (I){0, 1, 2, 3} < active; }",
	},
	load_part: {
		needs: [],
		text: `static inline F kiln_load_part_4(const float *p, int active) {
	F x = {0};
	for (int lane = 0; lane < active; lane++) x[lane] = p[lane];
	return x;
}`,
	},
	store_part: {
		needs: [],
		text: `static inline void kiln_store_part_4(float *p, F x, int active) {
	for (int lane = 0; lane < active; lane++) p[lane] = x[lane];
}`,
	},
	store_aligned: {
		needs: [],
		text: "static inline void kiln_store_aligned_4(float *p, F x) { *(kiln_f4u *)p = x; }",
	},
	half: {
		...lanewise("F kiln_half_4(kiln_h4 x)", "y[lane] = kiln_half_1((unsigned short)x[lane])"),
		needs: ["half 1"],
	},
	to_half: {
		...lanewise("kiln_h4 kiln_to_half_4(F x)", "y[lane] = (short)kiln_to_half_1(x[lane])"),
		needs: ["to_half 1"],
	},
	sum: horizontal("sum", (a, b) => `(${a} + ${b})`),
	product: horizontal("product", (a, b) => `(${a} * ${b})`),
	maximum: horizontal("maximum", (a, b) => `(${a} > ${b} ? ${a} : ${b})`),
	minimum: horizontal("minimum", (a, b) => `(${a} < ${b} ? ${a} : ${b})`),
	transpose: transpose4,
	pairNeighbours: pairNeighbours(4),
};

const scalarFunctions: Readonly<Record<string, PreludeFunction>> = {
	sqrt: { needs: [], text: "static inline float kiln_sqrt_1(float x) { return __builtin_sqrtf(x); }" },
	half: {
		needs: [],
		text: `/* a subnormal, or a zero, is a multiple of 2^-24 */
static inline float kiln_half_1(unsigned short x) {
	unsigned exponent = x >> 10 & 31, fraction = x & 1023, sign = (unsigned)(x & 0x8000) << 16;
	unsigned bits = sign | (exponent == 31 ? 0x7f800000u | fraction << 13 : (exponent + 112) << 23 | fraction << 13);
	float y;
	__builtin_memcpy(&y, &bits, 4);
	if (exponent == 0) y = (sign ? -1.0f : 1.0f) * (float)fraction * 5.9604644775390625e-8f;
	return y;
}`,
	},
	to_half: {
		needs: [],
		text: `/* to the nearest, ties to even: adding 2^(e+13) leaves the bits that a half has, below 2^-14 multiples of 2^-24 */
static inline unsigned short kiln_to_half_1(float x) {
	unsigned bits;
	__builtin_memcpy(&bits, &x, 4);
	unsigned sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffffu;
	if (magnitude > 0x7f800000u) return (unsigned short)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
	if (magnitude >= 0x477ff000u) return (unsigned short)(sign | 0x7c00);
	if (magnitude < 0x38800000u) {
		float y;
		__builtin_memcpy(&y, &magnitude, 4);
		y += 0.5f;
		__builtin_memcpy(&bits, &y, 4);
		return (unsigned short)(sign | (bits - 0x3f000000u));
	}
	return (unsigned short)(sign | ((magnitude + 0xfff + (magnitude >> 13 & 1)) - 0x38000000u) >> 13);
}`,
	},
};

export const portableDialect: Dialect = {
	types,
	wideTypes: "",
	functions: new Map([
		[1, scalarFunctions],
		[4, functions4],
	]),
	scalarThrough: 4,
	pairInstruction: null,
	fence: "",
};
