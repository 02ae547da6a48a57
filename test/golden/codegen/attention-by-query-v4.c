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
static inline kiln_f16 kiln_splat_16(float x) { return (kiln_f16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
#ifdef __clang__
static inline kiln_f16 kiln_max_16(kiln_f16 a, kiln_f16 b) { return __builtin_ia32_maxps512(a, b, 4); }
#else
static inline kiln_f16 kiln_max_16(kiln_f16 a, kiln_f16 b) { return __builtin_ia32_maxps512_mask(a, b, a, -1, 4); }
#endif
/* e^x for x <= 0, 0 below -88: a term less than exp, one step of reduction (q < 128, so that it costs 2.5e-7 at most) */
static inline kiln_f16 kiln_expNonPositive_16(kiln_f16 x) {
	const kiln_f16 magic = kiln_splat_16(12583039.0f);
	x = kiln_max_16(kiln_splat_16(-88.0f), x);
	kiln_f16 rounded = x * kiln_splat_16(1.44269504f) + magic;
	kiln_f16 q = rounded - magic;
	kiln_f16 r = x - q * kiln_splat_16(0.693147181f);
	kiln_f16 p = kiln_splat_16(0.00829029763f);
	p = p * r + kiln_splat_16(0.0418980214f);
	p = p * r + kiln_splat_16(0.166676370f);
	p = p * r + kiln_splat_16(0.499991489f);
	p = p * r + kiln_splat_16(0.999999707f);
	p = p * r + kiln_splat_16(1.0f);
	return p * (kiln_f16)((kiln_i16)rounded << 23);
}
static inline float kiln_inverseScale_1(float x) {
	int bits;
	__builtin_memcpy(&bits, &x, 4);
	int exponent = 254 - (bits >> 23 & 255);
	bits = (exponent > 1 ? exponent : 1) << 23;
	__builtin_memcpy(&x, &bits, 4);
	return x;
}
static inline float kiln_maximum_8(kiln_f8 x) {
	kiln_f4 low = __builtin_shufflevector(x, x, 0, 1, 2, 3), high = __builtin_shufflevector(x, x, 4, 5, 6, 7);
	kiln_f4 four = __builtin_ia32_maxps(low, high);
	kiln_f4 swapped = __builtin_shufflevector(four, four, 2, 3, 0, 1);
	kiln_f4 two = __builtin_ia32_maxps(four, swapped);
	kiln_f4 turned = __builtin_shufflevector(two, two, 1, 0, 3, 2);
	return (__builtin_ia32_maxps(two, turned))[0];
}
static inline kiln_f8 kiln_max_8(kiln_f8 a, kiln_f8 b) { return __builtin_ia32_maxps256(a, b); }
static inline float kiln_maximum_16(kiln_f16 x) {
	kiln_f8 low = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), high = __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
	return kiln_maximum_8(kiln_max_8(low, high));
}
static inline float kiln_sum_8(kiln_f8 x) {
	kiln_f4 low = __builtin_shufflevector(x, x, 0, 1, 2, 3), high = __builtin_shufflevector(x, x, 4, 5, 6, 7);
	kiln_f4 four = low + high;
	kiln_f4 swapped = __builtin_shufflevector(four, four, 2, 3, 0, 1);
	kiln_f4 two = four + swapped;
	kiln_f4 turned = __builtin_shufflevector(two, two, 1, 0, 3, 2);
	return (two + turned)[0];
}
static inline float kiln_sum_16(kiln_f16 x) {
	kiln_f8 low = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), high = __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
	return kiln_sum_8(low + high);
}
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

