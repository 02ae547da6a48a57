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
#ifdef __clang__
static inline kiln_f16 kiln_min_16(kiln_f16 a, kiln_f16 b) { return __builtin_ia32_minps512(a, b, 4); }
#else
static inline kiln_f16 kiln_min_16(kiln_f16 a, kiln_f16 b) { return __builtin_ia32_minps512_mask(a, b, a, -1, 4); }
#endif
/* e^x = 2^n e^r, |r| <= ln(2)/2; the scale in two steps reaches subnormals and infinity */
static inline kiln_f16 kiln_exp_16(kiln_f16 x) {
	const kiln_f16 magic = kiln_splat_16(12582912.0f);
	x = kiln_max_16(kiln_splat_16(-104.0f), kiln_min_16(kiln_splat_16(89.0f), x));
	kiln_f16 rounded = x * kiln_splat_16(1.44269504f) + magic;
	kiln_i16 n = (kiln_i16)rounded - (kiln_i16)magic;
	kiln_f16 q = rounded - magic;
	kiln_f16 r = x - q * kiln_splat_16(0.693359375f);
	r = r + q * kiln_splat_16(2.12194440e-4f);
	kiln_f16 p = kiln_splat_16(0.00139504741f);
	p = p * r + kiln_splat_16(0.00836888235f);
	p = p * r + kiln_splat_16(0.0416662060f);
	p = p * r + kiln_splat_16(0.166665182f);
	p = p * r + kiln_splat_16(0.5f);
	p = p * (r * r) + (r + kiln_splat_16(1.0f));
	kiln_i16 half = n >> 1;
	return p * (kiln_f16)((half + 127) << 23) * (kiln_f16)((n - half + 127) << 23);
}
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
static inline kiln_f16 kiln_load_part_16(const float *p, int active) {
	return __builtin_ia32_loadups512_mask(p, (kiln_f16){0}, (unsigned short)((1u << active) - 1));
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

static __attribute__((noinline)) void tile_4x1v16_a32_1_b32_float32_c16_u2_0_stream4_float32_L2_set(const float *restrict a, const float *restrict b, float *restrict c, const float *restrict p, long steps) {
	kiln_f16 c0_0 = kiln_splat_16(0.0f);
	kiln_f16 c1_0 = kiln_splat_16(0.0f);
	kiln_f16 c2_0 = kiln_splat_16(0.0f);
	kiln_f16 c3_0 = kiln_splat_16(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(p + k * 4, 0, 2);
		const kiln_f16 b0_0 = *(const kiln_f16u *)(b + k * 32);
		const float a0_0 = a[k];
		c0_0 = (c0_0 + (kiln_splat_16(a0_0) * b0_0));
		const float a0_1 = a[k + 32];
		c1_0 = (c1_0 + (kiln_splat_16(a0_1) * b0_0));
		const float a0_2 = a[k + 64];
		c2_0 = (c2_0 + (kiln_splat_16(a0_2) * b0_0));
		const float a0_3 = a[k + 96];
		c3_0 = (c3_0 + (kiln_splat_16(a0_3) * b0_0));
		const kiln_f16 b1_0 = *(const kiln_f16u *)(b + k * 32 + 32);
		const float a1_0 = a[k + 1];
		c0_0 = (c0_0 + (kiln_splat_16(a1_0) * b1_0));
		const float a1_1 = a[k + 33];
		c1_0 = (c1_0 + (kiln_splat_16(a1_1) * b1_0));
		const float a1_2 = a[k + 65];
		c2_0 = (c2_0 + (kiln_splat_16(a1_2) * b1_0));
		const float a1_3 = a[k + 97];
		c3_0 = (c3_0 + (kiln_splat_16(a1_3) * b1_0));
	}
	*(kiln_f16u *)(c + 0) = c0_0;
	*(kiln_f16u *)(c + 16) = c1_0;
	*(kiln_f16u *)(c + 32) = c2_0;
	*(kiln_f16u *)(c + 48) = c3_0;
}

static __attribute__((noinline)) void tile_4x1v16_a1_4_b32_float32_c16_u2_0_ahead2048_0of4_L2_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f16 c0_0 = *(const kiln_f16u *)(c + 0);
	kiln_f16 c1_0 = *(const kiln_f16u *)(c + 16);
	kiln_f16 c2_0 = *(const kiln_f16u *)(c + 32);
	kiln_f16 c3_0 = *(const kiln_f16u *)(c + 48);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 32 + 2048, 0, 2);
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

static __attribute__((noinline)) void tile_4x1v16_a1_4_b32_float32_c16_u2_0_ahead2048_1of4_L2_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f16 c0_0 = *(const kiln_f16u *)(c + 0);
	kiln_f16 c1_0 = *(const kiln_f16u *)(c + 16);
	kiln_f16 c2_0 = *(const kiln_f16u *)(c + 32);
	kiln_f16 c3_0 = *(const kiln_f16u *)(c + 48);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 32 + 2080, 0, 2);
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

