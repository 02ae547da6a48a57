/* Kernels for cpu-x86-64-v4. Flags: -march=x86-64-v4 -mprefer-vector-width=512 -O2 -fPIC -shared -pthread -lm. */
#include <stddef.h>

typedef float kiln_f4 __attribute__((vector_size(16)));
typedef float kiln_f8 __attribute__((vector_size(32)));
typedef int kiln_i8 __attribute__((vector_size(32)));
typedef float kiln_f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef short kiln_h8 __attribute__((vector_size(16)));
typedef short kiln_h8u __attribute__((vector_size(16), aligned(2), may_alias));
typedef float kiln_f16 __attribute__((vector_size(64)));
typedef int kiln_i16 __attribute__((vector_size(64)));
typedef float kiln_f16u __attribute__((vector_size(64), aligned(4), may_alias));
typedef short kiln_h16 __attribute__((vector_size(32)));
typedef short kiln_h16u __attribute__((vector_size(32), aligned(2), may_alias));
static inline kiln_f16 kiln_addPairProducts_16(kiln_f16 s, kiln_f16 a, kiln_f16 b) {
	s = s + (kiln_f16)((kiln_i16)a << 16) * (kiln_f16)((kiln_i16)b << 16);
	return s + (kiln_f16)((kiln_i16)a & ~0xffff) * (kiln_f16)((kiln_i16)b & ~0xffff);
}
static inline __attribute__((target("avx512bf16"))) kiln_f16 kiln_addPairProductsAtOnce_16(kiln_f16 s, kiln_f16 a, kiln_f16 b) {
	__asm__("vdpbf16ps %2, %1, %0" : "+v"(s) : "v"(a), "v"(b));
	return s;
}
static inline kiln_f16 kiln_blend_16(kiln_i16 mask, kiln_f16 yes, kiln_f16 no) { return (kiln_f16)(((kiln_i16)yes & mask) | ((kiln_i16)no & ~mask)); }
/* the upper halves of bfloat16, nearest even; not-a-numbers stay such */
static inline kiln_i16 kiln_brainBits_16(kiln_f16 x) {
	kiln_i16 bits = (kiln_i16)x;
	return (kiln_i16)kiln_blend_16(x == x, (kiln_f16)(bits + 0x7fff + (bits >> 16 & 1)), (kiln_f16)(bits | 0x400000));
}
static inline kiln_f16 kiln_pair_16(kiln_f16 x, kiln_f16 y) {
	return (kiln_f16)((kiln_brainBits_16(x) >> 16 & 0xffff) | (kiln_brainBits_16(y) & ~0xffff));
}
static inline kiln_f16 kiln_pairNeighbours_16(kiln_f16 x, kiln_f16 y) {
	return kiln_pair_16(__builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
}
static inline kiln_f16 kiln_splat_16(float x) { return (kiln_f16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
static inline void kiln_store_part_16(float *p, kiln_f16 x, int active) {
	__builtin_ia32_storeups512_mask(p, x, (unsigned short)((1u << active) - 1));
}
static inline __attribute__((always_inline)) void kiln_transpose_16(
	kiln_f16 x0, kiln_f16 x1, kiln_f16 x2, kiln_f16 x3, kiln_f16 x4, kiln_f16 x5, kiln_f16 x6, kiln_f16 x7, kiln_f16 x8, kiln_f16 x9, kiln_f16 x10, kiln_f16 x11, kiln_f16 x12, kiln_f16 x13, kiln_f16 x14, kiln_f16 x15, float *p, long stride, int active, int width
) {
	kiln_f16 s1_0 = __builtin_shufflevector(x0, x1, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
	kiln_f16 s1_1 = __builtin_shufflevector(x0, x1, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
	kiln_f16 s1_2 = __builtin_shufflevector(x2, x3, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
	kiln_f16 s1_3 = __builtin_shufflevector(x2, x3, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
	kiln_f16 s1_4 = __builtin_shufflevector(x4, x5, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
	kiln_f16 s1_5 = __builtin_shufflevector(x4, x5, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
	kiln_f16 s1_6 = __builtin_shufflevector(x6, x7, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
	kiln_f16 s1_7 = __builtin_shufflevector(x6, x7, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
	kiln_f16 s1_8 = __builtin_shufflevector(x8, x9, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
	kiln_f16 s1_9 = __builtin_shufflevector(x8, x9, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
	kiln_f16 s1_10 = __builtin_shufflevector(x10, x11, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
	kiln_f16 s1_11 = __builtin_shufflevector(x10, x11, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
	kiln_f16 s1_12 = __builtin_shufflevector(x12, x13, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
	kiln_f16 s1_13 = __builtin_shufflevector(x12, x13, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
	kiln_f16 s1_14 = __builtin_shufflevector(x14, x15, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
	kiln_f16 s1_15 = __builtin_shufflevector(x14, x15, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
	kiln_f16 s2_0 = __builtin_shufflevector(s1_0, s1_2, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	kiln_f16 s2_1 = __builtin_shufflevector(s1_0, s1_2, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	kiln_f16 s2_2 = __builtin_shufflevector(s1_1, s1_3, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	kiln_f16 s2_3 = __builtin_shufflevector(s1_1, s1_3, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	kiln_f16 s2_4 = __builtin_shufflevector(s1_4, s1_6, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	kiln_f16 s2_5 = __builtin_shufflevector(s1_4, s1_6, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	kiln_f16 s2_6 = __builtin_shufflevector(s1_5, s1_7, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	kiln_f16 s2_7 = __builtin_shufflevector(s1_5, s1_7, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	kiln_f16 s2_8 = __builtin_shufflevector(s1_8, s1_10, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	kiln_f16 s2_9 = __builtin_shufflevector(s1_8, s1_10, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	kiln_f16 s2_10 = __builtin_shufflevector(s1_9, s1_11, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	kiln_f16 s2_11 = __builtin_shufflevector(s1_9, s1_11, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	kiln_f16 s2_12 = __builtin_shufflevector(s1_12, s1_14, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	kiln_f16 s2_13 = __builtin_shufflevector(s1_12, s1_14, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	kiln_f16 s2_14 = __builtin_shufflevector(s1_13, s1_15, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	kiln_f16 s2_15 = __builtin_shufflevector(s1_13, s1_15, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	kiln_f16 s4_0 = __builtin_shufflevector(s2_0, s2_4, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s4_4 = __builtin_shufflevector(s2_0, s2_4, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s4_1 = __builtin_shufflevector(s2_1, s2_5, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s4_5 = __builtin_shufflevector(s2_1, s2_5, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s4_2 = __builtin_shufflevector(s2_2, s2_6, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s4_6 = __builtin_shufflevector(s2_2, s2_6, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s4_3 = __builtin_shufflevector(s2_3, s2_7, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s4_7 = __builtin_shufflevector(s2_3, s2_7, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s4_8 = __builtin_shufflevector(s2_8, s2_12, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s4_12 = __builtin_shufflevector(s2_8, s2_12, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s4_9 = __builtin_shufflevector(s2_9, s2_13, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s4_13 = __builtin_shufflevector(s2_9, s2_13, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s4_10 = __builtin_shufflevector(s2_10, s2_14, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s4_14 = __builtin_shufflevector(s2_10, s2_14, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s4_11 = __builtin_shufflevector(s2_11, s2_15, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s4_15 = __builtin_shufflevector(s2_11, s2_15, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s8_0 = __builtin_shufflevector(s4_0, s4_8, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s8_8 = __builtin_shufflevector(s4_0, s4_8, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s8_1 = __builtin_shufflevector(s4_1, s4_9, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s8_9 = __builtin_shufflevector(s4_1, s4_9, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s8_2 = __builtin_shufflevector(s4_2, s4_10, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s8_10 = __builtin_shufflevector(s4_2, s4_10, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s8_3 = __builtin_shufflevector(s4_3, s4_11, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s8_11 = __builtin_shufflevector(s4_3, s4_11, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s8_4 = __builtin_shufflevector(s4_4, s4_12, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s8_12 = __builtin_shufflevector(s4_4, s4_12, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s8_5 = __builtin_shufflevector(s4_5, s4_13, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s8_13 = __builtin_shufflevector(s4_5, s4_13, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s8_6 = __builtin_shufflevector(s4_6, s4_14, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s8_14 = __builtin_shufflevector(s4_6, s4_14, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	kiln_f16 s8_7 = __builtin_shufflevector(s4_7, s4_15, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
	kiln_f16 s8_15 = __builtin_shufflevector(s4_7, s4_15, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
	const kiln_f16 rows[16] = {s8_0, s8_1, s8_2, s8_3, s8_4, s8_5, s8_6, s8_7, s8_8, s8_9, s8_10, s8_11, s8_12, s8_13, s8_14, s8_15};
#pragma GCC unroll 16
	for (int at = 0; at < 16; at++) {
		if (at >= active) break;
		if (width == 16) *(kiln_f16u *)(p + at * stride) = rows[at];
		else kiln_store_part_16(p + at * stride, rows[at], width);
	}
}

typedef struct {
	const void *const *inputs;
	void *const *outputs;
	const char *prepared;
	char *shared;
	char *slices;
	size_t slice_bytes;
} kiln_call;
typedef struct { long next, tiles, chunk; } kiln_range;
typedef void kiln_body(const kiln_call *call, long thread, kiln_range *range);
typedef void kiln_task(void *data, size_t index);
typedef void kiln_apply(void *context, kiln_task *task, size_t count, void *data);

static inline int kiln_take(kiln_range *range, long *begin, long *end) {
	long first = __atomic_fetch_add(&range->next, range->chunk, __ATOMIC_RELAXED);
	if (first >= range->tiles) return 0;
	*begin = first;
	*end = first + range->chunk < range->tiles ? first + range->chunk : range->tiles;
	return 1;
}
static void kiln_alone(kiln_body *body, const kiln_call *call, long tiles) {
	kiln_range range = {0, tiles, tiles};
	body(call, 0, &range);
}

static __attribute__((noinline)) __attribute__((target("avx512bf16"))) void tile_4x2v16_a1_4_b32_pairs_c64_u2_0_ahead2048_0of1_L2_set_at_once(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f16 c0_0 = kiln_splat_16(0.0f);
	kiln_f16 c0_1 = kiln_splat_16(0.0f);
	kiln_f16 c1_0 = kiln_splat_16(0.0f);
	kiln_f16 c1_1 = kiln_splat_16(0.0f);
	kiln_f16 c2_0 = kiln_splat_16(0.0f);
	kiln_f16 c2_1 = kiln_splat_16(0.0f);
	kiln_f16 c3_0 = kiln_splat_16(0.0f);
	kiln_f16 c3_1 = kiln_splat_16(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 32 + 2048, 0, 2);
		__builtin_prefetch(b + k * 32 + 2064, 0, 2);
		const kiln_f16 b0_0 = *(const kiln_f16u *)(b + k * 32);
		const kiln_f16 b0_1 = *(const kiln_f16u *)(b + k * 32 + 16);
		const float a0_0 = a[k * 4];
		c0_0 = kiln_addPairProductsAtOnce_16(c0_0, kiln_splat_16(a0_0), b0_0);
		c0_1 = kiln_addPairProductsAtOnce_16(c0_1, kiln_splat_16(a0_0), b0_1);
		const float a0_1 = a[k * 4 + 1];
		c1_0 = kiln_addPairProductsAtOnce_16(c1_0, kiln_splat_16(a0_1), b0_0);
		c1_1 = kiln_addPairProductsAtOnce_16(c1_1, kiln_splat_16(a0_1), b0_1);
		const float a0_2 = a[k * 4 + 2];
		c2_0 = kiln_addPairProductsAtOnce_16(c2_0, kiln_splat_16(a0_2), b0_0);
		c2_1 = kiln_addPairProductsAtOnce_16(c2_1, kiln_splat_16(a0_2), b0_1);
		const float a0_3 = a[k * 4 + 3];
		c3_0 = kiln_addPairProductsAtOnce_16(c3_0, kiln_splat_16(a0_3), b0_0);
		c3_1 = kiln_addPairProductsAtOnce_16(c3_1, kiln_splat_16(a0_3), b0_1);
		__builtin_prefetch(b + k * 32 + 2080, 0, 2);
		__builtin_prefetch(b + k * 32 + 2096, 0, 2);
		const kiln_f16 b1_0 = *(const kiln_f16u *)(b + k * 32 + 32);
		const kiln_f16 b1_1 = *(const kiln_f16u *)(b + k * 32 + 48);
		const float a1_0 = a[k * 4 + 4];
		c0_0 = kiln_addPairProductsAtOnce_16(c0_0, kiln_splat_16(a1_0), b1_0);
		c0_1 = kiln_addPairProductsAtOnce_16(c0_1, kiln_splat_16(a1_0), b1_1);
		const float a1_1 = a[k * 4 + 5];
		c1_0 = kiln_addPairProductsAtOnce_16(c1_0, kiln_splat_16(a1_1), b1_0);
		c1_1 = kiln_addPairProductsAtOnce_16(c1_1, kiln_splat_16(a1_1), b1_1);
		const float a1_2 = a[k * 4 + 6];
		c2_0 = kiln_addPairProductsAtOnce_16(c2_0, kiln_splat_16(a1_2), b1_0);
		c2_1 = kiln_addPairProductsAtOnce_16(c2_1, kiln_splat_16(a1_2), b1_1);
		const float a1_3 = a[k * 4 + 7];
		c3_0 = kiln_addPairProductsAtOnce_16(c3_0, kiln_splat_16(a1_3), b1_0);
		c3_1 = kiln_addPairProductsAtOnce_16(c3_1, kiln_splat_16(a1_3), b1_1);
	}
	*(kiln_f16u *)(c + 0) = c0_0;
	*(kiln_f16u *)(c + 16) = c0_1;
	*(kiln_f16u *)(c + 64) = c1_0;
	*(kiln_f16u *)(c + 80) = c1_1;
	*(kiln_f16u *)(c + 128) = c2_0;
	*(kiln_f16u *)(c + 144) = c2_1;
	*(kiln_f16u *)(c + 192) = c3_0;
	*(kiln_f16u *)(c + 208) = c3_1;
}
static __attribute__((noinline)) void tile_4x2v16_a1_4_b32_pairs_c64_u2_0_ahead2048_0of1_L2_set_one_by_one(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f16 c0_0 = kiln_splat_16(0.0f);
	kiln_f16 c0_1 = kiln_splat_16(0.0f);
	kiln_f16 c1_0 = kiln_splat_16(0.0f);
	kiln_f16 c1_1 = kiln_splat_16(0.0f);
	kiln_f16 c2_0 = kiln_splat_16(0.0f);
	kiln_f16 c2_1 = kiln_splat_16(0.0f);
	kiln_f16 c3_0 = kiln_splat_16(0.0f);
	kiln_f16 c3_1 = kiln_splat_16(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 32 + 2048, 0, 2);
		__builtin_prefetch(b + k * 32 + 2064, 0, 2);
		const kiln_f16 b0_0 = *(const kiln_f16u *)(b + k * 32);
		const kiln_f16 b0_1 = *(const kiln_f16u *)(b + k * 32 + 16);
		const float a0_0 = a[k * 4];
		c0_0 = kiln_addPairProducts_16(c0_0, kiln_splat_16(a0_0), b0_0);
		c0_1 = kiln_addPairProducts_16(c0_1, kiln_splat_16(a0_0), b0_1);
		const float a0_1 = a[k * 4 + 1];
		c1_0 = kiln_addPairProducts_16(c1_0, kiln_splat_16(a0_1), b0_0);
		c1_1 = kiln_addPairProducts_16(c1_1, kiln_splat_16(a0_1), b0_1);
		const float a0_2 = a[k * 4 + 2];
		c2_0 = kiln_addPairProducts_16(c2_0, kiln_splat_16(a0_2), b0_0);
		c2_1 = kiln_addPairProducts_16(c2_1, kiln_splat_16(a0_2), b0_1);
		const float a0_3 = a[k * 4 + 3];
		c3_0 = kiln_addPairProducts_16(c3_0, kiln_splat_16(a0_3), b0_0);
		c3_1 = kiln_addPairProducts_16(c3_1, kiln_splat_16(a0_3), b0_1);
		__builtin_prefetch(b + k * 32 + 2080, 0, 2);
		__builtin_prefetch(b + k * 32 + 2096, 0, 2);
		const kiln_f16 b1_0 = *(const kiln_f16u *)(b + k * 32 + 32);
		const kiln_f16 b1_1 = *(const kiln_f16u *)(b + k * 32 + 48);
		const float a1_0 = a[k * 4 + 4];
		c0_0 = kiln_addPairProducts_16(c0_0, kiln_splat_16(a1_0), b1_0);
		c0_1 = kiln_addPairProducts_16(c0_1, kiln_splat_16(a1_0), b1_1);
		const float a1_1 = a[k * 4 + 5];
		c1_0 = kiln_addPairProducts_16(c1_0, kiln_splat_16(a1_1), b1_0);
		c1_1 = kiln_addPairProducts_16(c1_1, kiln_splat_16(a1_1), b1_1);
		const float a1_2 = a[k * 4 + 6];
		c2_0 = kiln_addPairProducts_16(c2_0, kiln_splat_16(a1_2), b1_0);
		c2_1 = kiln_addPairProducts_16(c2_1, kiln_splat_16(a1_2), b1_1);
		const float a1_3 = a[k * 4 + 7];
		c3_0 = kiln_addPairProducts_16(c3_0, kiln_splat_16(a1_3), b1_0);
		c3_1 = kiln_addPairProducts_16(c3_1, kiln_splat_16(a1_3), b1_1);
	}
	*(kiln_f16u *)(c + 0) = c0_0;
	*(kiln_f16u *)(c + 16) = c0_1;
	*(kiln_f16u *)(c + 64) = c1_0;
	*(kiln_f16u *)(c + 80) = c1_1;
	*(kiln_f16u *)(c + 128) = c2_0;
	*(kiln_f16u *)(c + 144) = c2_1;
	*(kiln_f16u *)(c + 192) = c3_0;
	*(kiln_f16u *)(c + 208) = c3_1;
}
static inline void tile_4x2v16_a1_4_b32_pairs_c64_u2_0_ahead2048_0of1_L2_set(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	if (__builtin_cpu_supports("avx512bf16")) tile_4x2v16_a1_4_b32_pairs_c64_u2_0_ahead2048_0of1_L2_set_at_once(a, b, c, steps);
	else tile_4x2v16_a1_4_b32_pairs_c64_u2_0_ahead2048_0of1_L2_set_one_by_one(a, b, c, steps);
}

static void kiln_kernel_part0(const kiln_call *call, long thread, kiln_range *range) {
	(void)thread;
	const float *restrict const in0 = call->inputs[0];
	const float *restrict const panels0 = (const float *)(call->prepared + 0);
	float pack_rows_0_0_1_pairs[144] __attribute__((aligned(64)));
	float v2[256] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			for (long i7 = 0; i7 < 32; i7 += 16) {
				const kiln_f16 t8 = *(const kiln_f16u *)(in0 + i7 * 2);
				const kiln_f16 t9 = *(const kiln_f16u *)(in0 + i7 * 2 + 16);
				const kiln_f16 t10 = *(const kiln_f16u *)(in0 + i7 * 2 + 64);
				const kiln_f16 t11 = *(const kiln_f16u *)(in0 + i7 * 2 + 80);
				const kiln_f16 t12 = *(const kiln_f16u *)(in0 + i7 * 2 + 128);
				const kiln_f16 t13 = *(const kiln_f16u *)(in0 + i7 * 2 + 144);
				const kiln_f16 t14 = *(const kiln_f16u *)(in0 + i7 * 2 + 192);
				const kiln_f16 t15 = *(const kiln_f16u *)(in0 + i7 * 2 + 208);
				kiln_transpose_16(kiln_pairNeighbours_16(t8, t9), kiln_pairNeighbours_16(t10, t11), kiln_pairNeighbours_16(t12, t13), kiln_pairNeighbours_16(t14, t15), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), pack_rows_0_0_1_pairs + i7 * 4, 4, 16, 16);
			}
			for (long i16 = 0; i16 < 64; i16 += 32) {
				tile_4x2v16_a1_4_b32_pairs_c64_u2_0_ahead2048_0of1_L2_set(pack_rows_0_0_1_pairs + 0, panels0 + i16 * 32, v2 + i16, 16);
			}
			for (long i17 = 0; i17 < 4; i17 += 1) {
				for (long i18 = 0; i18 < 64; i18 += 32) {
					const kiln_f16 t19 = *(const kiln_f16u *)(v2 + i18 + i17 * 64);
					*(kiln_f16u *)(out0 + i17 * 64 + i18) = t19;
					const kiln_f16 t20 = *(const kiln_f16u *)(v2 + i18 + i17 * 64 + 16);
					*(kiln_f16u *)(out0 + i17 * 64 + i18 + 16) = t20;
				}
			}
		}
	}
}

int kiln_kernel_prepare(const void *const *inputs, void *prepared) {
	char *const area = prepared;
	(void)inputs;
	(void)area;
	const float *restrict const in1 = inputs[1];
	float *restrict const panels0 = (float *)(area + 0);
	__builtin_memset(panels0 + 0, 0, 2064 * sizeof *panels0);
	for (long i1 = 0; i1 < 64; i1 += 32) {
		for (long i2 = 0; i2 < 32; i2 += 1) {
			const kiln_f16 t3 = *(const kiln_f16u *)(in1 + i2 * 128 + i1);
			const kiln_f16 t4 = *(const kiln_f16u *)(in1 + i2 * 128 + i1 + 64);
			*(kiln_f16u *)(panels0 + i1 * 32 + i2 * 32) = kiln_pair_16(t3, t4);
			const kiln_f16 t5 = *(const kiln_f16u *)(in1 + i2 * 128 + i1 + 16);
			const kiln_f16 t6 = *(const kiln_f16u *)(in1 + i2 * 128 + i1 + 80);
			*(kiln_f16u *)(panels0 + i1 * 32 + i2 * 32 + 16) = kiln_pair_16(t5, t6);
		}
	}
	return 0;
}

size_t kiln_kernel_prepared_bytes(void) { return 8256; }
size_t kiln_kernel_workspace_bytes(int threads) { return 0 + (size_t)(threads > 1 ? threads : 1) * 0; }
int kiln_kernel_abi_version(void) { return 2; }
int kiln_kernel_reads(int input) {
	static const unsigned char reads[] = {1, 0};
	return reads[input];
}
static void kiln_kernel_launch(const kiln_call *call, int threads, kiln_apply *apply, void *context) {
	(void)threads, (void)apply, (void)context;
	kiln_alone(kiln_kernel_part0, call, 1);
}
int kiln_kernel_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads) {
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 0};
	kiln_kernel_launch(&call, threads, 0, 0);
	return 0;
}
int kiln_kernel_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads, kiln_apply *apply, void *context) {
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 0};
	kiln_kernel_launch(&call, threads, apply, context);
	return 0;
}
