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
static inline kiln_i16 kiln_lanes_16(int active) {
	return (kiln_i16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} < active;
}
static inline kiln_f16 kiln_blend_16(kiln_i16 mask, kiln_f16 yes, kiln_f16 no) { return (kiln_f16)(((kiln_i16)yes & mask) | ((kiln_i16)no & ~mask)); }
static inline kiln_f16 kiln_keep_16(kiln_f16 x, int active, float neutral) {
	return kiln_blend_16(kiln_lanes_16(active), x, kiln_splat_16(neutral));
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

static void kiln_kernel_part0(const kiln_call *call, long thread, kiln_range *range) {
	(void)thread;
	const float *restrict const in0 = call->inputs[0];
	float v1[16] __attribute__((aligned(64)));
	float v3[1008] __attribute__((aligned(64)));
	float v4[16] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g0 = tile / 1 % 32 * 1;
			kiln_f16 acc1 = kiln_splat_16((-__builtin_inff()));
			kiln_f16 acc2 = kiln_splat_16((-__builtin_inff()));
			kiln_f16 acc3 = kiln_splat_16((-__builtin_inff()));
			kiln_f16 acc4 = kiln_splat_16((-__builtin_inff()));
			for (long i5 = 0; i5 < 960; i5 += 64) {
				const kiln_f16 t6 = *(const kiln_f16u *)(in0 + g0 * 1000 + i5);
				acc1 = kiln_max_16(acc1, t6);
				const kiln_f16 t7 = *(const kiln_f16u *)(in0 + g0 * 1000 + i5 + 16);
				acc2 = kiln_max_16(acc2, t7);
				const kiln_f16 t8 = *(const kiln_f16u *)(in0 + g0 * 1000 + i5 + 32);
				acc3 = kiln_max_16(acc3, t8);
				const kiln_f16 t9 = *(const kiln_f16u *)(in0 + g0 * 1000 + i5 + 48);
				acc4 = kiln_max_16(acc4, t9);
			}
			const kiln_f16 t10 = *(const kiln_f16u *)(in0 + g0 * 1000 + 960);
			acc1 = kiln_max_16(acc1, t10);
			const kiln_f16 t11 = *(const kiln_f16u *)(in0 + g0 * 1000 + 976);
			acc2 = kiln_max_16(acc2, t11);
			const kiln_f16 t12 = kiln_load_part_16(in0 + g0 * 1000 + 992, 8);
			acc1 = kiln_max_16(acc1, kiln_keep_16(t12, 8, (-__builtin_inff())));
			v1[0] = kiln_maximum_16(kiln_max_16(kiln_max_16(acc1, acc2), kiln_max_16(acc3, acc4)));
			kiln_f16 acc13 = kiln_splat_16(0.0f);
			kiln_f16 acc14 = kiln_splat_16(0.0f);
			const float t17 = v1[0];
			for (long i15 = 0; i15 < 992; i15 += 32) {
				const kiln_f16 t16 = *(const kiln_f16u *)(in0 + g0 * 1000 + i15);
				const kiln_f16 t18 = (t16 - kiln_splat_16(t17));
				const kiln_f16 t19 = kiln_expNonPositive_16(t18);
				*(kiln_f16u *)(v3 + i15) = t19;
				acc13 = (acc13 + t19);
				const kiln_f16 t20 = *(const kiln_f16u *)(in0 + g0 * 1000 + i15 + 16);
				const kiln_f16 t21 = (t20 - kiln_splat_16(t17));
				const kiln_f16 t22 = kiln_expNonPositive_16(t21);
				*(kiln_f16u *)(v3 + i15 + 16) = t22;
				acc14 = (acc14 + t22);
			}
			const kiln_f16 t23 = kiln_load_part_16(in0 + g0 * 1000 + 992, 8);
			const kiln_f16 t24 = (t23 - kiln_splat_16(t17));
			const kiln_f16 t25 = kiln_expNonPositive_16(t24);
			kiln_store_part_16(v3 + 992, t25, 8);
			acc13 = (acc13 + kiln_keep_16(t25, 8, 0.0f));
			v4[0] = kiln_sum_16((acc13 + acc14));
			const float t28 = v4[0];
			const float t29 = kiln_inverseScale_1(t28);
			const float t30 = (1.0f / (t28 * t29));
			for (long i26 = 0; i26 < 992; i26 += 32) {
				const kiln_f16 t27 = *(const kiln_f16u *)(v3 + i26);
				const kiln_f16 t31 = ((t27 * kiln_splat_16(t30)) * kiln_splat_16(t29));
				*(kiln_f16u *)(out0 + g0 * 1000 + i26) = t31;
				const kiln_f16 t32 = *(const kiln_f16u *)(v3 + i26 + 16);
				const kiln_f16 t33 = ((t32 * kiln_splat_16(t30)) * kiln_splat_16(t29));
				*(kiln_f16u *)(out0 + g0 * 1000 + i26 + 16) = t33;
			}
			const kiln_f16 t34 = kiln_load_part_16(v3 + 992, 8);
			const kiln_f16 t35 = ((t34 * kiln_splat_16(t30)) * kiln_splat_16(t29));
			kiln_store_part_16(out0 + g0 * 1000 + 992, t35, 8);
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
size_t kiln_kernel_workspace_bytes(int threads) { return 0 + (size_t)(threads > 1 ? threads : 1) * 0; }
int kiln_kernel_abi_version(void) { return 2; }
int kiln_kernel_reads(int input) {
	static const unsigned char reads[] = {1};
	return reads[input];
}
static void kiln_kernel_launch(const kiln_call *call, int threads, kiln_apply *apply, void *context) {
	(void)threads, (void)apply, (void)context;
	kiln_alone(kiln_kernel_part0, call, 32);
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
