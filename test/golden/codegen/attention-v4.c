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
static inline float kiln_inverseScale_1(float x) {
	int bits;
	__builtin_memcpy(&bits, &x, 4);
	int exponent = 254 - (bits >> 23 & 255);
	bits = (exponent > 1 ? exponent : 1) << 23;
	__builtin_memcpy(&x, &bits, 4);
	return x;
}
static inline kiln_f16 kiln_load_part_16(const float *p, int active) {
	return __builtin_ia32_loadups512_mask(p, (kiln_f16){0}, (unsigned short)((1u << active) - 1));
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
static inline void kiln_store_part_16(float *p, kiln_f16 x, int active) {
	__builtin_ia32_storeups512_mask(p, x, (unsigned short)((1u << active) - 1));
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

static __attribute__((noinline)) void tile_4x2v16_a32_1_b32_float32_c64_u2_0_stream32_float32_L2_set(const float *restrict a, const float *restrict b, float *restrict c, const float *restrict p, long steps) {
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
	*(kiln_f16u *)(c + 64) = c1_0;
	*(kiln_f16u *)(c + 80) = c1_1;
	*(kiln_f16u *)(c + 128) = c2_0;
	*(kiln_f16u *)(c + 144) = c2_1;
	*(kiln_f16u *)(c + 192) = c3_0;
	*(kiln_f16u *)(c + 208) = c3_1;
}

static __attribute__((noinline)) void tile_4x2v16_a32_1_b32_float32_c64_u2_0_set(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
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
	*(kiln_f16u *)(c + 64) = c1_0;
	*(kiln_f16u *)(c + 80) = c1_1;
	*(kiln_f16u *)(c + 128) = c2_0;
	*(kiln_f16u *)(c + 144) = c2_1;
	*(kiln_f16u *)(c + 192) = c3_0;
	*(kiln_f16u *)(c + 208) = c3_1;
}

static __attribute__((noinline)) void tile_4x1v16_edge8_a1_4_b32_float32_c16_u2_0_ahead2048_0of2_L2_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f16 c0_0 = *(const kiln_f16u *)(c + 0);
	kiln_f16 c1_0 = *(const kiln_f16u *)(c + 16);
	kiln_f16 c2_0 = *(const kiln_f16u *)(c + 32);
	kiln_f16 c3_0 = *(const kiln_f16u *)(c + 48);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 32 + 2048, 0, 2);
		const kiln_f16 b0_0 = kiln_load_part_16(b + k * 32, 8);
		const float a0_0 = a[k * 4];
		c0_0 = (c0_0 + (kiln_splat_16(a0_0) * b0_0));
		const float a0_1 = a[k * 4 + 1];
		c1_0 = (c1_0 + (kiln_splat_16(a0_1) * b0_0));
		const float a0_2 = a[k * 4 + 2];
		c2_0 = (c2_0 + (kiln_splat_16(a0_2) * b0_0));
		const float a0_3 = a[k * 4 + 3];
		c3_0 = (c3_0 + (kiln_splat_16(a0_3) * b0_0));
		const kiln_f16 b1_0 = kiln_load_part_16(b + k * 32 + 32, 8);
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

static __attribute__((noinline)) void tile_4x1v16_edge8_a1_4_b32_float32_c16_u2_0_ahead2048_1of2_L2_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f16 c0_0 = *(const kiln_f16u *)(c + 0);
	kiln_f16 c1_0 = *(const kiln_f16u *)(c + 16);
	kiln_f16 c2_0 = *(const kiln_f16u *)(c + 32);
	kiln_f16 c3_0 = *(const kiln_f16u *)(c + 48);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 32 + 2080, 0, 2);
		const kiln_f16 b0_0 = kiln_load_part_16(b + k * 32, 8);
		const float a0_0 = a[k * 4];
		c0_0 = (c0_0 + (kiln_splat_16(a0_0) * b0_0));
		const float a0_1 = a[k * 4 + 1];
		c1_0 = (c1_0 + (kiln_splat_16(a0_1) * b0_0));
		const float a0_2 = a[k * 4 + 2];
		c2_0 = (c2_0 + (kiln_splat_16(a0_2) * b0_0));
		const float a0_3 = a[k * 4 + 3];
		c3_0 = (c3_0 + (kiln_splat_16(a0_3) * b0_0));
		const kiln_f16 b1_0 = kiln_load_part_16(b + k * 32 + 32, 8);
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
	float v8[16] __attribute__((aligned(64)));
	float v12[16] __attribute__((aligned(64)));
	float v3[512] __attribute__((aligned(64)));
	float *restrict const pack_panel_2_2_3 = (float *)(slice + 0);
	const float *restrict const in3 = call->inputs[3];
	float v6[512] __attribute__((aligned(64)));
	float v7[16] __attribute__((aligned(64)));
	float factor8[16] __attribute__((aligned(64)));
	float v11[16] __attribute__((aligned(64)));
	float v23[128] __attribute__((aligned(64)));
	float v14[512] __attribute__((aligned(64)));
	float *restrict const pack_panel_13_2_3 = (float *)(slice + 4160);
	float pack_rows_20_1_2[528] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	long last75 = -1;
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g0 = tile / 1 % 4 * 8;
			if (last75 != tile / 4) {
				last75 = tile / 4;
				kiln_store_part_16(v8 + 0, kiln_splat_16((-3.40282347e+38f)), 8);
				kiln_store_part_16(v12 + 0, kiln_splat_16(0.0f), 8);
				for (long s1 = 0; s1 < 256; s1 += 64) {
					for (long i2 = 0; i2 < 64; i2 += 32) {
						for (long i3 = 0; i3 < 32; i3 += 16) {
							const kiln_f16 t4 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 512);
							const kiln_f16 t5 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 544);
							const kiln_f16 t6 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 576);
							const kiln_f16 t7 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 608);
							const kiln_f16 t8 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 640);
							const kiln_f16 t9 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 672);
							const kiln_f16 t10 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 704);
							const kiln_f16 t11 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 736);
							const kiln_f16 t12 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 768);
							const kiln_f16 t13 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 800);
							const kiln_f16 t14 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 832);
							const kiln_f16 t15 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 864);
							const kiln_f16 t16 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 896);
							const kiln_f16 t17 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 928);
							const kiln_f16 t18 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 960);
							const kiln_f16 t19 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 992);
							kiln_transpose_16(t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15, t16, t17, t18, t19, pack_panel_2_2_3 + i3 * 32 + 16, 32, 16, 16);
							const kiln_f16 t20 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3);
							const kiln_f16 t21 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 32);
							const kiln_f16 t22 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 64);
							const kiln_f16 t23 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 96);
							const kiln_f16 t24 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 128);
							const kiln_f16 t25 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 160);
							const kiln_f16 t26 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 192);
							const kiln_f16 t27 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 224);
							const kiln_f16 t28 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 256);
							const kiln_f16 t29 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 288);
							const kiln_f16 t30 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 320);
							const kiln_f16 t31 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 352);
							const kiln_f16 t32 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 384);
							const kiln_f16 t33 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 416);
							const kiln_f16 t34 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 448);
							const kiln_f16 t35 = *(const kiln_f16u *)(in1 + s1 * 32 + i2 * 32 + i3 + 480);
							kiln_transpose_16(t20, t21, t22, t23, t24, t25, t26, t27, t28, t29, t30, t31, t32, t33, t34, t35, pack_panel_2_2_3 + i3 * 32, 32, 16, 16);
						}
						tile_4x2v16_a32_1_b32_float32_c64_u2_0_stream32_float32_L2_set(in0 + 0, pack_panel_2_2_3 + 0, v3 + i2, in1 + s1 * 32 + i2 * 32 + 1024, 16);
						tile_4x2v16_a32_1_b32_float32_c64_u2_0_set(in0 + 128, pack_panel_2_2_3 + 0, v3 + i2 + 256, 16);
					}
					for (long i36 = 0; i36 < 8; i36 += 1) {
						kiln_f16 acc37 = kiln_splat_16((-__builtin_inff()));
						kiln_f16 acc38 = kiln_splat_16((-__builtin_inff()));
						kiln_f16 acc39 = kiln_splat_16((-__builtin_inff()));
						kiln_f16 acc40 = kiln_splat_16((-__builtin_inff()));
						const kiln_f16 t42 = *(const kiln_f16u *)(v3 + i36 * 64);
						const kiln_f16 t43 = (t42 * kiln_splat_16(0.176776692f));
						const kiln_f16 t44 = *(const kiln_f16u *)(in3 + i36 * 256 + s1);
						const kiln_f16 t45 = (t43 + t44);
						*(kiln_f16u *)(v6 + i36 * 64) = t45;
						acc37 = kiln_max_16(acc37, t45);
						const kiln_f16 t46 = *(const kiln_f16u *)(v3 + i36 * 64 + 16);
						const kiln_f16 t47 = (t46 * kiln_splat_16(0.176776692f));
						const kiln_f16 t48 = *(const kiln_f16u *)(in3 + i36 * 256 + s1 + 16);
						const kiln_f16 t49 = (t47 + t48);
						*(kiln_f16u *)(v6 + i36 * 64 + 16) = t49;
						acc38 = kiln_max_16(acc38, t49);
						const kiln_f16 t50 = *(const kiln_f16u *)(v3 + i36 * 64 + 32);
						const kiln_f16 t51 = (t50 * kiln_splat_16(0.176776692f));
						const kiln_f16 t52 = *(const kiln_f16u *)(in3 + i36 * 256 + s1 + 32);
						const kiln_f16 t53 = (t51 + t52);
						*(kiln_f16u *)(v6 + i36 * 64 + 32) = t53;
						acc39 = kiln_max_16(acc39, t53);
						const kiln_f16 t54 = *(const kiln_f16u *)(v3 + i36 * 64 + 48);
						const kiln_f16 t55 = (t54 * kiln_splat_16(0.176776692f));
						const kiln_f16 t56 = *(const kiln_f16u *)(in3 + i36 * 256 + s1 + 48);
						const kiln_f16 t57 = (t55 + t56);
						*(kiln_f16u *)(v6 + i36 * 64 + 48) = t57;
						acc40 = kiln_max_16(acc40, t57);
						v7[i36] = kiln_maximum_16(kiln_max_16(kiln_max_16(acc37, acc38), kiln_max_16(acc39, acc40)));
					}
					const kiln_f16 t58 = kiln_load_part_16(v8 + 0, 8);
					const kiln_f16 t59 = kiln_load_part_16(v7 + 0, 8);
					const kiln_f16 t60 = kiln_max_16(t58, t59);
					kiln_store_part_16(v8 + 0, t60, 8);
					kiln_store_part_16(factor8 + 0, kiln_expNonPositive_16((t58 - t60)), 8);
					for (long i61 = 0; i61 < 8; i61 += 1) {
						kiln_f16 acc62 = kiln_splat_16(0.0f);
						kiln_f16 acc63 = kiln_splat_16(0.0f);
						const float t66 = v8[i61];
						for (long i64 = 0; i64 < 64; i64 += 32) {
							const kiln_f16 t65 = *(const kiln_f16u *)(v6 + i64 + i61 * 64);
							const kiln_f16 t67 = (t65 - kiln_splat_16(t66));
							const kiln_f16 t68 = kiln_expNonPositive_16(t67);
							acc62 = (acc62 + t68);
							const kiln_f16 t69 = *(const kiln_f16u *)(v6 + i64 + i61 * 64 + 16);
							const kiln_f16 t70 = (t69 - kiln_splat_16(t66));
							const kiln_f16 t71 = kiln_expNonPositive_16(t70);
							acc63 = (acc63 + t71);
						}
						v11[i61] = kiln_sum_16((acc62 + acc63));
					}
					const kiln_f16 t72 = (kiln_load_part_16(v12 + 0, 8) * kiln_load_part_16(factor8 + 0, 8));
					const kiln_f16 t73 = kiln_load_part_16(v11 + 0, 8);
					const kiln_f16 t74 = (t72 + t73);
					kiln_store_part_16(v12 + 0, t74, 8);
				}
			}
			for (long i76 = 0; i76 < 8; i76 += 1) {
				kiln_store_part_16(v23 + i76 * 16, kiln_splat_16(0.0f), 8);
			}
			for (long s77 = 0; s77 < 256; s77 += 64) {
				for (long i78 = 0; i78 < 64; i78 += 32) {
					for (long i79 = 0; i79 < 32; i79 += 16) {
						const kiln_f16 t80 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 512);
						const kiln_f16 t81 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 544);
						const kiln_f16 t82 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 576);
						const kiln_f16 t83 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 608);
						const kiln_f16 t84 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 640);
						const kiln_f16 t85 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 672);
						const kiln_f16 t86 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 704);
						const kiln_f16 t87 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 736);
						const kiln_f16 t88 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 768);
						const kiln_f16 t89 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 800);
						const kiln_f16 t90 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 832);
						const kiln_f16 t91 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 864);
						const kiln_f16 t92 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 896);
						const kiln_f16 t93 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 928);
						const kiln_f16 t94 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 960);
						const kiln_f16 t95 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 992);
						kiln_transpose_16(t80, t81, t82, t83, t84, t85, t86, t87, t88, t89, t90, t91, t92, t93, t94, t95, pack_panel_13_2_3 + i79 * 32 + 16, 32, 16, 16);
						const kiln_f16 t96 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79);
						const kiln_f16 t97 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 32);
						const kiln_f16 t98 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 64);
						const kiln_f16 t99 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 96);
						const kiln_f16 t100 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 128);
						const kiln_f16 t101 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 160);
						const kiln_f16 t102 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 192);
						const kiln_f16 t103 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 224);
						const kiln_f16 t104 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 256);
						const kiln_f16 t105 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 288);
						const kiln_f16 t106 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 320);
						const kiln_f16 t107 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 352);
						const kiln_f16 t108 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 384);
						const kiln_f16 t109 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 416);
						const kiln_f16 t110 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 448);
						const kiln_f16 t111 = *(const kiln_f16u *)(in1 + s77 * 32 + i78 * 32 + i79 + 480);
						kiln_transpose_16(t96, t97, t98, t99, t100, t101, t102, t103, t104, t105, t106, t107, t108, t109, t110, t111, pack_panel_13_2_3 + i79 * 32, 32, 16, 16);
					}
					tile_4x2v16_a32_1_b32_float32_c64_u2_0_stream32_float32_L2_set(in0 + 0, pack_panel_13_2_3 + 0, v14 + i78, in1 + s77 * 32 + i78 * 32 + 1024, 16);
					tile_4x2v16_a32_1_b32_float32_c64_u2_0_set(in0 + 128, pack_panel_13_2_3 + 0, v14 + i78 + 256, 16);
				}
				for (long i112 = 0; i112 < 8; i112 += 4) {
					for (long i113 = 0; i113 < 64; i113 += 16) {
						const kiln_f16 t114 = *(const kiln_f16u *)(v14 + i113 + i112 * 64);
						const kiln_f16 t115 = (t114 * kiln_splat_16(0.176776692f));
						const kiln_f16 t116 = *(const kiln_f16u *)(in3 + i112 * 256 + s77 + i113);
						const kiln_f16 t117 = (t115 + t116);
						const float t118 = v8[i112];
						const kiln_f16 t119 = (t117 - kiln_splat_16(t118));
						const kiln_f16 t120 = kiln_exp_16(t119);
						const float t121 = v12[i112];
						const float t122 = kiln_inverseScale_1(t121);
						const float t123 = (1.0f / (t121 * t122));
						const kiln_f16 t124 = ((t120 * kiln_splat_16(t123)) * kiln_splat_16(t122));
						const kiln_f16 t125 = *(const kiln_f16u *)(v14 + i113 + i112 * 64 + 64);
						const kiln_f16 t126 = (t125 * kiln_splat_16(0.176776692f));
						const kiln_f16 t127 = *(const kiln_f16u *)(in3 + i112 * 256 + s77 + i113 + 256);
						const kiln_f16 t128 = (t126 + t127);
						const float t129 = v8[i112 + 1];
						const kiln_f16 t130 = (t128 - kiln_splat_16(t129));
						const kiln_f16 t131 = kiln_exp_16(t130);
						const float t132 = v12[i112 + 1];
						const float t133 = kiln_inverseScale_1(t132);
						const float t134 = (1.0f / (t132 * t133));
						const kiln_f16 t135 = ((t131 * kiln_splat_16(t134)) * kiln_splat_16(t133));
						const kiln_f16 t136 = *(const kiln_f16u *)(v14 + i113 + i112 * 64 + 128);
						const kiln_f16 t137 = (t136 * kiln_splat_16(0.176776692f));
						const kiln_f16 t138 = *(const kiln_f16u *)(in3 + i112 * 256 + s77 + i113 + 512);
						const kiln_f16 t139 = (t137 + t138);
						const float t140 = v8[i112 + 2];
						const kiln_f16 t141 = (t139 - kiln_splat_16(t140));
						const kiln_f16 t142 = kiln_exp_16(t141);
						const float t143 = v12[i112 + 2];
						const float t144 = kiln_inverseScale_1(t143);
						const float t145 = (1.0f / (t143 * t144));
						const kiln_f16 t146 = ((t142 * kiln_splat_16(t145)) * kiln_splat_16(t144));
						const kiln_f16 t147 = *(const kiln_f16u *)(v14 + i113 + i112 * 64 + 192);
						const kiln_f16 t148 = (t147 * kiln_splat_16(0.176776692f));
						const kiln_f16 t149 = *(const kiln_f16u *)(in3 + i112 * 256 + s77 + i113 + 768);
						const kiln_f16 t150 = (t148 + t149);
						const float t151 = v8[i112 + 3];
						const kiln_f16 t152 = (t150 - kiln_splat_16(t151));
						const kiln_f16 t153 = kiln_exp_16(t152);
						const float t154 = v12[i112 + 3];
						const float t155 = kiln_inverseScale_1(t154);
						const float t156 = (1.0f / (t154 * t155));
						const kiln_f16 t157 = ((t153 * kiln_splat_16(t156)) * kiln_splat_16(t155));
						kiln_transpose_16(t124, t135, t146, t157, kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), kiln_splat_16(0.0f), pack_rows_20_1_2 + i112 * 64 + i113 * 4, 4, 16, 16);
					}
				}
				tile_4x1v16_edge8_a1_4_b32_float32_c16_u2_0_ahead2048_0of2_L2_add(pack_rows_20_1_2 + 0, in2 + s77 * 32 + g0, v23 + 0, 32);
				tile_4x1v16_edge8_a1_4_b32_float32_c16_u2_0_ahead2048_1of2_L2_add(pack_rows_20_1_2 + 256, in2 + s77 * 32 + g0, v23 + 64, 32);
			}
			for (long i158 = 0; i158 < 8; i158 += 1) {
				const kiln_f16 t159 = kiln_load_part_16(v23 + i158 * 16, 8);
				kiln_store_part_16(out0 + i158 * 32 + g0, t159, 8);
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
	kiln_alone(kiln_kernel_part0, call, 4);
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
