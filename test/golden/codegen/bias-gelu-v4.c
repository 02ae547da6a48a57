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
static inline kiln_f16 kiln_min_16(kiln_f16 a, kiln_f16 b) { return __builtin_ia32_minps512(a, b, 4); }
#else
static inline kiln_f16 kiln_min_16(kiln_f16 a, kiln_f16 b) { return __builtin_ia32_minps512_mask(a, b, a, -1, 4); }
#endif
#ifdef __clang__
static inline kiln_f16 kiln_pick_16(kiln_f16 table, kiln_i16 at) { return __builtin_ia32_permvarsf512(table, at); }
#else
static inline kiln_f16 kiln_pick_16(kiln_f16 table, kiln_i16 at) { return __builtin_ia32_permvarsf512_mask(table, at, table, -1); }
#endif
/* |x| = k / 4 + f: a polynomial in f whose coefficients k picks */
static inline kiln_f16 kiln_erf_16(kiln_f16 x) {
	const kiln_f16 magic = kiln_splat_16(3145728.0f);
	kiln_i16 sign = (kiln_i16)x & (int)0x80000000u;
	kiln_f16 a = kiln_min_16(kiln_splat_16(3.8365f), (kiln_f16)((kiln_i16)x ^ sign));
	kiln_f16 rounded = a + magic;
	kiln_i16 k = (kiln_i16)rounded;
	kiln_f16 f = a - (rounded - magic);
	const kiln_f16 c0 = {0.00000000f, 0.276326299f, 0.520499885f, 0.711155653f, 0.842700779f, 0.922900140f, 0.966105163f, 0.986671686f, 0.995322287f, 0.998537302f, 0.999593019f, 0.999899387f, 0.999977887f, 0.999995708f, 0.999999285f, 0.999999940f};
	const kiln_f16 c1 = {1.12837899f, 1.06000829f, 0.878782094f, 0.642935097f, 0.415112764f, 0.236524716f, 0.118931428f, 0.0527745038f, 0.0206659921f, 0.00714150723f, 0.00217781682f, 0.000586065988f, 0.000139174866f, 0.0000291648103f, 0.00000539306711f, 8.80996026e-7f};
	const kiln_f16 c2 = {0.0000544563627f, -0.264955014f, -0.439380169f, -0.482198834f, -0.415112555f, -0.295657098f, -0.178399473f, -0.0923579708f, -0.0413340367f, -0.0160696376f, -0.00544515532f, -0.00161193300f, -0.000417611998f, -0.0000948115994f, -0.0000188823815f, -0.00000328863143f};
	const kiln_f16 c3 = {-0.378309071f, -0.307636499f, -0.146325111f, 0.0257541016f, 0.137022272f, 0.166615412f, 0.138460428f, 0.0902844891f, 0.0484774932f, 0.0219324771f, 0.00846973062f, 0.00281441445f, 0.000809078105f, 0.000201992370f, 0.0000439178293f, 0.00000815570002f};
	const kiln_f16 c4 = {0.0280292742f, 0.123283163f, 0.181629598f, 0.150328606f, 0.0695754290f, -0.00548451301f, -0.0440572090f, -0.0478599630f, -0.0344337150f, -0.0191628598f, -0.00869886018f, -0.00330349547f, -0.00106465642f, -0.000293821678f, -0.0000698631120f, -0.0000161467178f};
	kiln_f16 p = kiln_pick_16(c4, k);
	p = p * f + kiln_pick_16(c3, k);
	p = p * f + kiln_pick_16(c2, k);
	p = p * f + kiln_pick_16(c1, k);
	p = p * f + kiln_pick_16(c0, k);
	return (kiln_f16)((kiln_i16)p | sign);
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
			for (long i0 = 0; i0 < 8; i0 += 1) {
				for (long i1 = 0; i1 < 96; i1 += 16) {
					const kiln_f16 t2 = *(const kiln_f16u *)(in0 + i0 * 96 + i1);
					const kiln_f16 t3 = *(const kiln_f16u *)(in1 + i1);
					const kiln_f16 t4 = (t2 + t3);
					const kiln_f16 t5 = (t4 * kiln_splat_16(0.707106769f));
					const kiln_f16 t6 = kiln_erf_16(t5);
					const kiln_f16 t7 = (t6 + kiln_splat_16(1.0f));
					const kiln_f16 t8 = (t4 * t7);
					const kiln_f16 t9 = (t8 * kiln_splat_16(0.5f));
					{ const kiln_f16 lanes = t9; out0[i1 * 8 + i0] = lanes[0]; out0[i1 * 8 + i0 + 8] = lanes[1]; out0[i1 * 8 + i0 + 16] = lanes[2]; out0[i1 * 8 + i0 + 24] = lanes[3]; out0[i1 * 8 + i0 + 32] = lanes[4]; out0[i1 * 8 + i0 + 40] = lanes[5]; out0[i1 * 8 + i0 + 48] = lanes[6]; out0[i1 * 8 + i0 + 56] = lanes[7]; out0[i1 * 8 + i0 + 64] = lanes[8]; out0[i1 * 8 + i0 + 72] = lanes[9]; out0[i1 * 8 + i0 + 80] = lanes[10]; out0[i1 * 8 + i0 + 88] = lanes[11]; out0[i1 * 8 + i0 + 96] = lanes[12]; out0[i1 * 8 + i0 + 104] = lanes[13]; out0[i1 * 8 + i0 + 112] = lanes[14]; out0[i1 * 8 + i0 + 120] = lanes[15]; }
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
