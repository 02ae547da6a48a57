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
static inline kiln_f8 kiln_abs_8(kiln_f8 x) { return (kiln_f8)((kiln_i8)x & 0x7fffffff); }
static inline kiln_f8 kiln_copysign_8(kiln_f8 x, kiln_f8 y) { return (kiln_f8)(((kiln_i8)x & 0x7fffffff) | ((kiln_i8)y & ~0x7fffffff)); }
static inline kiln_f8 kiln_blend_8(kiln_i8 mask, kiln_f8 yes, kiln_f8 no) { return (kiln_f8)(((kiln_i8)yes & mask) | ((kiln_i8)no & ~mask)); }
static inline kiln_f8 kiln_max_8(kiln_f8 a, kiln_f8 b) { return __builtin_ia32_maxps256(a, b); }
/* e^x = 2^n e^r, |r| <= ln(2)/2; the scale in two steps reaches subnormals and infinity */
static inline kiln_f8 kiln_exp_8(kiln_f8 x) {
	const kiln_f8 magic = kiln_splat_8(12582912.0f);
	x = kiln_max_8(kiln_splat_8(-104.0f), kiln_min_8(kiln_splat_8(89.0f), x));
	kiln_f8 rounded = x * kiln_splat_8(1.44269504f) + magic;
	kiln_i8 n = (kiln_i8)rounded - (kiln_i8)magic;
	kiln_f8 q = rounded - magic;
	kiln_f8 r = x - q * kiln_splat_8(0.693359375f);
	r = r + q * kiln_splat_8(2.12194440e-4f);
	kiln_f8 p = kiln_splat_8(0.00139504741f);
	p = p * r + kiln_splat_8(0.00836888235f);
	p = p * r + kiln_splat_8(0.0416662060f);
	p = p * r + kiln_splat_8(0.166665182f);
	p = p * r + kiln_splat_8(0.5f);
	p = p * (r * r) + (r + kiln_splat_8(1.0f));
	kiln_i8 half = n >> 1;
	return p * (kiln_f8)((half + 127) << 23) * (kiln_f8)((n - half + 127) << 23);
}
/* x P(x^2) near 0, else 1 - e^-Q(|x|) with the sign of x */
static inline kiln_f8 kiln_erf_8(kiln_f8 x) {
	kiln_f8 t = x * x;
	kiln_f8 p = kiln_splat_8(8.53883612e-05f);
	p = p * t + kiln_splat_8(-0.000818192668f);
	p = p * t + kiln_splat_8(0.00520443590f);
	p = p * t + kiln_splat_8(-0.0268607531f);
	p = p * t + kiln_splat_8(0.112837195f);
	p = p * t + kiln_splat_8(-0.376126349f);
	p = p * t + kiln_splat_8(1.12837923f);
	kiln_f8 small = x * p;
	kiln_f8 a = kiln_min_8(kiln_splat_8(4.0f), kiln_abs_8(x));
	kiln_f8 q = kiln_splat_8(-0.000284476293f);
	q = q * a + kiln_splat_8(0.00440833904f);
	q = q * a + kiln_splat_8(-0.0321391486f);
	q = q * a + kiln_splat_8(0.150094390f);
	q = q * a + kiln_splat_8(0.919082701f);
	q = q * a + kiln_splat_8(1.62699878f);
	q = q * a + kiln_splat_8(0.000256043888f);
	kiln_f8 large = kiln_splat_8(1.0f) - kiln_exp_8(q * kiln_splat_8(-0.693147181f));
	return kiln_blend_8(kiln_abs_8(x) < kiln_splat_8(0.9f), small, kiln_copysign_8(large, x));
}
static inline float kiln_erf_1(float x) { return kiln_erf_8(kiln_splat_8(x))[0]; }

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
	float *restrict const out0 = call->outputs[0];
	const float *restrict const in1 = call->inputs[1];
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			for (long i0 = 0; i0 < 8; i0 += 1) {
				for (long i1 = 0; i1 < 96; i1 += 1) {
					const float t2 = in0[i0 * 96 + i1];
					const float t3 = in1[i1];
					const float t4 = (t2 + t3);
					const float t5 = (t4 * 0.707106769f);
					const float t6 = kiln_erf_1(t5);
					const float t7 = (t6 + 1.0f);
					const float t8 = (t4 * t7);
					const float t9 = (t8 * 0.5f);
					out0[i1 * 8 + i0] = t9;
				}
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
int kiln_kernel_abi_version(void) { return 1; }
int kiln_kernel_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads) {
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 0};
	(void)threads;
	kiln_alone(kiln_kernel_part0, &call, 1);
	return 0;
}
