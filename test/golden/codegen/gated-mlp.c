/* Kernels for cpu-x86-64-v3. Flags: -march=x86-64-v3 -O2 -fPIC -shared -pthread -lm. */
#include <stddef.h>

typedef float kiln_f4 __attribute__((vector_size(16)));
typedef float kiln_f8 __attribute__((vector_size(32)));
typedef int kiln_i8 __attribute__((vector_size(32)));
typedef float kiln_f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef short kiln_h8 __attribute__((vector_size(16)));
typedef short kiln_h8u __attribute__((vector_size(16), aligned(2), may_alias));
static inline kiln_f8 kiln_splat_8(float x) { return (kiln_f8){x, x, x, x, x, x, x, x}; }
static inline kiln_f8 kiln_min_8(kiln_f8 a, kiln_f8 b) { return __builtin_ia32_minps256(a, b); }
static inline kiln_f8 kiln_max_8(kiln_f8 a, kiln_f8 b) { return __builtin_ia32_maxps256(a, b); }
/* e^x for -88 <= x <= 88, 0 at -88: one step of scaling, 2^n made by shifting the rounded exponent into place */
static inline kiln_f8 kiln_expWithin_8(kiln_f8 x) {
	const kiln_f8 magic = kiln_splat_8(12583039.0f);
	kiln_f8 rounded = x * kiln_splat_8(1.44269504f) + magic;
	kiln_f8 q = rounded - magic;
	kiln_f8 r = x - q * kiln_splat_8(0.693359375f);
	r = r + q * kiln_splat_8(2.12194440e-4f);
	kiln_f8 p = kiln_splat_8(0.00139504741f);
	p = p * r + kiln_splat_8(0.00836888235f);
	p = p * r + kiln_splat_8(0.0416662060f);
	p = p * r + kiln_splat_8(0.166665182f);
	p = p * r + kiln_splat_8(0.5f);
	p = p * (r * r) + (r + kiln_splat_8(1.0f));
	return p * (kiln_f8)((kiln_i8)rounded << 23);
}
static inline kiln_f8 kiln_sigmoid_8(kiln_f8 x) {
	kiln_f8 bounded = kiln_max_8(kiln_splat_8(-88.0f), kiln_min_8(kiln_splat_8(88.0f), -x));
	return kiln_splat_8(1.0f) / (kiln_splat_8(1.0f) + kiln_expWithin_8(bounded));
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

static __attribute__((noinline)) void tile_2x2v8_a64_1_b16_float32_c64_u2_0_ahead2048_0of1_L2_set(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f8 c0_0 = kiln_splat_8(0.0f);
	kiln_f8 c0_1 = kiln_splat_8(0.0f);
	kiln_f8 c1_0 = kiln_splat_8(0.0f);
	kiln_f8 c1_1 = kiln_splat_8(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 16 + 2048, 0, 2);
		const kiln_f8 b0_0 = *(const kiln_f8u *)(b + k * 16);
		const kiln_f8 b0_1 = *(const kiln_f8u *)(b + k * 16 + 8);
		const float a0_0 = a[k];
		c0_0 = (c0_0 + (kiln_splat_8(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_8(a0_0) * b0_1));
		const float a0_1 = a[k + 64];
		c1_0 = (c1_0 + (kiln_splat_8(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_8(a0_1) * b0_1));
		__builtin_prefetch(b + k * 16 + 2064, 0, 2);
		const kiln_f8 b1_0 = *(const kiln_f8u *)(b + k * 16 + 16);
		const kiln_f8 b1_1 = *(const kiln_f8u *)(b + k * 16 + 24);
		const float a1_0 = a[k + 1];
		c0_0 = (c0_0 + (kiln_splat_8(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_8(a1_0) * b1_1));
		const float a1_1 = a[k + 65];
		c1_0 = (c1_0 + (kiln_splat_8(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_8(a1_1) * b1_1));
	}
	*(kiln_f8u *)(c + 0) = c0_0;
	*(kiln_f8u *)(c + 8) = c0_1;
	*(kiln_f8u *)(c + 64) = c1_0;
	*(kiln_f8u *)(c + 72) = c1_1;
}

static void kiln_kernel_part0(const kiln_call *call, long thread, kiln_range *range) {
	(void)thread;
	const float *restrict const in0 = call->inputs[0];
	const float *restrict const panels0 = (const float *)(call->prepared + 0);
	const float *restrict const panels5 = (const float *)(call->prepared + 32832);
	float v2[128] __attribute__((aligned(64)));
	float v4[128] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g10 = tile / 1 % 2 * 64;
			for (long i11 = 0; i11 < 64; i11 += 16) {
				tile_2x2v8_a64_1_b16_float32_c64_u2_0_ahead2048_0of1_L2_set(in0 + 0, panels0 + g10 * 64 + i11 * 64, v2 + i11, 32);
			}
			for (long i12 = 0; i12 < 64; i12 += 16) {
				tile_2x2v8_a64_1_b16_float32_c64_u2_0_ahead2048_0of1_L2_set(in0 + 0, panels5 + g10 * 64 + i12 * 64, v4 + i12, 32);
			}
			for (long i13 = 0; i13 < 2; i13 += 1) {
				for (long i14 = 0; i14 < 64; i14 += 8) {
					const kiln_f8 t15 = *(const kiln_f8u *)(v2 + i14 + i13 * 64);
					const kiln_f8 t16 = kiln_sigmoid_8(t15);
					const kiln_f8 t17 = (t15 * t16);
					const kiln_f8 t18 = *(const kiln_f8u *)(v4 + i14 + i13 * 64);
					const kiln_f8 t19 = (t17 * t18);
					*(kiln_f8u *)(out0 + i13 * 128 + g10 + i14) = t19;
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
	const float *restrict const in2 = inputs[2];
	float *restrict const panels0 = (float *)(area + 0);
	float *restrict const panels5 = (float *)(area + 32832);
	__builtin_memset(panels0 + 0, 0, 8200 * sizeof *panels0);
	for (long i1 = 0; i1 < 128; i1 += 16) {
		for (long i2 = 0; i2 < 64; i2 += 1) {
			const kiln_f8 t3 = *(const kiln_f8u *)(in1 + i2 * 128 + i1);
			*(kiln_f8u *)(panels0 + i1 * 64 + i2 * 16) = t3;
			const kiln_f8 t4 = *(const kiln_f8u *)(in1 + i2 * 128 + i1 + 8);
			*(kiln_f8u *)(panels0 + i1 * 64 + i2 * 16 + 8) = t4;
		}
	}
	__builtin_memset(panels5 + 0, 0, 8200 * sizeof *panels5);
	for (long i6 = 0; i6 < 128; i6 += 16) {
		for (long i7 = 0; i7 < 64; i7 += 1) {
			const kiln_f8 t8 = *(const kiln_f8u *)(in2 + i7 * 128 + i6);
			*(kiln_f8u *)(panels5 + i6 * 64 + i7 * 16) = t8;
			const kiln_f8 t9 = *(const kiln_f8u *)(in2 + i7 * 128 + i6 + 8);
			*(kiln_f8u *)(panels5 + i6 * 64 + i7 * 16 + 8) = t9;
		}
	}
	return 0;
}

size_t kiln_kernel_prepared_bytes(void) { return 65664; }
size_t kiln_kernel_workspace_bytes(int threads) { return 0 + (size_t)(threads > 1 ? threads : 1) * 0; }
int kiln_kernel_abi_version(void) { return 2; }
int kiln_kernel_reads(int input) {
	static const unsigned char reads[] = {1, 0, 0};
	return reads[input];
}
static void kiln_kernel_launch(const kiln_call *call, int threads, kiln_apply *apply, void *context) {
	(void)threads, (void)apply, (void)context;
	kiln_alone(kiln_kernel_part0, call, 2);
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
