/* Kernels for cpu-x86-64-v3. Flags: -march=x86-64-v3 -O2 -fPIC -shared -pthread -lm. */
#include <stddef.h>

typedef float kiln_f4 __attribute__((vector_size(16)));
typedef float kiln_f8 __attribute__((vector_size(32)));
typedef int kiln_i8 __attribute__((vector_size(32)));
typedef float kiln_f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef short kiln_h8 __attribute__((vector_size(16)));
typedef short kiln_h8u __attribute__((vector_size(16), aligned(2), may_alias));
static inline kiln_f8 kiln_splat_8(float x) { return (kiln_f8){x, x, x, x, x, x, x, x}; }
static inline kiln_f8 kiln_max_8(kiln_f8 a, kiln_f8 b) { return __builtin_ia32_maxps256(a, b); }
/* e^x for x <= 0, 0 below -88: a term less than exp, one step of reduction (q < 128, so that it costs 2.5e-7 at most) */
static inline kiln_f8 kiln_expNonPositive_8(kiln_f8 x) {
	const kiln_f8 magic = kiln_splat_8(12583039.0f);
	x = kiln_max_8(kiln_splat_8(-88.0f), x);
	kiln_f8 rounded = x * kiln_splat_8(1.44269504f) + magic;
	kiln_f8 q = rounded - magic;
	kiln_f8 r = x - q * kiln_splat_8(0.693147181f);
	kiln_f8 p = kiln_splat_8(0.00829029763f);
	p = p * r + kiln_splat_8(0.0418980214f);
	p = p * r + kiln_splat_8(0.166676370f);
	p = p * r + kiln_splat_8(0.499991489f);
	p = p * r + kiln_splat_8(0.999999707f);
	p = p * r + kiln_splat_8(1.0f);
	return p * (kiln_f8)((kiln_i8)rounded << 23);
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
static inline float kiln_sum_8(kiln_f8 x) {
	kiln_f4 low = __builtin_shufflevector(x, x, 0, 1, 2, 3), high = __builtin_shufflevector(x, x, 4, 5, 6, 7);
	kiln_f4 four = low + high;
	kiln_f4 swapped = __builtin_shufflevector(four, four, 2, 3, 0, 1);
	kiln_f4 two = four + swapped;
	kiln_f4 turned = __builtin_shufflevector(two, two, 1, 0, 3, 2);
	return (two + turned)[0];
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
	float v1[8] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	float v4[8] __attribute__((aligned(64)));
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g0 = tile / 1 % 32 * 1;
			kiln_f8 acc1 = kiln_splat_8((-__builtin_inff()));
			kiln_f8 acc2 = kiln_splat_8((-__builtin_inff()));
			kiln_f8 acc3 = kiln_splat_8((-__builtin_inff()));
			kiln_f8 acc4 = kiln_splat_8((-__builtin_inff()));
			for (long i5 = 0; i5 < 992; i5 += 32) {
				const kiln_f8 t6 = *(const kiln_f8u *)(in0 + g0 * 1000 + i5);
				acc1 = kiln_max_8(acc1, t6);
				const kiln_f8 t7 = *(const kiln_f8u *)(in0 + g0 * 1000 + i5 + 8);
				acc2 = kiln_max_8(acc2, t7);
				const kiln_f8 t8 = *(const kiln_f8u *)(in0 + g0 * 1000 + i5 + 16);
				acc3 = kiln_max_8(acc3, t8);
				const kiln_f8 t9 = *(const kiln_f8u *)(in0 + g0 * 1000 + i5 + 24);
				acc4 = kiln_max_8(acc4, t9);
			}
			const kiln_f8 t10 = *(const kiln_f8u *)(in0 + g0 * 1000 + 992);
			acc1 = kiln_max_8(acc1, t10);
			v1[0] = kiln_maximum_8(kiln_max_8(kiln_max_8(acc1, acc2), kiln_max_8(acc3, acc4)));
			kiln_f8 acc11 = kiln_splat_8(0.0f);
			kiln_f8 acc12 = kiln_splat_8(0.0f);
			const float t15 = v1[0];
			for (long i13 = 0; i13 < 992; i13 += 16) {
				const kiln_f8 t14 = *(const kiln_f8u *)(in0 + g0 * 1000 + i13);
				const kiln_f8 t16 = (t14 - kiln_splat_8(t15));
				const kiln_f8 t17 = kiln_expNonPositive_8(t16);
				*(kiln_f8u *)(out0 + g0 * 1000 + i13) = t17;
				acc11 = (acc11 + t17);
				const kiln_f8 t18 = *(const kiln_f8u *)(in0 + g0 * 1000 + i13 + 8);
				const kiln_f8 t19 = (t18 - kiln_splat_8(t15));
				const kiln_f8 t20 = kiln_expNonPositive_8(t19);
				*(kiln_f8u *)(out0 + g0 * 1000 + i13 + 8) = t20;
				acc12 = (acc12 + t20);
			}
			const kiln_f8 t21 = *(const kiln_f8u *)(in0 + g0 * 1000 + 992);
			const kiln_f8 t22 = (t21 - kiln_splat_8(t15));
			const kiln_f8 t23 = kiln_expNonPositive_8(t22);
			*(kiln_f8u *)(out0 + g0 * 1000 + 992) = t23;
			acc11 = (acc11 + t23);
			v4[0] = kiln_sum_8((acc11 + acc12));
			const float t26 = v4[0];
			const float t27 = kiln_inverseScale_1(t26);
			const float t28 = (1.0f / (t26 * t27));
			for (long i24 = 0; i24 < 992; i24 += 16) {
				const kiln_f8 t25 = *(const kiln_f8u *)(out0 + g0 * 1000 + i24);
				const kiln_f8 t29 = ((t25 * kiln_splat_8(t28)) * kiln_splat_8(t27));
				*(kiln_f8u *)(out0 + g0 * 1000 + i24) = t29;
				const kiln_f8 t30 = *(const kiln_f8u *)(out0 + g0 * 1000 + i24 + 8);
				const kiln_f8 t31 = ((t30 * kiln_splat_8(t28)) * kiln_splat_8(t27));
				*(kiln_f8u *)(out0 + g0 * 1000 + i24 + 8) = t31;
			}
			const kiln_f8 t32 = *(const kiln_f8u *)(out0 + g0 * 1000 + 992);
			const kiln_f8 t33 = ((t32 * kiln_splat_8(t28)) * kiln_splat_8(t27));
			*(kiln_f8u *)(out0 + g0 * 1000 + 992) = t33;
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
