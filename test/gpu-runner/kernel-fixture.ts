// Hand-written C candidates for (rmsnorm(X)·G)·W, right ones and every kind of wrong one.

export interface KernelShape {
	readonly m: number;
	readonly k: number;
	readonly n: number;
}

/** The exported functions around a body of `run`; `x`, `g`, `w` (packed as given) and `y` are in scope. */
function kernel(prefix: string, shape: KernelShape, run: string, workspaceBytes = 64): string {
	const { m, k, n } = shape;
	return `
#include <stddef.h>
#include <string.h>
#include <stdlib.h>
#include <math.h>
enum { ${prefix}_M = ${m}, ${prefix}_K = ${k}, ${prefix}_N = ${n} };
int ${prefix}_abi_version(void) { return 1; }
size_t ${prefix}_prepared_bytes(void) { return sizeof(float) * ${prefix}_K * ${prefix}_N; }
size_t ${prefix}_workspace_bytes(int threads) { (void)threads; return ${workspaceBytes}; }
int ${prefix}_prepare(const void *const *inputs, void *prepared) {
	memcpy(prepared, inputs[2], ${prefix}_prepared_bytes());
	return 0;
}
int ${prefix}_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads) {
	enum { M = ${m}, K = ${k}, N = ${n} };
	const float *x = inputs[0], *g = inputs[1], *w = prepared;
	float *y = outputs[0];
	(void)x, (void)g, (void)w, (void)y, (void)workspace, (void)threads;
	${run}
	return 0;
}
`;
}

const compute = (epsilon: string): string => `
	for (int i = 0; i < M; i++) {
		float squares = 0;
		for (int j = 0; j < K; j++) squares += x[i * K + j] * x[i * K + j];
		const float scale = 1.0f / sqrtf(squares / K + ${epsilon});
		for (int c = 0; c < N; c++) y[i * N + c] = 0;
		for (int j = 0; j < K; j++) {
			const float a = x[i * K + j] * scale * g[j];
			for (int c = 0; c < N; c++) y[i * N + c] += a * w[j * N + c];
		}
	}`;

export type FixtureKernel =
	| "right"
	| "slow"
	| "coarse"
	| "wrong"
	| "broken"
	| "crashes"
	| "exits"
	| "hangs"
	| "allocates"
	| "writesBehind"
	| "writesBefore"
	| "readsBehind"
	| "unwritten"
	| "leavesTrap"
	| "remembers"
	| "spoofs"
	| "forks";

const bodies: Readonly<Record<FixtureKernel, string>> = {
	right: compute("1e-5f"),
	slow: `for (volatile int repeat = 0; repeat < 40; repeat++) { ${compute("1e-5f")} }`,
	/** Off by 4e-3 of the largest value, as products of bfloat16 may be. */
	coarse: `${compute("1e-5f")} for (int at = 0; at < M * N; at++) y[at] *= 1.004f;`,
	wrong: compute("1e-1f"),
	broken: "this is not C;",
	crashes: "*(volatile int *)8 = 1;",
	exits: "_Exit(0);",
	hangs: "for (volatile int forever = 1; forever;) {}",
	allocates: "for (;;) { char *more = malloc(1 << 28); memset(more, 1, 1 << 28); }",
	writesBehind: `${compute("1e-5f")} y[M * N] = 1;`,
	writesBefore: `${compute("1e-5f")} y[-1] = 1;`,
	readsBehind: `${compute("1e-5f")} volatile float sink = x[M * K + 1023]; (void)sink;`,
	unwritten: `${compute("1e-5f")} memset(y + 3, 0xFF, 4);`,
	// Right itself, but whoever runs next in the same process dies of the timer it leaves behind.
	leavesTrap: `${compute("1e-5f")} struct itimerval soon = {{0, 0}, {0, 1000}}; setitimer(ITIMER_REAL, &soon, NULL);`,
	remembers: `static int runs; ${compute("1e-5f")} if (runs++ > 3) y[0] += 1;`,
	spoofs: `printf("{\\"event\\":\\"done\\"}\\n"); fflush(stdout); ${compute("1e-1f")}`,
	forks: `if (fork() == 0) for (;;) {} ${compute("1e-5f")}`,
};

const preludes: Partial<Record<FixtureKernel, string>> = {
	spoofs: "#include <stdio.h>\n",
	forks: "#include <unistd.h>\n",
	leavesTrap: "#include <sys/time.h>\n",
};

export function kernelSource(kind: FixtureKernel, prefix: string, shape: KernelShape): string {
	return `${preludes[kind] ?? ""}${kernel(prefix, shape, bodies[kind])}`;
}

/** kernel.h for the prefix of a published kernel. */
export const kernelHeader = `#include <stddef.h>
int kiln_kernel_abi_version(void);
size_t kiln_kernel_prepared_bytes(void);
size_t kiln_kernel_workspace_bytes(int threads);
int kiln_kernel_prepare(const void *const *inputs, void *prepared);
int kiln_kernel_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads);
`;
