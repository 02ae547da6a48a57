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
/* x P(x^2) / Q(x^2), |x| held where that is 1 */
static inline kiln_f8 kiln_erf_8(kiln_f8 x) {
	kiln_f8 c = kiln_max_8(kiln_splat_8(-3.8365f), kiln_min_8(kiln_splat_8(3.8365f), x));
	kiln_f8 t = c * c;
	kiln_f8 p = kiln_splat_8(2.05007448e-06f);
	p = p * t + kiln_splat_8(0.000284879428f);
	p = p * t + kiln_splat_8(0.00376554961f);
	p = p * t + kiln_splat_8(0.0527485098f);
	p = p * t + kiln_splat_8(0.190405158f);
	p = p * t + kiln_splat_8(1.12837915f);
	kiln_f8 q = kiln_splat_8(3.80914086e-05f);
	q = q * t + kiln_splat_8(0.00116251583f);
	q = q * t + kiln_splat_8(0.0149690832f);
	q = q * t + kiln_splat_8(0.114108535f);
	q = q * t + kiln_splat_8(0.502074919f);
	q = q * t + kiln_splat_8(1.0f);
	return c * p / q;
}
static inline kiln_i8 kiln_lanes_8(int active) { return (kiln_i8){0, 1, 2, 3, 4, 5, 6, 7} < active; }
static inline void kiln_store_part_8(float *p, kiln_f8 x, int active) {
	__builtin_ia32_maskstoreps256((kiln_f8 *)p, kiln_lanes_8(active), x);
}
static inline __attribute__((always_inline)) void kiln_transpose_8(
	kiln_f8 a, kiln_f8 b, kiln_f8 c, kiln_f8 d, kiln_f8 e, kiln_f8 f, kiln_f8 g, kiln_f8 h, float *p, long stride, int active, int width
) {
	kiln_f8 ab0 = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13), ab1 = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
	kiln_f8 cd0 = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13), cd1 = __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
	kiln_f8 ef0 = __builtin_shufflevector(e, f, 0, 8, 1, 9, 4, 12, 5, 13), ef1 = __builtin_shufflevector(e, f, 2, 10, 3, 11, 6, 14, 7, 15);
	kiln_f8 gh0 = __builtin_shufflevector(g, h, 0, 8, 1, 9, 4, 12, 5, 13), gh1 = __builtin_shufflevector(g, h, 2, 10, 3, 11, 6, 14, 7, 15);
	kiln_f8 r0 = __builtin_shufflevector(ab0, cd0, 0, 1, 8, 9, 4, 5, 12, 13), r1 = __builtin_shufflevector(ab0, cd0, 2, 3, 10, 11, 6, 7, 14, 15);
	kiln_f8 r2 = __builtin_shufflevector(ab1, cd1, 0, 1, 8, 9, 4, 5, 12, 13), r3 = __builtin_shufflevector(ab1, cd1, 2, 3, 10, 11, 6, 7, 14, 15);
	kiln_f8 s0 = __builtin_shufflevector(ef0, gh0, 0, 1, 8, 9, 4, 5, 12, 13), s1 = __builtin_shufflevector(ef0, gh0, 2, 3, 10, 11, 6, 7, 14, 15);
	kiln_f8 s2 = __builtin_shufflevector(ef1, gh1, 0, 1, 8, 9, 4, 5, 12, 13), s3 = __builtin_shufflevector(ef1, gh1, 2, 3, 10, 11, 6, 7, 14, 15);
	const kiln_f8 rows[8] = {
		__builtin_shufflevector(r0, s0, 0, 1, 2, 3, 8, 9, 10, 11),
		__builtin_shufflevector(r1, s1, 0, 1, 2, 3, 8, 9, 10, 11),
		__builtin_shufflevector(r2, s2, 0, 1, 2, 3, 8, 9, 10, 11),
		__builtin_shufflevector(r3, s3, 0, 1, 2, 3, 8, 9, 10, 11),
		__builtin_shufflevector(r0, s0, 4, 5, 6, 7, 12, 13, 14, 15),
		__builtin_shufflevector(r1, s1, 4, 5, 6, 7, 12, 13, 14, 15),
		__builtin_shufflevector(r2, s2, 4, 5, 6, 7, 12, 13, 14, 15),
		__builtin_shufflevector(r3, s3, 4, 5, 6, 7, 12, 13, 14, 15),
	};
