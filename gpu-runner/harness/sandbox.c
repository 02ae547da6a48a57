#define _GNU_SOURCE
#include "sandbox.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void limit(int resource, size_t value) {
	const struct rlimit both = {value, value};
	if (setrlimit(resource, &both) == 0) return;
	perror("setrlimit");
	exit(71);
}

void sandbox_limit(size_t cpu_seconds, size_t address_space_bytes, size_t file_bytes) {
	limit(RLIMIT_CPU, cpu_seconds);
	limit(RLIMIT_AS, address_space_bytes);
	limit(RLIMIT_FSIZE, file_bytes);
	limit(RLIMIT_CORE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

#if defined(__x86_64__)
#define AUDIT_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define AUDIT_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef AUDIT_ARCHITECTURE
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define WHEN(call, answer) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), ANSWER(answer)
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)

int sandbox_filter(void) {
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCHITECTURE, 1, 0),
		ANSWER(SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef __x86_64__
		/* The x32 numbers would go round the list below. */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1),
		ANSWER(REFUSE),
#endif
		WHEN(__NR_socket, REFUSE),
		WHEN(__NR_socketpair, REFUSE),
		WHEN(__NR_connect, REFUSE),
		WHEN(__NR_execve, REFUSE),
		WHEN(__NR_execveat, REFUSE),
		WHEN(__NR_ptrace, REFUSE),
		WHEN(__NR_process_vm_readv, REFUSE),
		WHEN(__NR_process_vm_writev, REFUSE),
		WHEN(__NR_kill, REFUSE),
		WHEN(__NR_setsid, REFUSE),
		WHEN(__NR_setpgid, REFUSE),
#ifdef __NR_fork
		WHEN(__NR_fork, REFUSE),
		WHEN(__NR_vfork, REFUSE),
#endif
		/* Its flags lie behind a pointer, which a filter cannot follow: the C library then falls back to clone. */
		WHEN(__NR_clone3, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
		ANSWER(REFUSE),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = {sizeof program / sizeof *program, program};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}
#else
int sandbox_filter(void) { return 0; }
#endif
