/* Kernels for cpu-x86-64-v3. Flags: -march=x86-64-v3 -O2 -fPIC -shared -pthread -lm. */
#include <stddef.h>

typedef float kiln_f4 __attribute__((vector_size(16)));
typedef float kiln_f8 __attribute__((vector_size(32)));
typedef int kiln_i8 __attribute__((vector_size(32)));
typedef float kiln_f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef short kiln_h8 __attribute__((vector_size(16)));
typedef short kiln_h8u __attribute__((vector_size(16), aligned(2), may_alias));
static inline kiln_i8 kiln_lanes_8(int active) { return (kiln_i8){0, 1, 2, 3, 4, 5, 6, 7} < active; }
static inline kiln_f8 kiln_load_part_8(const float *p, int active) {
	return __builtin_ia32_maskloadps256((const kiln_f8 *)p, kiln_lanes_8(active));
}
static inline kiln_f8 kiln_max_8(kiln_f8 a, kiln_f8 b) { return __builtin_ia32_maxps256(a, b); }
static inline kiln_f8 kiln_splat_8(float x) { return (kiln_f8){x, x, x, x, x, x, x, x}; }
static inline void kiln_store_part_8(float *p, kiln_f8 x, int active) {
	__builtin_ia32_maskstoreps256((kiln_f8 *)p, kiln_lanes_8(active), x);
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
	float v2[8] __attribute__((aligned(64)));
	float mean2[8] __attribute__((aligned(64)));
	float rest2[8] __attribute__((aligned(64)));
	float squares2[8] __attribute__((aligned(64)));
	float runningMean2[8] __attribute__((aligned(64)));
	float runningRest2[8] __attribute__((aligned(64)));
	float steps2[3] __attribute__((aligned(64)));
	const float *restrict const in0 = call->inputs[0];
	float *restrict const out0 = call->outputs[0];
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g0 = tile / 1 % 2 * 4;
			kiln_store_part_8(v2 + 0, kiln_splat_8(0.0f), 4);
			kiln_store_part_8(runningMean2 + 0, kiln_splat_8(0.0f), 4);
			kiln_store_part_8(runningRest2 + 0, kiln_splat_8(0.0f), 4);
			steps2[2] = 0.0f;
			for (long s1 = 0; s1 < 768; s1 += 256) {
				const float t2 = steps2[2];
				const float t3 = (t2 + 256.0f);
				const float t4 = (256.0f / t3);
				steps2[2] = t3;
				steps2[0] = t4;
				const float t5 = (t2 * t4);
				steps2[1] = t5;
				for (long i6 = 0; i6 < 4; i6 += 1) {
					kiln_f8 acc7 = kiln_splat_8(0.0f);
					kiln_f8 acc8 = kiln_splat_8(0.0f);
					kiln_f8 acc9 = kiln_splat_8(0.0f);
					kiln_f8 acc10 = kiln_splat_8(0.0f);
					for (long i11 = 0; i11 < 256; i11 += 32) {
						const kiln_f8 t12 = *(const kiln_f8u *)(in0 + g0 * 1000 + i6 * 1000 + s1 + i11);
						acc7 = (acc7 + t12);
						const kiln_f8 t13 = *(const kiln_f8u *)(in0 + g0 * 1000 + i6 * 1000 + s1 + i11 + 8);
						acc8 = (acc8 + t13);
						const kiln_f8 t14 = *(const kiln_f8u *)(in0 + g0 * 1000 + i6 * 1000 + s1 + i11 + 16);
						acc9 = (acc9 + t14);
						const kiln_f8 t15 = *(const kiln_f8u *)(in0 + g0 * 1000 + i6 * 1000 + s1 + i11 + 24);
						acc10 = (acc10 + t15);
					}
					const float t16 = (kiln_sum_8(((acc7 + acc8) + (acc9 + acc10))) * 0.00390625f);
					mean2[i6] = t16;
				}
				for (long i17 = 0; i17 < 4; i17 += 1) {
					kiln_f8 acc18 = kiln_splat_8(0.0f);
					kiln_f8 acc19 = kiln_splat_8(0.0f);
					kiln_f8 acc20 = kiln_splat_8(0.0f);
					kiln_f8 acc21 = kiln_splat_8(0.0f);
					kiln_f8 acc22 = kiln_splat_8(0.0f);
					kiln_f8 acc23 = kiln_splat_8(0.0f);
					kiln_f8 acc24 = kiln_splat_8(0.0f);
					kiln_f8 acc25 = kiln_splat_8(0.0f);
					const float t27 = mean2[i17];
					for (long i26 = 0; i26 < 256; i26 += 32) {
						const kiln_f8 t28 = *(const kiln_f8u *)(in0 + g0 * 1000 + i17 * 1000 + s1 + i26);
						const kiln_f8 t29 = (t28 - kiln_splat_8(t27));
						acc18 = (acc18 + t29);
						acc22 = (acc22 + (t29 * t29));
						const kiln_f8 t30 = *(const kiln_f8u *)(in0 + g0 * 1000 + i17 * 1000 + s1 + i26 + 8);
						const kiln_f8 t31 = (t30 - kiln_splat_8(t27));
						acc19 = (acc19 + t31);
						acc23 = (acc23 + (t31 * t31));
						const kiln_f8 t32 = *(const kiln_f8u *)(in0 + g0 * 1000 + i17 * 1000 + s1 + i26 + 16);
						const kiln_f8 t33 = (t32 - kiln_splat_8(t27));
						acc20 = (acc20 + t33);
						acc24 = (acc24 + (t33 * t33));
						const kiln_f8 t34 = *(const kiln_f8u *)(in0 + g0 * 1000 + i17 * 1000 + s1 + i26 + 24);
						const kiln_f8 t35 = (t34 - kiln_splat_8(t27));
						acc21 = (acc21 + t35);
						acc25 = (acc25 + (t35 * t35));
					}
					rest2[i17] = kiln_sum_8(((acc18 + acc19) + (acc20 + acc21)));
					squares2[i17] = kiln_sum_8(((acc22 + acc23) + (acc24 + acc25)));
				}
				const kiln_f8 t36 = kiln_load_part_8(runningMean2 + 0, 4);
				const kiln_f8 t37 = kiln_load_part_8(runningRest2 + 0, 4);
				const kiln_f8 t38 = kiln_load_part_8(rest2 + 0, 4);
				const kiln_f8 t39 = (t38 * kiln_splat_8(0.00390625f));
				const kiln_f8 t40 = kiln_load_part_8(squares2 + 0, 4);
				const kiln_f8 t41 = (t38 * t39);
				const kiln_f8 t42 = (t40 - t41);
				const kiln_f8 t43 = kiln_max_8(t42, kiln_splat_8(0.0f));
				const kiln_f8 t44 = kiln_load_part_8(mean2 + 0, 4);
				const kiln_f8 t45 = (t44 - t36);
				const kiln_f8 t46 = (t39 - t37);
				const kiln_f8 t47 = (t45 + t46);
				const float t48 = steps2[1];
				const kiln_f8 t49 = (t47 * kiln_splat_8(t48));
				const kiln_f8 t50 = (t49 * t47);
				const kiln_f8 t51 = kiln_load_part_8(v2 + 0, 4);
				const kiln_f8 t52 = (t43 + t50);
				const kiln_f8 t53 = (t51 + t52);
				kiln_store_part_8(v2 + 0, t53, 4);
				const float t54 = steps2[0];
				const kiln_f8 t55 = (t45 * kiln_splat_8(t54));
				const kiln_f8 t56 = (t36 + t55);
				const kiln_f8 t57 = (t56 - t36);
				const kiln_f8 t58 = (t55 - t57);
				const kiln_f8 t59 = (t46 * kiln_splat_8(t54));
				const kiln_f8 t60 = (t37 + t59);
				kiln_store_part_8(runningMean2 + 0, t56, 4);
				const kiln_f8 t61 = (t58 + t60);
				kiln_store_part_8(runningRest2 + 0, t61, 4);
			}
			const float t62 = steps2[2];
			const float t63 = (t62 + 232.0f);
			const float t64 = (232.0f / t63);
			steps2[2] = t63;
			steps2[0] = t64;
			const float t65 = (t62 * t64);
			steps2[1] = t65;
			for (long i66 = 0; i66 < 4; i66 += 1) {
				kiln_f8 acc67 = kiln_splat_8(0.0f);
				kiln_f8 acc68 = kiln_splat_8(0.0f);
				kiln_f8 acc69 = kiln_splat_8(0.0f);
				kiln_f8 acc70 = kiln_splat_8(0.0f);
				for (long i71 = 0; i71 < 224; i71 += 32) {
					const kiln_f8 t72 = *(const kiln_f8u *)(in0 + g0 * 1000 + i66 * 1000 + i71 + 768);
					acc67 = (acc67 + t72);
					const kiln_f8 t73 = *(const kiln_f8u *)(in0 + g0 * 1000 + i66 * 1000 + i71 + 776);
					acc68 = (acc68 + t73);
					const kiln_f8 t74 = *(const kiln_f8u *)(in0 + g0 * 1000 + i66 * 1000 + i71 + 784);
					acc69 = (acc69 + t74);
					const kiln_f8 t75 = *(const kiln_f8u *)(in0 + g0 * 1000 + i66 * 1000 + i71 + 792);
					acc70 = (acc70 + t75);
				}
				const kiln_f8 t76 = *(const kiln_f8u *)(in0 + g0 * 1000 + i66 * 1000 + 992);
				acc67 = (acc67 + t76);
				const float t77 = (kiln_sum_8(((acc67 + acc68) + (acc69 + acc70))) * 0.00431034481f);
				mean2[i66] = t77;
			}
			for (long i78 = 0; i78 < 4; i78 += 1) {
				kiln_f8 acc79 = kiln_splat_8(0.0f);
				kiln_f8 acc80 = kiln_splat_8(0.0f);
				kiln_f8 acc81 = kiln_splat_8(0.0f);
				kiln_f8 acc82 = kiln_splat_8(0.0f);
				kiln_f8 acc83 = kiln_splat_8(0.0f);
				kiln_f8 acc84 = kiln_splat_8(0.0f);
				kiln_f8 acc85 = kiln_splat_8(0.0f);
				kiln_f8 acc86 = kiln_splat_8(0.0f);
				const float t88 = mean2[i78];
				for (long i87 = 0; i87 < 224; i87 += 32) {
					const kiln_f8 t89 = *(const kiln_f8u *)(in0 + g0 * 1000 + i78 * 1000 + i87 + 768);
					const kiln_f8 t90 = (t89 - kiln_splat_8(t88));
					acc79 = (acc79 + t90);
					acc83 = (acc83 + (t90 * t90));
					const kiln_f8 t91 = *(const kiln_f8u *)(in0 + g0 * 1000 + i78 * 1000 + i87 + 776);
					const kiln_f8 t92 = (t91 - kiln_splat_8(t88));
					acc80 = (acc80 + t92);
					acc84 = (acc84 + (t92 * t92));
					const kiln_f8 t93 = *(const kiln_f8u *)(in0 + g0 * 1000 + i78 * 1000 + i87 + 784);
					const kiln_f8 t94 = (t93 - kiln_splat_8(t88));
					acc81 = (acc81 + t94);
					acc85 = (acc85 + (t94 * t94));
					const kiln_f8 t95 = *(const kiln_f8u *)(in0 + g0 * 1000 + i78 * 1000 + i87 + 792);
					const kiln_f8 t96 = (t95 - kiln_splat_8(t88));
					acc82 = (acc82 + t96);
					acc86 = (acc86 + (t96 * t96));
				}
				const kiln_f8 t97 = *(const kiln_f8u *)(in0 + g0 * 1000 + i78 * 1000 + 992);
				const kiln_f8 t98 = (t97 - kiln_splat_8(t88));
				acc79 = (acc79 + t98);
				acc83 = (acc83 + (t98 * t98));
				rest2[i78] = kiln_sum_8(((acc79 + acc80) + (acc81 + acc82)));
				squares2[i78] = kiln_sum_8(((acc83 + acc84) + (acc85 + acc86)));
			}
			const kiln_f8 t99 = kiln_load_part_8(runningMean2 + 0, 4);
			const kiln_f8 t100 = kiln_load_part_8(runningRest2 + 0, 4);
			const kiln_f8 t101 = kiln_load_part_8(rest2 + 0, 4);
			const kiln_f8 t102 = (t101 * kiln_splat_8(0.00431034481f));
			const kiln_f8 t103 = kiln_load_part_8(squares2 + 0, 4);
			const kiln_f8 t104 = (t101 * t102);
			const kiln_f8 t105 = (t103 - t104);
			const kiln_f8 t106 = kiln_max_8(t105, kiln_splat_8(0.0f));
			const kiln_f8 t107 = kiln_load_part_8(mean2 + 0, 4);
			const kiln_f8 t108 = (t107 - t99);
			const kiln_f8 t109 = (t102 - t100);
			const kiln_f8 t110 = (t108 + t109);
			const float t111 = steps2[1];
			const kiln_f8 t112 = (t110 * kiln_splat_8(t111));
			const kiln_f8 t113 = (t112 * t110);
			const kiln_f8 t114 = kiln_load_part_8(v2 + 0, 4);
			const kiln_f8 t115 = (t106 + t113);
			const kiln_f8 t116 = (t114 + t115);
			kiln_store_part_8(v2 + 0, t116, 4);
			const float t117 = steps2[0];
			const kiln_f8 t118 = (t108 * kiln_splat_8(t117));
			const kiln_f8 t119 = (t99 + t118);
			const kiln_f8 t120 = (t119 - t99);
			const kiln_f8 t121 = (t118 - t120);
			const kiln_f8 t122 = (t109 * kiln_splat_8(t117));
			const kiln_f8 t123 = (t100 + t122);
			kiln_store_part_8(runningMean2 + 0, t119, 4);
			const kiln_f8 t124 = (t121 + t123);
			kiln_store_part_8(runningRest2 + 0, t124, 4);
			const kiln_f8 t125 = kiln_load_part_8(v2 + 0, 4);
			const kiln_f8 t126 = (t125 * kiln_splat_8(0.00100000005f));
			kiln_store_part_8(out0 + g0, t126, 4);
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