#pragma GCC unroll 8
	for (int at = 0; at < 8; at++) {
		if (at >= active) break;
		if (width == 8) *(kiln_f8u *)(p + at * stride) = rows[at];
		else kiln_store_part_8(p + at * stride, rows[at], width);
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

static void kiln_kernel_part0(const kiln_call *call, long thread, kiln_range *range) {
	(void)thread;
	float *restrict const out0 = call->outputs[0];
	const float *restrict const in0 = call->inputs[0];
	const float *restrict const in1 = call->inputs[1];
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			for (long i0 = 0; i0 < 96; i0 += 8) {
				const kiln_f8 t1 = *(const kiln_f8u *)(in0 + i0);
				const kiln_f8 t2 = *(const kiln_f8u *)(in1 + i0);
				const kiln_f8 t3 = (t1 + t2);
				const kiln_f8 t4 = (t3 * kiln_splat_8(0.707106769f));
				const kiln_f8 t5 = kiln_erf_8(t4);
				const kiln_f8 t6 = (t5 + kiln_splat_8(1.0f));
				const kiln_f8 t7 = (t3 * t6);
				const kiln_f8 t8 = (t7 * kiln_splat_8(0.5f));
				const kiln_f8 t9 = *(const kiln_f8u *)(in0 + i0 + 96);
				const kiln_f8 t10 = (t9 + t2);
				const kiln_f8 t11 = (t10 * kiln_splat_8(0.707106769f));
				const kiln_f8 t12 = kiln_erf_8(t11);
				const kiln_f8 t13 = (t12 + kiln_splat_8(1.0f));
				const kiln_f8 t14 = (t10 * t13);
				const kiln_f8 t15 = (t14 * kiln_splat_8(0.5f));
				const kiln_f8 t16 = *(const kiln_f8u *)(in0 + i0 + 192);
				const kiln_f8 t17 = (t16 + t2);
				const kiln_f8 t18 = (t17 * kiln_splat_8(0.707106769f));
				const kiln_f8 t19 = kiln_erf_8(t18);
				const kiln_f8 t20 = (t19 + kiln_splat_8(1.0f));
				const kiln_f8 t21 = (t17 * t20);
				const kiln_f8 t22 = (t21 * kiln_splat_8(0.5f));
				const kiln_f8 t23 = *(const kiln_f8u *)(in0 + i0 + 288);
				const kiln_f8 t24 = (t23 + t2);
				const kiln_f8 t25 = (t24 * kiln_splat_8(0.707106769f));
				const kiln_f8 t26 = kiln_erf_8(t25);
				const kiln_f8 t27 = (t26 + kiln_splat_8(1.0f));
				const kiln_f8 t28 = (t24 * t27);
				const kiln_f8 t29 = (t28 * kiln_splat_8(0.5f));
				const kiln_f8 t30 = *(const kiln_f8u *)(in0 + i0 + 384);
				const kiln_f8 t31 = (t30 + t2);
				const kiln_f8 t32 = (t31 * kiln_splat_8(0.707106769f));
				const kiln_f8 t33 = kiln_erf_8(t32);
				const kiln_f8 t34 = (t33 + kiln_splat_8(1.0f));
				const kiln_f8 t35 = (t31 * t34);
				const kiln_f8 t36 = (t35 * kiln_splat_8(0.5f));
				const kiln_f8 t37 = *(const kiln_f8u *)(in0 + i0 + 480);
				const kiln_f8 t38 = (t37 + t2);
				const kiln_f8 t39 = (t38 * kiln_splat_8(0.707106769f));
				const kiln_f8 t40 = kiln_erf_8(t39);
				const kiln_f8 t41 = (t40 + kiln_splat_8(1.0f));
				const kiln_f8 t42 = (t38 * t41);
				const kiln_f8 t43 = (t42 * kiln_splat_8(0.5f));
				const kiln_f8 t44 = *(const kiln_f8u *)(in0 + i0 + 576);
				const kiln_f8 t45 = (t44 + t2);
				const kiln_f8 t46 = (t45 * kiln_splat_8(0.707106769f));
				const kiln_f8 t47 = kiln_erf_8(t46);
				const kiln_f8 t48 = (t47 + kiln_splat_8(1.0f));
				const kiln_f8 t49 = (t45 * t48);
				const kiln_f8 t50 = (t49 * kiln_splat_8(0.5f));
				const kiln_f8 t51 = *(const kiln_f8u *)(in0 + i0 + 672);
				const kiln_f8 t52 = (t51 + t2);
				const kiln_f8 t53 = (t52 * kiln_splat_8(0.707106769f));
				const kiln_f8 t54 = kiln_erf_8(t53);
				const kiln_f8 t55 = (t54 + kiln_splat_8(1.0f));
				const kiln_f8 t56 = (t52 * t55);
				const kiln_f8 t57 = (t56 * kiln_splat_8(0.5f));
				kiln_transpose_8(t8, t15, t22, t29, t36, t43, t50, t57, out0 + i0 * 8, 8, 8, 8);
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
size_t kiln_kernel_workspace_bytes(int threads) { return 0 + (size_t)(threads > 1 ? threads : 1) * 0; }
int kiln_kernel_abi_version(void) { return 2; }
int kiln_kernel_reads(int input) {
	static const unsigned char reads[] = {1, 1};
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
