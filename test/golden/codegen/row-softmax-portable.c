/* Kernels for cpu-portable. Flags:  -O2 -fPIC -shared -pthread -lm. */
#include <stddef.h>
#include <pthread.h>
#include <sched.h>

typedef float kiln_f4 __attribute__((vector_size(16)));
typedef int kiln_i4 __attribute__((vector_size(16)));
typedef float kiln_f4u __attribute__((vector_size(16), aligned(4), may_alias));
typedef short kiln_h4 __attribute__((vector_size(8)));
typedef short kiln_h4u __attribute__((vector_size(8), aligned(2), may_alias));
static inline kiln_f4 kiln_splat_4(float x) { return (kiln_f4){x, x, x, x}; }
static inline kiln_f4 kiln_blend_4(kiln_i4 mask, kiln_f4 yes, kiln_f4 no) { return (kiln_f4)(((kiln_i4)yes & mask) | ((kiln_i4)no & ~mask)); }
static inline kiln_f4 kiln_max_4(kiln_f4 a, kiln_f4 b) { return kiln_blend_4(a > b, a, b); }
/* e^x for x <= 0, 0 below -88: a term less than exp, one step of reduction (q < 128, so that it costs 2.5e-7 at most) */
static inline kiln_f4 kiln_expNonPositive_4(kiln_f4 x) {
	const kiln_f4 magic = kiln_splat_4(12583039.0f);
	x = kiln_max_4(kiln_splat_4(-88.0f), x);
	kiln_f4 rounded = x * kiln_splat_4(1.44269504f) + magic;
	kiln_f4 q = rounded - magic;
	kiln_f4 r = x - q * kiln_splat_4(0.693147181f);
	kiln_f4 p = kiln_splat_4(0.00829029763f);
	p = p * r + kiln_splat_4(0.0418980214f);
	p = p * r + kiln_splat_4(0.166676370f);
	p = p * r + kiln_splat_4(0.499991489f);
	p = p * r + kiln_splat_4(0.999999707f);
	p = p * r + kiln_splat_4(1.0f);
	return p * (kiln_f4)((kiln_i4)rounded << 23);
}
static inline float kiln_inverseScale_1(float x) {
	int bits;
	__builtin_memcpy(&bits, &x, 4);
	int exponent = 254 - (bits >> 23 & 255);
	bits = (exponent > 1 ? exponent : 1) << 23;
	__builtin_memcpy(&x, &bits, 4);
	return x;
}
static inline float kiln_maximum_4(kiln_f4 x) {
	float a = (x[0] > x[2] ? x[0] : x[2]), b = (x[1] > x[3] ? x[1] : x[3]);
	return (a > b ? a : b);
}
static inline float kiln_sum_4(kiln_f4 x) {
	float a = (x[0] + x[2]), b = (x[1] + x[3]);
	return (a + b);
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

static void kiln_kernel_part0(const kiln_call *call, long thread, kiln_range *range) {
	(void)thread;
	const float *restrict const in0 = call->inputs[0];
	float v1[4] __attribute__((aligned(64)));
	float *restrict const out0 = call->outputs[0];
	float v4[4] __attribute__((aligned(64)));
	long begin, end;
	while (kiln_take(range, &begin, &end)) {
		for (long tile = begin; tile < end; tile++) {
			(void)tile;
			const long g0 = tile / 1 % 32 * 1;
			kiln_f4 acc1 = kiln_splat_4((-__builtin_inff()));
			kiln_f4 acc2 = kiln_splat_4((-__builtin_inff()));
			kiln_f4 acc3 = kiln_splat_4((-__builtin_inff()));
			kiln_f4 acc4 = kiln_splat_4((-__builtin_inff()));
			for (long i5 = 0; i5 < 992; i5 += 16) {
				const kiln_f4 t6 = *(const kiln_f4u *)(in0 + g0 * 1000 + i5);
				acc1 = kiln_max_4(acc1, t6);
				const kiln_f4 t7 = *(const kiln_f4u *)(in0 + g0 * 1000 + i5 + 4);
				acc2 = kiln_max_4(acc2, t7);
				const kiln_f4 t8 = *(const kiln_f4u *)(in0 + g0 * 1000 + i5 + 8);
				acc3 = kiln_max_4(acc3, t8);
				const kiln_f4 t9 = *(const kiln_f4u *)(in0 + g0 * 1000 + i5 + 12);
				acc4 = kiln_max_4(acc4, t9);
			}
			const kiln_f4 t10 = *(const kiln_f4u *)(in0 + g0 * 1000 + 992);
			acc1 = kiln_max_4(acc1, t10);
			const kiln_f4 t11 = *(const kiln_f4u *)(in0 + g0 * 1000 + 996);
			acc2 = kiln_max_4(acc2, t11);
			v1[0] = kiln_maximum_4(kiln_max_4(kiln_max_4(acc1, acc2), kiln_max_4(acc3, acc4)));
			kiln_f4 acc12 = kiln_splat_4(0.0f);
			kiln_f4 acc13 = kiln_splat_4(0.0f);
			const float t16 = v1[0];
			for (long i14 = 0; i14 < 1000; i14 += 8) {
				const kiln_f4 t15 = *(const kiln_f4u *)(in0 + g0 * 1000 + i14);
				const kiln_f4 t17 = (t15 - kiln_splat_4(t16));
				const kiln_f4 t18 = kiln_expNonPositive_4(t17);
				*(kiln_f4u *)(out0 + g0 * 1000 + i14) = t18;
				acc12 = (acc12 + t18);
				const kiln_f4 t19 = *(const kiln_f4u *)(in0 + g0 * 1000 + i14 + 4);
				const kiln_f4 t20 = (t19 - kiln_splat_4(t16));
				const kiln_f4 t21 = kiln_expNonPositive_4(t20);
				*(kiln_f4u *)(out0 + g0 * 1000 + i14 + 4) = t21;
				acc13 = (acc13 + t21);
			}
			v4[0] = kiln_sum_4((acc12 + acc13));
			const float t24 = v4[0];
			const float t25 = kiln_inverseScale_1(t24);
			const float t26 = (1.0f / (t24 * t25));
			for (long i22 = 0; i22 < 1000; i22 += 8) {
				const kiln_f4 t23 = *(const kiln_f4u *)(out0 + g0 * 1000 + i22);
				const kiln_f4 t27 = ((t23 * kiln_splat_4(t26)) * kiln_splat_4(t25));
				*(kiln_f4u *)(out0 + g0 * 1000 + i22) = t27;
				const kiln_f4 t28 = *(const kiln_f4u *)(out0 + g0 * 1000 + i22 + 4);
				const kiln_f4 t29 = ((t28 * kiln_splat_4(t26)) * kiln_splat_4(t25));
				*(kiln_f4u *)(out0 + g0 * 1000 + i22 + 4) = t29;
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
	static const unsigned char reads[] = {1};
	return reads[input];
}
static void kiln_kernel_launch(const kiln_call *call, int threads, kiln_apply *apply, void *context) {
	(void)threads, (void)apply, (void)context;
	kiln_together(kiln_kernel_part0, call, 32, threads, apply, context);
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