static __attribute__((noinline)) void tile_4x2v16_a32_1_b32_float32_c256_u2_0_stream32_float32_L2_set(const float *restrict a, const float *restrict b, float *restrict c, const float *restrict p, long steps) {
	kiln_f16 c0_0 = kiln_splat_16(0.0f);
	kiln_f16 c0_1 = kiln_splat_16(0.0f);
	kiln_f16 c1_0 = kiln_splat_16(0.0f);
	kiln_f16 c1_1 = kiln_splat_16(0.0f);
	kiln_f16 c2_0 = kiln_splat_16(0.0f);
	kiln_f16 c2_1 = kiln_splat_16(0.0f);
	kiln_f16 c3_0 = kiln_splat_16(0.0f);
	kiln_f16 c3_1 = kiln_splat_16(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(p + k * 32, 0, 2);
		__builtin_prefetch(p + k * 32 + 16, 0, 2);
		const kiln_f16 b0_0 = *(const kiln_f16u *)(b + k * 32);
		const kiln_f16 b0_1 = *(const kiln_f16u *)(b + k * 32 + 16);
		const float a0_0 = a[k];
		c0_0 = (c0_0 + (kiln_splat_16(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_16(a0_0) * b0_1));
		const float a0_1 = a[k + 32];
		c1_0 = (c1_0 + (kiln_splat_16(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_16(a0_1) * b0_1));
		const float a0_2 = a[k + 64];
		c2_0 = (c2_0 + (kiln_splat_16(a0_2) * b0_0));
		c2_1 = (c2_1 + (kiln_splat_16(a0_2) * b0_1));
		const float a0_3 = a[k + 96];
		c3_0 = (c3_0 + (kiln_splat_16(a0_3) * b0_0));
		c3_1 = (c3_1 + (kiln_splat_16(a0_3) * b0_1));
		__builtin_prefetch(p + k * 32 + 32, 0, 2);
		__builtin_prefetch(p + k * 32 + 48, 0, 2);
		const kiln_f16 b1_0 = *(const kiln_f16u *)(b + k * 32 + 32);
		const kiln_f16 b1_1 = *(const kiln_f16u *)(b + k * 32 + 48);
		const float a1_0 = a[k + 1];
		c0_0 = (c0_0 + (kiln_splat_16(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_16(a1_0) * b1_1));
		const float a1_1 = a[k + 33];
		c1_0 = (c1_0 + (kiln_splat_16(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_16(a1_1) * b1_1));
		const float a1_2 = a[k + 65];
		c2_0 = (c2_0 + (kiln_splat_16(a1_2) * b1_0));
		c2_1 = (c2_1 + (kiln_splat_16(a1_2) * b1_1));
		const float a1_3 = a[k + 97];
		c3_0 = (c3_0 + (kiln_splat_16(a1_3) * b1_0));
		c3_1 = (c3_1 + (kiln_splat_16(a1_3) * b1_1));
	}
	*(kiln_f16u *)(c + 0) = c0_0;
	*(kiln_f16u *)(c + 16) = c0_1;
	*(kiln_f16u *)(c + 256) = c1_0;
	*(kiln_f16u *)(c + 272) = c1_1;
	*(kiln_f16u *)(c + 512) = c2_0;
	*(kiln_f16u *)(c + 528) = c2_1;
	*(kiln_f16u *)(c + 768) = c3_0;
	*(kiln_f16u *)(c + 784) = c3_1;
}

static __attribute__((noinline)) void tile_4x2v16_a32_1_b32_float32_c256_u2_0_set(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f16 c0_0 = kiln_splat_16(0.0f);
	kiln_f16 c0_1 = kiln_splat_16(0.0f);
	kiln_f16 c1_0 = kiln_splat_16(0.0f);
	kiln_f16 c1_1 = kiln_splat_16(0.0f);
	kiln_f16 c2_0 = kiln_splat_16(0.0f);
	kiln_f16 c2_1 = kiln_splat_16(0.0f);
	kiln_f16 c3_0 = kiln_splat_16(0.0f);
	kiln_f16 c3_1 = kiln_splat_16(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		const kiln_f16 b0_0 = *(const kiln_f16u *)(b + k * 32);
		const kiln_f16 b0_1 = *(const kiln_f16u *)(b + k * 32 + 16);
		const float a0_0 = a[k];
		c0_0 = (c0_0 + (kiln_splat_16(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_16(a0_0) * b0_1));
		const float a0_1 = a[k + 32];
		c1_0 = (c1_0 + (kiln_splat_16(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_16(a0_1) * b0_1));
		const float a0_2 = a[k + 64];
		c2_0 = (c2_0 + (kiln_splat_16(a0_2) * b0_0));
		c2_1 = (c2_1 + (kiln_splat_16(a0_2) * b0_1));
		const float a0_3 = a[k + 96];
		c3_0 = (c3_0 + (kiln_splat_16(a0_3) * b0_0));
		c3_1 = (c3_1 + (kiln_splat_16(a0_3) * b0_1));
		const kiln_f16 b1_0 = *(const kiln_f16u *)(b + k * 32 + 32);
		const kiln_f16 b1_1 = *(const kiln_f16u *)(b + k * 32 + 48);
		const float a1_0 = a[k + 1];
		c0_0 = (c0_0 + (kiln_splat_16(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_16(a1_0) * b1_1));
		const float a1_1 = a[k + 33];
		c1_0 = (c1_0 + (kiln_splat_16(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_16(a1_1) * b1_1));
		const float a1_2 = a[k + 65];
		c2_0 = (c2_0 + (kiln_splat_16(a1_2) * b1_0));
		c2_1 = (c2_1 + (kiln_splat_16(a1_2) * b1_1));
		const float a1_3 = a[k + 97];
		c3_0 = (c3_0 + (kiln_splat_16(a1_3) * b1_0));
		c3_1 = (c3_1 + (kiln_splat_16(a1_3) * b1_1));
	}
	*(kiln_f16u *)(c + 0) = c0_0;
	*(kiln_f16u *)(c + 16) = c0_1;
	*(kiln_f16u *)(c + 256) = c1_0;
	*(kiln_f16u *)(c + 272) = c1_1;
	*(kiln_f16u *)(c + 512) = c2_0;
	*(kiln_f16u *)(c + 528) = c2_1;
	*(kiln_f16u *)(c + 768) = c3_0;
	*(kiln_f16u *)(c + 784) = c3_1;
}

static __attribute__((noinline)) void tile_4x1v16_a1_4_b32_float32_c16_u2_0_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f16 c0_0 = *(const kiln_f16u *)(c + 0);
	kiln_f16 c1_0 = *(const kiln_f16u *)(c + 16);
	kiln_f16 c2_0 = *(const kiln_f16u *)(c + 32);
	kiln_f16 c3_0 = *(const kiln_f16u *)(c + 48);
	for (long k = 0; k < steps * 2; k += 2) {
		const kiln_f16 b0_0 = *(const kiln_f16u *)(b + k * 32);
		const float a0_0 = a[k * 4];
		c0_0 = (c0_0 + (kiln_splat_16(a0_0) * b0_0));
		const float a0_1 = a[k * 4 + 1];
		c1_0 = (c1_0 + (kiln_splat_16(a0_1) * b0_0));
		const float a0_2 = a[k * 4 + 2];
		c2_0 = (c2_0 + (kiln_splat_16(a0_2) * b0_0));
		const float a0_3 = a[k * 4 + 3];
		c3_0 = (c3_0 + (kiln_splat_16(a0_3) * b0_0));
		const kiln_f16 b1_0 = *(const kiln_f16u *)(b + k * 32 + 32);
		const float a1_0 = a[k * 4 + 4];
		c0_0 = (c0_0 + (kiln_splat_16(a1_0) * b1_0));
		const float a1_1 = a[k * 4 + 5];
		c1_0 = (c1_0 + (kiln_splat_16(a1_1) * b1_0));
		const float a1_2 = a[k * 4 + 6];
		c2_0 = (c2_0 + (kiln_splat_16(a1_2) * b1_0));
		const float a1_3 = a[k * 4 + 7];
		c3_0 = (c3_0 + (kiln_splat_16(a1_3) * b1_0));
	}
	*(kiln_f16u *)(c + 0) = c0_0;
	*(kiln_f16u *)(c + 16) = c1_0;
	*(kiln_f16u *)(c + 32) = c2_0;
	*(kiln_f16u *)(c + 48) = c3_0;
}

static void kiln_kernel_part0(const kiln_call *call, long thread, kiln_range *range) {
	char *const slice = call->slices + (size_t)thread * call->slice_bytes;
	const float *restrict const in0 = call->inputs[0];
	const float *restrict const in1 = call->inputs[1];
	const float *restrict const in2 = call->inputs[2];
	float *restrict const v4 = (float *)(slice + 0);
	float *restrict const pack_panel_0_2_3 = (float *)(slice + 16384);
	const float *restrict const in3 = call->inputs[3];
	float *restrict const v7 = (float *)(slice + 20544);
	float v8[16] __attribute__((aligned(64)));
	float *restrict const v10 = (float *)(slice + 36928);
	float v11[16] __attribute__((aligned(64)));
	float *restrict const pack_rows_12_1_2 = (float *)(slice + 53312);
	float v13[256] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	long last91 = -1;
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g0 = tile / 1 % 2 * 16;
			if (last91 != tile / 2) {
				last91 = tile / 2;
				for (long i1 = 0; i1 < 256; i1 += 32) {
					for (long i2 = 0; i2 < 32; i2 += 16) {
						const kiln_f16 t3 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 512);
						const kiln_f16 t4 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 544);
						const kiln_f16 t5 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 576);
						const kiln_f16 t6 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 608);
						const kiln_f16 t7 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 640);
						const kiln_f16 t8 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 672);
						const kiln_f16 t9 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 704);
						const kiln_f16 t10 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 736);
						const kiln_f16 t11 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 768);
						const kiln_f16 t12 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 800);
						const kiln_f16 t13 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 832);
						const kiln_f16 t14 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 864);
						const kiln_f16 t15 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 896);
						const kiln_f16 t16 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 928);
						const kiln_f16 t17 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 960);
						const kiln_f16 t18 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 992);
						kiln_transpose_16(t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15, t16, t17, t18, pack_panel_0_2_3 + i2 * 32 + 16, 32, 16, 16);
						const kiln_f16 t19 = *(const kiln_f16u *)(in1 + i1 * 32 + i2);
						const kiln_f16 t20 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 32);
						const kiln_f16 t21 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 64);
						const kiln_f16 t22 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 96);
						const kiln_f16 t23 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 128);
						const kiln_f16 t24 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 160);
						const kiln_f16 t25 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 192);
						const kiln_f16 t26 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 224);
						const kiln_f16 t27 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 256);
						const kiln_f16 t28 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 288);
						const kiln_f16 t29 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 320);
						const kiln_f16 t30 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 352);
						const kiln_f16 t31 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 384);
						const kiln_f16 t32 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 416);
						const kiln_f16 t33 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 448);
						const kiln_f16 t34 = *(const kiln_f16u *)(in1 + i1 * 32 + i2 + 480);
						kiln_transpose_16(t19, t20, t21, t22, t23, t24, t25, t26, t27, t28, t29, t30, t31, t32, t33, t34, pack_panel_0_2_3 + i2 * 32, 32, 16, 16);
					}
					tile_4x2v16_a32_1_b32_float32_c256_u2_0_stream32_float32_L2_set(in0 + 0, pack_panel_0_2_3 + 0, v4 + i1, in1 + i1 * 32 + 1024, 16);
					for (long i35 = 0; i35 < 12; i35 += 4) {
						tile_4x2v16_a32_1_b32_float32_c256_u2_0_set(in0 + i35 * 32 + 128, pack_panel_0_2_3 + 0, v4 + i1 + i35 * 256 + 1024, 16);
					}
				}
				for (long i36 = 0; i36 < 16; i36 += 1) {
					kiln_f16 acc37 = kiln_splat_16((-__builtin_inff()));
					kiln_f16 acc38 = kiln_splat_16((-__builtin_inff()));
					kiln_f16 acc39 = kiln_splat_16((-__builtin_inff()));
					kiln_f16 acc40 = kiln_splat_16((-__builtin_inff()));
					for (long i41 = 0; i41 < 256; i41 += 64) {
						const kiln_f16 t42 = *(const kiln_f16u *)(v4 + i41 + i36 * 256);
						const kiln_f16 t43 = (t42 * kiln_splat_16(0.176776692f));
						const kiln_f16 t44 = *(const kiln_f16u *)(in3 + i36 * 256 + i41);
						const kiln_f16 t45 = (t43 + t44);
						*(kiln_f16u *)(v7 + i41 + i36 * 256) = t45;
						acc37 = kiln_max_16(acc37, t45);
						const kiln_f16 t46 = *(const kiln_f16u *)(v4 + i41 + i36 * 256 + 16);
						const kiln_f16 t47 = (t46 * kiln_splat_16(0.176776692f));
						const kiln_f16 t48 = *(const kiln_f16u *)(in3 + i36 * 256 + i41 + 16);
						const kiln_f16 t49 = (t47 + t48);
						*(kiln_f16u *)(v7 + i41 + i36 * 256 + 16) = t49;
						acc38 = kiln_max_16(acc38, t49);
						const kiln_f16 t50 = *(const kiln_f16u *)(v4 + i41 + i36 * 256 + 32);
						const kiln_f16 t51 = (t50 * kiln_splat_16(0.176776692f));
						const kiln_f16 t52 = *(const kiln_f16u *)(in3 + i36 * 256 + i41 + 32);
						const kiln_f16 t53 = (t51 + t52);
						*(kiln_f16u *)(v7 + i41 + i36 * 256 + 32) = t53;
						acc39 = kiln_max_16(acc39, t53);
						const kiln_f16 t54 = *(const kiln_f16u *)(v4 + i41 + i36 * 256 + 48);
						const kiln_f16 t55 = (t54 * kiln_splat_16(0.176776692f));
						const kiln_f16 t56 = *(const kiln_f16u *)(in3 + i36 * 256 + i41 + 48);
						const kiln_f16 t57 = (t55 + t56);
						*(kiln_f16u *)(v7 + i41 + i36 * 256 + 48) = t57;
						acc40 = kiln_max_16(acc40, t57);
					}
					v8[i36] = kiln_maximum_16(kiln_max_16(kiln_max_16(acc37, acc38), kiln_max_16(acc39, acc40)));
				}
				for (long i58 = 0; i58 < 16; i58 += 1) {
					kiln_f16 acc59 = kiln_splat_16(0.0f);
					kiln_f16 acc60 = kiln_splat_16(0.0f);
					const float t63 = v8[i58];
					for (long i61 = 0; i61 < 256; i61 += 32) {
						const kiln_f16 t62 = *(const kiln_f16u *)(v7 + i61 + i58 * 256);
						const kiln_f16 t64 = (t62 - kiln_splat_16(t63));
						const kiln_f16 t65 = kiln_expNonPositive_16(t64);
						*(kiln_f16u *)(v10 + i61 + i58 * 256) = t65;
						acc59 = (acc59 + t65);
						const kiln_f16 t66 = *(const kiln_f16u *)(v7 + i61 + i58 * 256 + 16);
						const kiln_f16 t67 = (t66 - kiln_splat_16(t63));
						const kiln_f16 t68 = kiln_expNonPositive_16(t67);
						*(kiln_f16u *)(v10 + i61 + i58 * 256 + 16) = t68;
						acc60 = (acc60 + t68);
					}
					v11[i58] = kiln_sum_16((acc59 + acc60));
				}
				for (long i69 = 0; i69 < 16; i69 += 4) {
					for (long i70 = 0; i70 < 256; i70 += 16) {
						const kiln_f16 t71 = *(const kiln_f16u *)(v10 + i70 + i69 * 256);
						const float t72 = v11[i69];
						const float t73 = kiln_inverseScale_1(t72);
						const float t74 = (1.0f / (t72 * t73));
						const kiln_f16 t75 = ((t71 * kiln_splat_16(t74)) * kiln_splat_16(t73));
						const kiln_f16 t76 = *(const kiln_f16u *)(v10 + i70 + i69 * 256 + 256);
						const float t77 = v11[i69 + 1];
						const float t78 = kiln_inverseScale_1(t77);
						const float t79 = (1.0f / (t77 * t78));
						const kiln_f16 t80 = ((t76 * kiln_splat_16(t79)) * kiln_splat_16(t78));
						const kiln_f16 t81 = *(const kiln_f16u *)(v10 + i70 + i69 * 256 + 512);
						const float t82 = v11[i69 + 2];
						const float t83 = kiln_inverseScale_1(t82);
						const float t84 = (1.0f / (t82 * t83));
						const kiln_f16 t85 = ((t81 * kiln_splat_16(t84)) * kiln_splat_16(t83));
						const kiln_f16 t86 = *(const kiln_f16u *)(v10 + i70 + i69 * 256 + 768);
						const float t87 = v11[i69 + 3];
						const float t88 = kiln_inverseScale_1(t87);
						const float t89 = (1.0f / (t87 * t88));
						const kiln_f16 t90 = ((t86 * kiln_splat_16(t89)) * kiln_splat_16(t88));
						kiln_transpose_16(t75, t80, t85, t90, kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), pack_rows_12_1_2 + i69 * 256 + i70 * 4, 4, 16, 16);
					}
				}
			}
			__builtin_memset(v13 + 0, 0, 256 * sizeof *v13);
			for (long i92 = 0; i92 < 256; i92 += 128) {
				for (long i93 = 0; i93 < 16; i93 += 4) {
					tile_4x1v16_a1_4_b32_float32_c16_u2_0_add(pack_rows_12_1_2 + i93 * 256 + i92 * 4, in2 + i92 * 32 + g0, v13 + i93 * 16, 64);
				}
			}
			for (long i94 = 0; i94 < 16; i94 += 1) {
				const kiln_f16 t96 = *(const kiln_f16u *)(v13 + i94 * 16);
				*(kiln_f16u *)(out0 + i94 * 32 + g0) = t96;
			}
		}
	}
}

int kiln_kernel_prepare(const void *const *inputs, void *prepared) {
	char *const area = prepared;
	(void)inputs;
	(void)area;
	return 0;
}

size_t kiln_kernel_prepared_bytes(void) { return 0; }
size_t kiln_kernel_workspace_bytes(int threads) { return 0 + (size_t)(threads > 1 ? threads : 1) * 69760; }
int kiln_kernel_abi_version(void) { return 2; }
int kiln_kernel_reads(int input) {
	static const unsigned char reads[] = {1, 1, 1, 1};
	return reads[input];
}
static void kiln_kernel_launch(const kiln_call *call, int threads, kiln_apply *apply, void *context) {
	(void)threads, (void)apply, (void)context;
	kiln_alone(kiln_kernel_part0, call, 2);
}
int kiln_kernel_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads) {
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 69760};
	kiln_kernel_launch(&call, threads, 0, 0);
	return 0;
}
int kiln_kernel_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads, kiln_apply *apply, void *context) {
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 69760};
	kiln_kernel_launch(&call, threads, apply, context);
	return 0;
}
