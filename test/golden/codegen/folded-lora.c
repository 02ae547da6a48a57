/* Kernels for cpu-x86-64-v3. Flags: -march=x86-64-v3 -O2 -fPIC -shared -pthread -lm. */
#include <stddef.h>

typedef float kiln_f4 __attribute__((vector_size(16)));
typedef float kiln_f8 __attribute__((vector_size(32)));
typedef int kiln_i8 __attribute__((vector_size(32)));
typedef float kiln_f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef short kiln_h8 __attribute__((vector_size(16)));
typedef short kiln_h8u __attribute__((vector_size(16), aligned(2), may_alias));
static inline kiln_f8 kiln_splat_8(float x) { return (kiln_f8){x, x, x, x, x, x, x, x}; }

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

static __attribute__((noinline)) void tile_4x2v8_a4_1_b128_float32_c64_u2_0_set(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f8 c0_0 = kiln_splat_8(0.0f);
	kiln_f8 c0_1 = kiln_splat_8(0.0f);
	kiln_f8 c1_0 = kiln_splat_8(0.0f);
	kiln_f8 c1_1 = kiln_splat_8(0.0f);
	kiln_f8 c2_0 = kiln_splat_8(0.0f);
	kiln_f8 c2_1 = kiln_splat_8(0.0f);
	kiln_f8 c3_0 = kiln_splat_8(0.0f);
	kiln_f8 c3_1 = kiln_splat_8(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		const kiln_f8 b0_0 = *(const kiln_f8u *)(b + k * 128);
		const kiln_f8 b0_1 = *(const kiln_f8u *)(b + k * 128 + 8);
		const float a0_0 = a[k];
		c0_0 = (c0_0 + (kiln_splat_8(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_8(a0_0) * b0_1));
		const float a0_1 = a[k + 4];
		c1_0 = (c1_0 + (kiln_splat_8(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_8(a0_1) * b0_1));
		const float a0_2 = a[k + 8];
		c2_0 = (c2_0 + (kiln_splat_8(a0_2) * b0_0));
		c2_1 = (c2_1 + (kiln_splat_8(a0_2) * b0_1));
		const float a0_3 = a[k + 12];
		c3_0 = (c3_0 + (kiln_splat_8(a0_3) * b0_0));
		c3_1 = (c3_1 + (kiln_splat_8(a0_3) * b0_1));
		const kiln_f8 b1_0 = *(const kiln_f8u *)(b + k * 128 + 128);
		const kiln_f8 b1_1 = *(const kiln_f8u *)(b + k * 128 + 136);
		const float a1_0 = a[k + 1];
		c0_0 = (c0_0 + (kiln_splat_8(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_8(a1_0) * b1_1));
		const float a1_1 = a[k + 5];
		c1_0 = (c1_0 + (kiln_splat_8(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_8(a1_1) * b1_1));
		const float a1_2 = a[k + 9];
		c2_0 = (c2_0 + (kiln_splat_8(a1_2) * b1_0));
		c2_1 = (c2_1 + (kiln_splat_8(a1_2) * b1_1));
		const float a1_3 = a[k + 13];
		c3_0 = (c3_0 + (kiln_splat_8(a1_3) * b1_0));
		c3_1 = (c3_1 + (kiln_splat_8(a1_3) * b1_1));
	}
	*(kiln_f8u *)(c + 0) = c0_0;
	*(kiln_f8u *)(c + 8) = c0_1;
	*(kiln_f8u *)(c + 64) = c1_0;
	*(kiln_f8u *)(c + 72) = c1_1;
	*(kiln_f8u *)(c + 128) = c2_0;
	*(kiln_f8u *)(c + 136) = c2_1;
	*(kiln_f8u *)(c + 192) = c3_0;
	*(kiln_f8u *)(c + 200) = c3_1;
}

static __attribute__((noinline)) void tile_4x2v8_a128_1_b16_float32_c64_u2_0_ahead2048_0of2_L2_set(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f8 c0_0 = kiln_splat_8(0.0f);
	kiln_f8 c0_1 = kiln_splat_8(0.0f);
	kiln_f8 c1_0 = kiln_splat_8(0.0f);
	kiln_f8 c1_1 = kiln_splat_8(0.0f);
	kiln_f8 c2_0 = kiln_splat_8(0.0f);
	kiln_f8 c2_1 = kiln_splat_8(0.0f);
	kiln_f8 c3_0 = kiln_splat_8(0.0f);
	kiln_f8 c3_1 = kiln_splat_8(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 16 + 2048, 0, 2);
		const kiln_f8 b0_0 = *(const kiln_f8u *)(b + k * 16);
		const kiln_f8 b0_1 = *(const kiln_f8u *)(b + k * 16 + 8);
		const float a0_0 = a[k];
		c0_0 = (c0_0 + (kiln_splat_8(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_8(a0_0) * b0_1));
		const float a0_1 = a[k + 128];
		c1_0 = (c1_0 + (kiln_splat_8(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_8(a0_1) * b0_1));
		const float a0_2 = a[k + 256];
		c2_0 = (c2_0 + (kiln_splat_8(a0_2) * b0_0));
		c2_1 = (c2_1 + (kiln_splat_8(a0_2) * b0_1));
		const float a0_3 = a[k + 384];
		c3_0 = (c3_0 + (kiln_splat_8(a0_3) * b0_0));
		c3_1 = (c3_1 + (kiln_splat_8(a0_3) * b0_1));
		const kiln_f8 b1_0 = *(const kiln_f8u *)(b + k * 16 + 16);
		const kiln_f8 b1_1 = *(const kiln_f8u *)(b + k * 16 + 24);
		const float a1_0 = a[k + 1];
		c0_0 = (c0_0 + (kiln_splat_8(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_8(a1_0) * b1_1));
		const float a1_1 = a[k + 129];
		c1_0 = (c1_0 + (kiln_splat_8(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_8(a1_1) * b1_1));
		const float a1_2 = a[k + 257];
		c2_0 = (c2_0 + (kiln_splat_8(a1_2) * b1_0));
		c2_1 = (c2_1 + (kiln_splat_8(a1_2) * b1_1));
		const float a1_3 = a[k + 385];
		c3_0 = (c3_0 + (kiln_splat_8(a1_3) * b1_0));
		c3_1 = (c3_1 + (kiln_splat_8(a1_3) * b1_1));
	}
	*(kiln_f8u *)(c + 0) = c0_0;
	*(kiln_f8u *)(c + 8) = c0_1;
	*(kiln_f8u *)(c + 64) = c1_0;
	*(kiln_f8u *)(c + 72) = c1_1;
	*(kiln_f8u *)(c + 128) = c2_0;
	*(kiln_f8u *)(c + 136) = c2_1;
	*(kiln_f8u *)(c + 192) = c3_0;
	*(kiln_f8u *)(c + 200) = c3_1;
}

static __attribute__((noinline)) void tile_4x2v8_a128_1_b16_float32_c64_u2_0_ahead2048_1of2_L2_set(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f8 c0_0 = kiln_splat_8(0.0f);
	kiln_f8 c0_1 = kiln_splat_8(0.0f);
	kiln_f8 c1_0 = kiln_splat_8(0.0f);
	kiln_f8 c1_1 = kiln_splat_8(0.0f);
	kiln_f8 c2_0 = kiln_splat_8(0.0f);
	kiln_f8 c2_1 = kiln_splat_8(0.0f);
	kiln_f8 c3_0 = kiln_splat_8(0.0f);
	kiln_f8 c3_1 = kiln_splat_8(0.0f);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 16 + 2064, 0, 2);
		const kiln_f8 b0_0 = *(const kiln_f8u *)(b + k * 16);
		const kiln_f8 b0_1 = *(const kiln_f8u *)(b + k * 16 + 8);
		const float a0_0 = a[k];
		c0_0 = (c0_0 + (kiln_splat_8(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_8(a0_0) * b0_1));
		const float a0_1 = a[k + 128];
		c1_0 = (c1_0 + (kiln_splat_8(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_8(a0_1) * b0_1));
		const float a0_2 = a[k + 256];
		c2_0 = (c2_0 + (kiln_splat_8(a0_2) * b0_0));
		c2_1 = (c2_1 + (kiln_splat_8(a0_2) * b0_1));
		const float a0_3 = a[k + 384];
		c3_0 = (c3_0 + (kiln_splat_8(a0_3) * b0_0));
		c3_1 = (c3_1 + (kiln_splat_8(a0_3) * b0_1));
		const kiln_f8 b1_0 = *(const kiln_f8u *)(b + k * 16 + 16);
		const kiln_f8 b1_1 = *(const kiln_f8u *)(b + k * 16 + 24);
		const float a1_0 = a[k + 1];
		c0_0 = (c0_0 + (kiln_splat_8(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_8(a1_0) * b1_1));
		const float a1_1 = a[k + 129];
		c1_0 = (c1_0 + (kiln_splat_8(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_8(a1_1) * b1_1));
		const float a1_2 = a[k + 257];
		c2_0 = (c2_0 + (kiln_splat_8(a1_2) * b1_0));
		c2_1 = (c2_1 + (kiln_splat_8(a1_2) * b1_1));
		const float a1_3 = a[k + 385];
		c3_0 = (c3_0 + (kiln_splat_8(a1_3) * b1_0));
		c3_1 = (c3_1 + (kiln_splat_8(a1_3) * b1_1));
	}
	*(kiln_f8u *)(c + 0) = c0_0;
	*(kiln_f8u *)(c + 8) = c0_1;
	*(kiln_f8u *)(c + 64) = c1_0;
	*(kiln_f8u *)(c + 72) = c1_1;
	*(kiln_f8u *)(c + 128) = c2_0;
	*(kiln_f8u *)(c + 136) = c2_1;
	*(kiln_f8u *)(c + 192) = c3_0;
	*(kiln_f8u *)(c + 200) = c3_1;
}

static void kiln_kernel_part0(const kiln_call *call, long thread, kiln_range *range) {
	(void)thread;
	const float *restrict const in0 = call->inputs[0];
	const float *restrict const panels12 = (const float *)(call->prepared + 65536);
	float v2[512] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g17 = tile / 1 % 2 * 64;
			for (long i18 = 0; i18 < 64; i18 += 16) {
				tile_4x2v8_a128_1_b16_float32_c64_u2_0_ahead2048_0of2_L2_set(in0 + 0, panels12 + g17 * 128 + i18 * 128, v2 + i18, 64);
				tile_4x2v8_a128_1_b16_float32_c64_u2_0_ahead2048_1of2_L2_set(in0 + 512, panels12 + g17 * 128 + i18 * 128, v2 + i18 + 256, 64);
			}
			for (long i19 = 0; i19 < 8; i19 += 1) {
				for (long i20 = 0; i20 < 64; i20 += 16) {
					const kiln_f8 t21 = *(const kiln_f8u *)(v2 + i20 + i19 * 64);
					*(kiln_f8u *)(out0 + i19 * 128 + g17 + i20) = t21;
					const kiln_f8 t22 = *(const kiln_f8u *)(v2 + i20 + i19 * 64 + 8);
					*(kiln_f8u *)(out0 + i19 * 128 + g17 + i20 + 8) = t22;
				}
			}
		}
	}
}

static void kiln_kernel_once0(const kiln_call *call, long thread, kiln_range *range) {
	char *const slice = call->slices + (size_t)thread * call->slice_bytes;
	const float *restrict const in2 = call->inputs[2];
	const float *restrict const in3 = call->inputs[3];
	float *restrict const v3 = (float *)(slice + 0);
	float *restrict const mid0 = (float *)(call->shared + 0);
	const float *restrict const in1 = call->inputs[1];
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g0 = tile / 2 % 2 * 64;
			const long g1 = tile / 1 % 2 * 64;
			for (long i2 = 0; i2 < 64; i2 += 16) {
				for (long i3 = 0; i3 < 64; i3 += 4) {
					tile_4x2v8_a4_1_b128_float32_c64_u2_0_set(in2 + g0 * 4 + i3 * 4, in3 + g1 + i2, v3 + i2 + i3 * 64, 2);
				}
			}
			for (long i4 = 0; i4 < 64; i4 += 1) {
				for (long i5 = 0; i5 < 64; i5 += 16) {
					const kiln_f8 t6 = *(const kiln_f8u *)(in1 + g0 * 128 + i4 * 128 + g1 + i5);
					const kiln_f8 t7 = *(const kiln_f8u *)(v3 + i5 + i4 * 64);
					const kiln_f8 t8 = (t6 + t7);
					*(kiln_f8u *)(mid0 + g0 * 128 + i4 * 128 + g1 + i5) = t8;
					const kiln_f8 t9 = *(const kiln_f8u *)(in1 + g0 * 128 + i4 * 128 + g1 + i5 + 8);
					const kiln_f8 t10 = *(const kiln_f8u *)(v3 + i5 + i4 * 64 + 8);
					const kiln_f8 t11 = (t9 + t10);
					*(kiln_f8u *)(mid0 + g0 * 128 + i4 * 128 + g1 + i5 + 8) = t11;
				}
			}
		}
	}
}

int kiln_kernel_prepare(const void *const *inputs, void *prepared) {
	char *const area = prepared;
	(void)inputs;
	(void)area;
	const kiln_call call = {inputs, NULL, area, area, area + 131136, 16384};
	kiln_alone(kiln_kernel_once0, &call, 4);
	float *restrict const mid0 = (float *)(area + 0);
	float *restrict const panels12 = (float *)(area + 65536);
	__builtin_memset(panels12 + 0, 0, 16392 * sizeof *panels12);
	for (long i13 = 0; i13 < 128; i13 += 16) {
		for (long i14 = 0; i14 < 128; i14 += 1) {
			const kiln_f8 t15 = *(const kiln_f8u *)(mid0 + i14 * 128 + i13);
			*(kiln_f8u *)(panels12 + i13 * 128 + i14 * 16) = t15;
			const kiln_f8 t16 = *(const kiln_f8u *)(mid0 + i14 * 128 + i13 + 8);
			*(kiln_f8u *)(panels12 + i13 * 128 + i14 * 16 + 8) = t16;
		}
	}
	return 0;
}

size_t kiln_kernel_prepared_bytes(void) { return 147520; }
size_t kiln_kernel_workspace_bytes(int threads) { return 0 + (size_t)(threads > 1 ? threads : 1) * 0; }
int kiln_kernel_abi_version(void) { return 2; }
int kiln_kernel_reads(int input) {
	static const unsigned char reads[] = {1, 0, 0, 0};
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
