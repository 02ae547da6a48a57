/* Kernels for cpu-x86-64-v3. Flags: -march=x86-64-v3 -O2 -fPIC -shared -pthread -lm. */
#include <stddef.h>
#include <pthread.h>
#include <sched.h>

typedef float kiln_f4 __attribute__((vector_size(16)));
typedef float kiln_f8 __attribute__((vector_size(32)));
typedef int kiln_i8 __attribute__((vector_size(32)));
typedef float kiln_f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef short kiln_h8 __attribute__((vector_size(16)));
typedef short kiln_h8u __attribute__((vector_size(16), aligned(2), may_alias));
static inline float kiln_inverseScale_1(float x) {
	int bits;
	__builtin_memcpy(&bits, &x, 4);
	int exponent = 254 - (bits >> 23 & 255);
	bits = (exponent > 1 ? exponent : 1) << 23;
	__builtin_memcpy(&x, &bits, 4);
	return x;
}
static inline kiln_f8 kiln_splat_8(float x) { return (kiln_f8){x, x, x, x, x, x, x, x}; }
static inline float kiln_sqrt_1(float x) {
	return __builtin_ia32_sqrtps((kiln_f4){x, x, x, x})[0];
}
static inline float kiln_sum_8(kiln_f8 x) {
	kiln_f4 low = __builtin_shufflevector(x, x, 0, 1, 2, 3), high = __builtin_shufflevector(x, x, 4, 5, 6, 7);
	kiln_f4 four = low + high;
	kiln_f4 swapped = __builtin_shufflevector(four, four, 2, 3, 0, 1);
	kiln_f4 two = four + swapped;
	kiln_f4 turned = __builtin_shufflevector(two, two, 1, 0, 3, 2);
	return (two + turned)[0];
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

#ifdef __x86_64__
#define kiln_pause() __builtin_ia32_pause()
#else
#define kiln_pause() ((void)0)
#endif
enum { kiln_workers_max = 63, kiln_spins = 4000, kiln_spins_a_turn = 32, kiln_chunks_per_thread = 8 };
enum { kiln_idle, kiln_offered, kiln_running };
typedef struct { int state; char pad[60]; } kiln_slot;
static struct {
	pthread_mutex_t busy, mutex;
	pthread_cond_t wake;
	pthread_t threads[kiln_workers_max];
	int started, sleeping, stopping;
	kiln_slot slots[kiln_workers_max];
	kiln_body *body;
	const kiln_call *call;
	kiln_range range;
} kiln_pool = {.busy = PTHREAD_MUTEX_INITIALIZER, .mutex = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static inline void kiln_spin(int spin) {
	if (spin % kiln_spins_a_turn == kiln_spins_a_turn - 1) sched_yield();
	else kiln_pause();
}
static void kiln_wait_for_offer(int *state) {
	for (int spin = 0; spin < kiln_spins; spin++) {
		if (__atomic_load_n(state, __ATOMIC_ACQUIRE) == kiln_offered) return;
		kiln_spin(spin);
	}
	pthread_mutex_lock(&kiln_pool.mutex);
	__atomic_fetch_add(&kiln_pool.sleeping, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(state, __ATOMIC_SEQ_CST) != kiln_offered && !kiln_pool.stopping) {
		pthread_cond_wait(&kiln_pool.wake, &kiln_pool.mutex);
	}
	__atomic_fetch_sub(&kiln_pool.sleeping, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&kiln_pool.mutex);
}
static void *kiln_worker(void *argument) {
	long thread = (long)argument;
	int *state = &kiln_pool.slots[thread - 1].state;
	for (;;) {
		kiln_wait_for_offer(state);
		if (__atomic_load_n(&kiln_pool.stopping, __ATOMIC_SEQ_CST)) return 0;
		int offered = kiln_offered;
		if (!__atomic_compare_exchange_n(state, &offered, kiln_running, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) continue;
		kiln_pool.body(kiln_pool.call, thread, &kiln_pool.range);
		__atomic_store_n(state, kiln_idle, __ATOMIC_RELEASE);
	}
}
static int kiln_workers(int wanted) {
	if (wanted > kiln_workers_max) wanted = kiln_workers_max;
	while (kiln_pool.started < wanted) {
		void *argument = (void *)(long)(kiln_pool.started + 1);
		if (pthread_create(&kiln_pool.threads[kiln_pool.started], 0, kiln_worker, argument) != 0) break;
		kiln_pool.started++;
	}
	return wanted < kiln_pool.started ? wanted : kiln_pool.started;
}
typedef struct { kiln_body *body; const kiln_call *call; kiln_range range; } kiln_share;
static void kiln_take_share(void *data, size_t index) {
	kiln_share *share = data;
	share->body(share->call, (long)index, &share->range);
}
static void kiln_apart(kiln_body *body, const kiln_call *call, long tiles, int threads, kiln_apply *apply, void *context) {
	long chunk = tiles / ((long)threads * kiln_chunks_per_thread);
	kiln_share share = {body, call, {0, tiles, chunk > 0 ? chunk : 1}};
	apply(context, kiln_take_share, (size_t)threads, &share);
}
static void kiln_together(kiln_body *body, const kiln_call *call, long tiles, int threads, kiln_apply *apply, void *context) {
	if (apply != 0 && threads > 1) {
		kiln_apart(body, call, tiles, threads, apply, context);
		return;
	}
	if (threads < 2 || pthread_mutex_trylock(&kiln_pool.busy) != 0) {
		kiln_alone(body, call, tiles);
		return;
	}
	int workers = kiln_workers(threads - 1);
	long chunk = tiles / ((workers + 1) * kiln_chunks_per_thread);
	kiln_pool.body = body;
	kiln_pool.call = call;
	kiln_pool.range = (kiln_range){0, tiles, chunk > 0 ? chunk : 1};
	for (int at = 0; at < workers; at++) {
		__atomic_store_n(&kiln_pool.slots[at].state, kiln_offered, __ATOMIC_SEQ_CST);
	}
	if (__atomic_load_n(&kiln_pool.sleeping, __ATOMIC_SEQ_CST) > 0) {
		pthread_mutex_lock(&kiln_pool.mutex);
		pthread_cond_broadcast(&kiln_pool.wake);
		pthread_mutex_unlock(&kiln_pool.mutex);
	}
	body(call, 0, &kiln_pool.range);
	for (int at = 0; at < workers; at++) {
		int *state = &kiln_pool.slots[at].state;
		int offered = kiln_offered;
		if (__atomic_compare_exchange_n(state, &offered, kiln_idle, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) continue;
		for (unsigned spin = 0; __atomic_load_n(state, __ATOMIC_ACQUIRE) == kiln_running; spin++) kiln_spin((int)(spin % kiln_spins));
	}
	pthread_mutex_unlock(&kiln_pool.busy);
}
__attribute__((destructor)) static void kiln_stop(void) {
	pthread_mutex_lock(&kiln_pool.mutex);
	__atomic_store_n(&kiln_pool.stopping, 1, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&kiln_pool.wake);
	pthread_mutex_unlock(&kiln_pool.mutex);
	for (int at = 0; at < kiln_pool.started; at++) pthread_join(kiln_pool.threads[at], 0);
}

static __attribute__((noinline)) void tile_4x2v8_a1_4_b16_float32_c64_u2_0_ahead2048_0of2_L2_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f8 c0_0 = *(const kiln_f8u *)(c + 0);
	kiln_f8 c0_1 = *(const kiln_f8u *)(c + 8);
	kiln_f8 c1_0 = *(const kiln_f8u *)(c + 64);
	kiln_f8 c1_1 = *(const kiln_f8u *)(c + 72);
	kiln_f8 c2_0 = *(const kiln_f8u *)(c + 128);
	kiln_f8 c2_1 = *(const kiln_f8u *)(c + 136);
	kiln_f8 c3_0 = *(const kiln_f8u *)(c + 192);
	kiln_f8 c3_1 = *(const kiln_f8u *)(c + 200);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 16 + 2048, 0, 2);
		const kiln_f8 b0_0 = *(const kiln_f8u *)(b + k * 16);
		const kiln_f8 b0_1 = *(const kiln_f8u *)(b + k * 16 + 8);
		const float a0_0 = a[k * 4];
		c0_0 = (c0_0 + (kiln_splat_8(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_8(a0_0) * b0_1));
		const float a0_1 = a[k * 4 + 1];
		c1_0 = (c1_0 + (kiln_splat_8(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_8(a0_1) * b0_1));
		const float a0_2 = a[k * 4 + 2];
		c2_0 = (c2_0 + (kiln_splat_8(a0_2) * b0_0));
		c2_1 = (c2_1 + (kiln_splat_8(a0_2) * b0_1));
		const float a0_3 = a[k * 4 + 3];
		c3_0 = (c3_0 + (kiln_splat_8(a0_3) * b0_0));
		c3_1 = (c3_1 + (kiln_splat_8(a0_3) * b0_1));
		const kiln_f8 b1_0 = *(const kiln_f8u *)(b + k * 16 + 16);
		const kiln_f8 b1_1 = *(const kiln_f8u *)(b + k * 16 + 24);
		const float a1_0 = a[k * 4 + 4];
		c0_0 = (c0_0 + (kiln_splat_8(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_8(a1_0) * b1_1));
		const float a1_1 = a[k * 4 + 5];
		c1_0 = (c1_0 + (kiln_splat_8(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_8(a1_1) * b1_1));
		const float a1_2 = a[k * 4 + 6];
		c2_0 = (c2_0 + (kiln_splat_8(a1_2) * b1_0));
		c2_1 = (c2_1 + (kiln_splat_8(a1_2) * b1_1));
		const float a1_3 = a[k * 4 + 7];
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

static __attribute__((noinline)) void tile_4x2v8_a1_4_b16_float32_c64_u2_0_ahead2048_1of2_L2_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f8 c0_0 = *(const kiln_f8u *)(c + 0);
	kiln_f8 c0_1 = *(const kiln_f8u *)(c + 8);
	kiln_f8 c1_0 = *(const kiln_f8u *)(c + 64);
	kiln_f8 c1_1 = *(const kiln_f8u *)(c + 72);
	kiln_f8 c2_0 = *(const kiln_f8u *)(c + 128);
	kiln_f8 c2_1 = *(const kiln_f8u *)(c + 136);
	kiln_f8 c3_0 = *(const kiln_f8u *)(c + 192);
	kiln_f8 c3_1 = *(const kiln_f8u *)(c + 200);
	for (long k = 0; k < steps * 2; k += 2) {
		__builtin_prefetch(b + k * 16 + 2064, 0, 2);
		const kiln_f8 b0_0 = *(const kiln_f8u *)(b + k * 16);
		const kiln_f8 b0_1 = *(const kiln_f8u *)(b + k * 16 + 8);
		const float a0_0 = a[k * 4];
		c0_0 = (c0_0 + (kiln_splat_8(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_8(a0_0) * b0_1));
		const float a0_1 = a[k * 4 + 1];
		c1_0 = (c1_0 + (kiln_splat_8(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_8(a0_1) * b0_1));
		const float a0_2 = a[k * 4 + 2];
		c2_0 = (c2_0 + (kiln_splat_8(a0_2) * b0_0));
		c2_1 = (c2_1 + (kiln_splat_8(a0_2) * b0_1));
		const float a0_3 = a[k * 4 + 3];
		c3_0 = (c3_0 + (kiln_splat_8(a0_3) * b0_0));
		c3_1 = (c3_1 + (kiln_splat_8(a0_3) * b0_1));
		const kiln_f8 b1_0 = *(const kiln_f8u *)(b + k * 16 + 16);
		const kiln_f8 b1_1 = *(const kiln_f8u *)(b + k * 16 + 24);
		const float a1_0 = a[k * 4 + 4];
		c0_0 = (c0_0 + (kiln_splat_8(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_8(a1_0) * b1_1));
		const float a1_1 = a[k * 4 + 5];
		c1_0 = (c1_0 + (kiln_splat_8(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_8(a1_1) * b1_1));
		const float a1_2 = a[k * 4 + 6];
		c2_0 = (c2_0 + (kiln_splat_8(a1_2) * b1_0));
		c2_1 = (c2_1 + (kiln_splat_8(a1_2) * b1_1));
		const float a1_3 = a[k * 4 + 7];
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

static __attribute__((noinline)) void tile_4x2v8_a1_4_b16_float32_c64_u2_0_add(const float *restrict a, const float *restrict b, float *restrict c, long steps) {
	kiln_f8 c0_0 = *(const kiln_f8u *)(c + 0);
	kiln_f8 c0_1 = *(const kiln_f8u *)(c + 8);
	kiln_f8 c1_0 = *(const kiln_f8u *)(c + 64);
	kiln_f8 c1_1 = *(const kiln_f8u *)(c + 72);
	kiln_f8 c2_0 = *(const kiln_f8u *)(c + 128);
	kiln_f8 c2_1 = *(const kiln_f8u *)(c + 136);
	kiln_f8 c3_0 = *(const kiln_f8u *)(c + 192);
	kiln_f8 c3_1 = *(const kiln_f8u *)(c + 200);
	for (long k = 0; k < steps * 2; k += 2) {
		const kiln_f8 b0_0 = *(const kiln_f8u *)(b + k * 16);
		const kiln_f8 b0_1 = *(const kiln_f8u *)(b + k * 16 + 8);
		const float a0_0 = a[k * 4];
		c0_0 = (c0_0 + (kiln_splat_8(a0_0) * b0_0));
		c0_1 = (c0_1 + (kiln_splat_8(a0_0) * b0_1));
		const float a0_1 = a[k * 4 + 1];
		c1_0 = (c1_0 + (kiln_splat_8(a0_1) * b0_0));
		c1_1 = (c1_1 + (kiln_splat_8(a0_1) * b0_1));
		const float a0_2 = a[k * 4 + 2];
		c2_0 = (c2_0 + (kiln_splat_8(a0_2) * b0_0));
		c2_1 = (c2_1 + (kiln_splat_8(a0_2) * b0_1));
		const float a0_3 = a[k * 4 + 3];
		c3_0 = (c3_0 + (kiln_splat_8(a0_3) * b0_0));
		c3_1 = (c3_1 + (kiln_splat_8(a0_3) * b0_1));
		const kiln_f8 b1_0 = *(const kiln_f8u *)(b + k * 16 + 16);
		const kiln_f8 b1_1 = *(const kiln_f8u *)(b + k * 16 + 24);
		const float a1_0 = a[k * 4 + 4];
		c0_0 = (c0_0 + (kiln_splat_8(a1_0) * b1_0));
		c0_1 = (c0_1 + (kiln_splat_8(a1_0) * b1_1));
		const float a1_1 = a[k * 4 + 5];
		c1_0 = (c1_0 + (kiln_splat_8(a1_1) * b1_0));
		c1_1 = (c1_1 + (kiln_splat_8(a1_1) * b1_1));
		const float a1_2 = a[k * 4 + 6];
		c2_0 = (c2_0 + (kiln_splat_8(a1_2) * b1_0));
		c2_1 = (c2_1 + (kiln_splat_8(a1_2) * b1_1));
		const float a1_3 = a[k * 4 + 7];
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
	char *const slice = call->slices + (size_t)thread * call->slice_bytes;
	const float *restrict const panels0 = (const float *)(call->prepared + 0);
	const float *restrict const in0 = call->inputs[0];
	float v4[16] __attribute__((aligned(64)));
	float *restrict const pack_rows_11_0_1 = (float *)(slice + 0);
	const float *restrict const in1 = call->inputs[1];
	float v12[1024] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	long last59 = -1;
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g5 = tile / 1 % 16 * 64;
			if (last59 != tile / 16) {
				last59 = tile / 16;
				for (long i6 = 0; i6 < 16; i6 += 1) {
					kiln_f8 acc7 = kiln_splat_8(0.0f);
					kiln_f8 acc8 = kiln_splat_8(0.0f);
					kiln_f8 acc9 = kiln_splat_8(0.0f);
					kiln_f8 acc10 = kiln_splat_8(0.0f);
					for (long i11 = 0; i11 < 1024; i11 += 32) {
						const kiln_f8 t12 = *(const kiln_f8u *)(in0 + i6 * 1024 + i11);
						const kiln_f8 t13 = (t12 * t12);
						acc7 = (acc7 + t13);
						const kiln_f8 t14 = *(const kiln_f8u *)(in0 + i6 * 1024 + i11 + 8);
						const kiln_f8 t15 = (t14 * t14);
						acc8 = (acc8 + t15);
						const kiln_f8 t16 = *(const kiln_f8u *)(in0 + i6 * 1024 + i11 + 16);
						const kiln_f8 t17 = (t16 * t16);
						acc9 = (acc9 + t17);
						const kiln_f8 t18 = *(const kiln_f8u *)(in0 + i6 * 1024 + i11 + 24);
						const kiln_f8 t19 = (t18 * t18);
						acc10 = (acc10 + t19);
					}
					v4[i6] = kiln_sum_8(((acc7 + acc8) + (acc9 + acc10)));
				}
				for (long i20 = 0; i20 < 16; i20 += 4) {
					for (long i21 = 0; i21 < 1024; i21 += 8) {
						const kiln_f8 t22 = *(const kiln_f8u *)(in0 + i20 * 1024 + i21);
						const float t23 = v4[i20];
						const float t24 = (t23 * 0.0009765625f);
						const float t25 = (t24 + 0.00000999999975f);
						const float t26 = kiln_sqrt_1(t25);
						const float t27 = kiln_inverseScale_1(t26);
						const float t28 = (1.0f / (t26 * t27));
						const kiln_f8 t29 = ((t22 * kiln_splat_8(t28)) * kiln_splat_8(t27));
						const kiln_f8 t30 = *(const kiln_f8u *)(in1 + i21);
						const kiln_f8 t31 = (t29 * t30);
						const kiln_f8 t32 = *(const kiln_f8u *)(in0 + i20 * 1024 + i21 + 1024);
						const float t33 = v4[i20 + 1];
						const float t34 = (t33 * 0.0009765625f);
						const float t35 = (t34 + 0.00000999999975f);
						const float t36 = kiln_sqrt_1(t35);
						const float t37 = kiln_inverseScale_1(t36);
						const float t38 = (1.0f / (t36 * t37));
						const kiln_f8 t39 = ((t32 * kiln_splat_8(t38)) * kiln_splat_8(t37));
						const kiln_f8 t40 = (t39 * t30);
						const kiln_f8 t41 = *(const kiln_f8u *)(in0 + i20 * 1024 + i21 + 2048);
						const float t42 = v4[i20 + 2];
						const float t43 = (t42 * 0.0009765625f);
						const float t44 = (t43 + 0.00000999999975f);
						const float t45 = kiln_sqrt_1(t44);
						const float t46 = kiln_inverseScale_1(t45);
						const float t47 = (1.0f / (t45 * t46));
						const kiln_f8 t48 = ((t41 * kiln_splat_8(t47)) * kiln_splat_8(t46));
						const kiln_f8 t49 = (t48 * t30);
						const kiln_f8 t50 = *(const kiln_f8u *)(in0 + i20 * 1024 + i21 + 3072);
						const float t51 = v4[i20 + 3];
						const float t52 = (t51 * 0.0009765625f);
						const float t53 = (t52 + 0.00000999999975f);
						const float t54 = kiln_sqrt_1(t53);
						const float t55 = kiln_inverseScale_1(t54);
						const float t56 = (1.0f / (t54 * t55));
						const kiln_f8 t57 = ((t50 * kiln_splat_8(t56)) * kiln_splat_8(t55));
						const kiln_f8 t58 = (t57 * t30);
						kiln_transpose_8(t31, t40, t49, t58, kiln_splat_8(0.0f), kiln_splat_8(0.0f), kiln_splat_8(0.0f), kiln_splat_8(0.0f), pack_rows_11_0_1 + i20 * 1024 + i21 * 4, 4, 8, 8);
					}
				}
			}
			__builtin_memset(v12 + 0, 0, 1024 * sizeof *v12);
			for (long i60 = 0; i60 < 64; i60 += 16) {
				for (long i61 = 0; i61 < 1024; i61 += 256) {
					tile_4x2v8_a1_4_b16_float32_c64_u2_0_ahead2048_0of2_L2_add(pack_rows_11_0_1 + i61 * 4, panels0 + g5 * 1024 + i60 * 1024 + i61 * 16, v12 + i60, 128);
					tile_4x2v8_a1_4_b16_float32_c64_u2_0_ahead2048_1of2_L2_add(pack_rows_11_0_1 + i61 * 4 + 4096, panels0 + g5 * 1024 + i60 * 1024 + i61 * 16, v12 + i60 + 256, 128);
					for (long i62 = 0; i62 < 8; i62 += 4) {
						tile_4x2v8_a1_4_b16_float32_c64_u2_0_add(pack_rows_11_0_1 + i62 * 1024 + i61 * 4 + 8192, panels0 + g5 * 1024 + i60 * 1024 + i61 * 16, v12 + i60 + i62 * 64 + 512, 128);
					}
				}
			}
			for (long i63 = 0; i63 < 16; i63 += 1) {
				for (long i64 = 0; i64 < 64; i64 += 16) {
					const kiln_f8 t65 = *(const kiln_f8u *)(v12 + i64 + i63 * 64);
					*(kiln_f8u *)(out0 + i63 * 1024 + g5 + i64) = t65;
					const kiln_f8 t66 = *(const kiln_f8u *)(v12 + i64 + i63 * 64 + 8);
					*(kiln_f8u *)(out0 + i63 * 1024 + g5 + i64 + 8) = t66;
				}
			}
		}
	}
}

int kiln_kernel_prepare(const void *const *inputs, void *prepared) {
	char *const area = prepared;
	(void)inputs;
	(void)area;
	const float *restrict const in2 = inputs[2];
	float *restrict const panels0 = (float *)(area + 0);
	__builtin_memset(panels0 + 0, 0, 1048584 * sizeof *panels0);
	for (long i1 = 0; i1 < 1024; i1 += 16) {
		for (long i2 = 0; i2 < 1024; i2 += 1) {
			const kiln_f8 t3 = *(const kiln_f8u *)(in2 + i2 * 1024 + i1);
			*(kiln_f8u *)(panels0 + i1 * 1024 + i2 * 16) = t3;
			const kiln_f8 t4 = *(const kiln_f8u *)(in2 + i2 * 1024 + i1 + 8);
			*(kiln_f8u *)(panels0 + i1 * 1024 + i2 * 16 + 8) = t4;
		}
	}
	return 0;
}

size_t kiln_kernel_prepared_bytes(void) { return 4194368; }
size_t kiln_kernel_workspace_bytes(int threads) { return 0 + (size_t)(threads > 1 ? threads : 1) * 65600; }
int kiln_kernel_abi_version(void) { return 2; }
int kiln_kernel_reads(int input) {
	static const unsigned char reads[] = {1, 1, 0};
	return reads[input];
}
static void kiln_kernel_launch(const kiln_call *call, int threads, kiln_apply *apply, void *context) {
	(void)threads, (void)apply, (void)context;
	kiln_together(kiln_kernel_part0, call, 16, threads, apply, context);
}
int kiln_kernel_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads) {
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 65600};
	kiln_kernel_launch(&call, threads, 0, 0);
	return 0;
}
int kiln_kernel_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads, kiln_apply *apply, void *context) {
	const kiln_call call = {inputs, outputs, prepared, workspace, (char *)workspace + 0, 65600};
	kiln_kernel_launch(&call, threads, apply, context);
	return 0;
}
