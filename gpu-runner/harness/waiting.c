#define _GNU_SOURCE
#include "waiting.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 256 };
static int files[THREADS_MAX];
static int file_count;

void waiting_begin(void) {
	waiting_end();
	DIR *threads = opendir("/proc/self/task");
	if (threads == NULL) return;
	for (struct dirent *entry; file_count < THREADS_MAX && (entry = readdir(threads)) != NULL;) {
		char path[64];
		if (entry->d_name[0] == '.') continue;
		snprintf(path, sizeof path, "/proc/self/task/%.20s/schedstat", entry->d_name);
		const int file = open(path, O_RDONLY | O_CLOEXEC);
		if (file >= 0) files[file_count++] = file;
	}
	closedir(threads);
}

/* The file holds three numbers: nanoseconds run, nanoseconds waited, turns (Documentation/scheduler/sched-stats.rst). */
double waiting_nanoseconds(void) {
	double sum = 0;
	int count = 0;
	for (int i = 0; i < file_count; i++) {
		char text[96];
		const ssize_t length = pread(files[i], text, sizeof text - 1, 0);
		/* A thread that has ended waits no more. */
		if (length <= 0) continue;
		text[length] = 0;
		char *behind = text;
		strtoull(text, &behind, 10);
		sum += (double)strtoull(behind, NULL, 10);
		count++;
	}
	return count > 0 ? sum : -1;
}

void waiting_end(void) {
	for (int i = 0; i < file_count; i++) close(files[i]);
	file_count = 0;
}
