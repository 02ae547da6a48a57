// What every emitted file carries: the call's arguments, the range of tiles that threads take chunks of, and the worker
// threads. Lessons in the design of the pool, each measured: no barriers and no static halves (a descheduled worker would
// hold up everybody); the caller withdraws its offer from a worker that has not begun; waiting is bounded spinning, then
// sleep; who spins gives way now and then (a worker that woke up on its caller's processor kept it for the whole spin, call
// after call: 130 µs instead of 12). A host with threads of its own hands in how it runs tasks (`kiln_apply`): two pools
// would fight for the processors.

/** Version of the ABI, as `PREFIX_abi_version` gives it. */
export const abiVersion = 2;

/** Types and the chunk counter; always emitted. */
export const cRuntime = `typedef struct {
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
`;

/** Large packed weights are asked to lie on large pages: fewer address translations. A hint; it may fail. */
export const cLargePages = `static void kiln_large_pages(char *area, size_t bytes) {
	const unsigned long page = 2ul << 20;
	unsigned long begin = ((unsigned long)area + page - 1) & ~(page - 1);
	unsigned long end = ((unsigned long)area + bytes) & ~(page - 1);
	if (begin < end) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
`;

/** The worker threads; emitted when some kernel is worth more than one thread. `pause`: a statement for a turn of waiting. */
export const cThreads = `#ifdef __x86_64__
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
`;