static __attribute__((noinline)) void tile_4x1v16_a1_4_b32_float32_c16_u2_0_ahead2048_2of4_L2_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
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

static __attribute__((noinline)) void tile_4x1v16_a1_4_b32_float32_c16_u2_0_ahead2048_3of4_L2_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
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
	float *restrict const pack_panel_0_1_3 = (float *)(slice + 0);
	float v8[16] __attribute__((aligned(64)));
	float v12[16] __attribute__((aligned(64)));
	float v3[1024] __attribute__((aligned(64)));
	const float *restrict const in3 = call->inputs[3];
	float v6[1024] __attribute__((aligned(64)));
	float v7[16] __attribute__((aligned(64)));
	float factor8[16] __attribute__((aligned(64)));
	float v11[16] __attribute__((aligned(64)));
	float v23[256] __attribute__((aligned(64)));
	float v14[1024] __attribute__((aligned(64)));
	float *restrict const pack_rows_20_1_2 = (float *)(slice + 4160);
	float *restrict const out0 = call->outputs[0];
	long last44 = -1;
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g0 = tile / 1 % 2 * 16;
			if (last44 != tile / 2) {
				last44 = tile / 2;
				for (long i1 = 0; i1 < 32; i1 += 16) {
					const kiln_f16 t2 = *(const kiln_f16u *)(in0 + i1);
					const kiln_f16 t3 = *(const kiln_f16u *)(in0 + i1 + 32);
					const kiln_f16 t4 = *(const kiln_f16u *)(in0 + i1 + 64);
					const kiln_f16 t5 = *(const kiln_f16u *)(in0 + i1 + 96);
					const kiln_f16 t6 = *(const kiln_f16u *)(in0 + i1 + 128);
					const kiln_f16 t7 = *(const kiln_f16u *)(in0 + i1 + 160);
					const kiln_f16 t8 = *(const kiln_f16u *)(in0 + i1 + 192);
					const kiln_f16 t9 = *(const kiln_f16u *)(in0 + i1 + 224);
					const kiln_f16 t10 = *(const kiln_f16u *)(in0 + i1 + 256);
					const kiln_f16 t11 = *(const kiln_f16u *)(in0 + i1 + 288);
					const kiln_f16 t12 = *(const kiln_f16u *)(in0 + i1 + 320);
					const kiln_f16 t13 = *(const kiln_f16u *)(in0 + i1 + 352);
					const kiln_f16 t14 = *(const kiln_f16u *)(in0 + i1 + 384);
					const kiln_f16 t15 = *(const kiln_f16u *)(in0 + i1 + 416);
					const kiln_f16 t16 = *(const kiln_f16u *)(in0 + i1 + 448);
					const kiln_f16 t17 = *(const kiln_f16u *)(in0 + i1 + 480);
					kiln_transpose_16(t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15, t16, t17, pack_panel_0_1_3 + i1 * 32, 32, 16, 16);
				}
				*(kiln_f16u *)(v8 + 0) = kiln_splat_16((-3.40282347e+38f));
				*(kiln_f16u *)(v12 + 0) = kiln_splat_16(0.0f);
				for (long s20 = 0; s20 < 256; s20 += 64) {
					for (long i21 = 0; i21 < 64; i21 += 4) {
						tile_4x1v16_a32_1_b32_float32_c16_u2_0_stream4_float32_L2_set(in1 + s20 * 32 + i21 * 32, pack_panel_0_1_3 + 0, v3 + i21 * 16, in1 + s20 * 32 + i21 * 32 + 2048, 16);
					}
					kiln_f16 acc23 = kiln_splat_16((-__builtin_inff()));
					for (long i24 = 0; i24 < 64; i24 += 1) {
						const kiln_f16 t25 = *(const kiln_f16u *)(v3 + i24 * 16);
						const kiln_f16 t26 = (t25 * kiln_splat_16(0.176776692f));
						const kiln_f16 t27 = (kiln_f16){in3[s20 + i24], in3[s20 + i24 + 256], in3[s20 + i24 + 512], in3[s20 + i24 + 768], in3[s20 + i24 + 1024], in3[s20 + i24 + 1280], in3[s20 + i24 + 1536], in3[s20 + i24 + 1792], in3[s20 + i24 + 2048], in3[s20 + i24 + 2304], in3[s20 + i24 + 2560], in3[s20 + i24 + 2816], in3[s20 + i24 + 3072], in3[s20 + i24 + 3328], in3[s20 + i24 + 3584], in3[s20 + i24 + 3840]};
						const kiln_f16 t28 = (t26 + t27);
						*(kiln_f16u *)(v6 + i24 * 16) = t28;
						acc23 = kiln_max_16(acc23, t28);
					}
					*(kiln_f16u *)(v7 + 0) = acc23;
					const kiln_f16 t30 = *(const kiln_f16u *)(v8 + 0);
					const kiln_f16 t31 = *(const kiln_f16u *)(v7 + 0);
					const kiln_f16 t32 = kiln_max_16(t30, t31);
					*(kiln_f16u *)(v8 + 0) = t32;
					*(kiln_f16u *)(factor8 + 0) = kiln_expNonPositive_16((t30 - t32));
					kiln_f16 acc34 = kiln_splat_16(0.0f);
					const kiln_f16 t37 = *(const kiln_f16u *)(v8 + 0);
					for (long i35 = 0; i35 < 64; i35 += 1) {
						const kiln_f16 t36 = *(const kiln_f16u *)(v6 + i35 * 16);
						const kiln_f16 t38 = (t36 - t37);
						const kiln_f16 t39 = kiln_expNonPositive_16(t38);
						acc34 = (acc34 + t39);
					}
					*(kiln_f16u *)(v11 + 0) = acc34;
					const kiln_f16 t41 = (*(const kiln_f16u *)(v12 + 0) * *(const kiln_f16u *)(factor8 + 0));
					const kiln_f16 t42 = *(const kiln_f16u *)(v11 + 0);
					const kiln_f16 t43 = (t41 + t42);
					*(kiln_f16u *)(v12 + 0) = t43;
				}
			}
			for (long i45 = 0; i45 < 16; i45 += 1) {
				*(kiln_f16u *)(v23 + i45 * 16) = kiln_splat_16(0.0f);
			}
			for (long s47 = 0; s47 < 256; s47 += 64) {
				for (long i48 = 0; i48 < 64; i48 += 4) {
					tile_4x1v16_a32_1_b32_float32_c16_u2_0_stream4_float32_L2_set(in1 + s47 * 32 + i48 * 32, pack_panel_0_1_3 + 0, v14 + i48 * 16, in1 + s47 * 32 + i48 * 32 + 2048, 16);
				}
				for (long i49 = 0; i49 < 16; i49 += 4) {
					for (long i50 = 0; i50 < 64; i50 += 1) {
						const kiln_f16 t51 = kiln_load_part_16(v14 + i49 + i50 * 16, 4);
						const kiln_f16 t52 = (t51 * kiln_splat_16(0.176776692f));
						const kiln_f16 t53 = (kiln_f16){in3[i49 * 256 + s47 + i50], in3[i49 * 256 + s47 + i50 + 256], in3[i49 * 256 + s47 + i50 + 512], in3[i49 * 256 + s47 + i50 + 768], 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
						const kiln_f16 t54 = (t52 + t53);
						const kiln_f16 t55 = kiln_load_part_16(v8 + i49, 4);
						const kiln_f16 t56 = (t54 - t55);
						const kiln_f16 t57 = kiln_exp_16(t56);
						const kiln_f16 t58 = kiln_load_part_16(v12 + i49, 4);
						const kiln_f16 t59 = (t57 / t58);
						kiln_store_part_16(pack_rows_20_1_2 + i49 * 64 + i50 * 4, t59, 4);
					}
				}
				tile_4x1v16_a1_4_b32_float32_c16_u2_0_ahead2048_0of4_L2_add(pack_rows_20_1_2 + 0, in2 + s47 * 32 + g0, v23 + 0, 32);
				tile_4x1v16_a1_4_b32_float32_c16_u2_0_ahead2048_1of4_L2_add(pack_rows_20_1_2 + 256, in2 + s47 * 32 + g0, v23 + 64, 32);
				tile_4x1v16_a1_4_b32_float32_c16_u2_0_ahead2048_2of4_L2_add(pack_rows_20_1_2 + 512, in2 + s47 * 32 + g0, v23 + 128, 32);
				tile_4x1v16_a1_4_b32_float32_c16_u2_0_ahead2048_3of4_L2_add(pack_rows_20_1_2 + 768, in2 + s47 * 32 + g0, v23 + 192, 32);
			}
			for (long i60 = 0; i60 < 16; i60 += 1) {
				const kiln_f16 t62 = *(const kiln_f16u *)(v23 + i60 * 16);
				*(kiln_f16u *)(out0 + i60 * 32 + g0) = t62;
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
size_t kiln_kernel_workspace_bytes(int threads) { return 0 + (size_t)(threads > 1 ? threads : 1) * 8320; }
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
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 8320};
	kiln_kernel_launch(&call, threads, 0, 0);
	return 0;
}
int kiln_kernel_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads, kiln_apply *apply, void *context) {
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 8320};
	kiln_kernel_launch(&call, threads, apply, context);
	return 0;
}
