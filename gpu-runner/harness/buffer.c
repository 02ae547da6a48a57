#define _GNU_SOURCE
#include "buffer.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, PATTERN = 0xA5 };
static const size_t large_page = (size_t)2 << 20;

static size_t round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

static int create_fenced(struct buffer *buffer, size_t alignment, size_t behind) {
	const size_t body = round_up(buffer->bytes + behind + 1, PAGE);
	buffer->mapping_bytes = body + 2 * PAGE;
	buffer->mapping = mmap(NULL, buffer->mapping_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer->mapping == MAP_FAILED) return -1;
	if (body >= large_page) madvise(buffer->mapping, buffer->mapping_bytes, MADV_HUGEPAGE);
	unsigned char *end = buffer->mapping + PAGE + body;
	buffer->data = end - round_up(buffer->bytes, alignment) - behind;
	buffer_mend(buffer);
	return mprotect(buffer->mapping, PAGE, PROT_NONE) | mprotect(end, PAGE, PROT_NONE);
}

static int create_fast(struct buffer *buffer) {
	buffer->mapping_bytes = round_up(buffer->bytes + 1, large_page) + large_page;
	buffer->mapping = mmap(NULL, buffer->mapping_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer->mapping == MAP_FAILED) return -1;
	buffer->data = (unsigned char *)round_up((uintptr_t)buffer->mapping, large_page);
	/* Only advice: without it the kernel gives small pages and every participant is slower alike. */
	if (buffer->bytes >= large_page) madvise(buffer->data, round_up(buffer->bytes, large_page), MADV_HUGEPAGE);
	memset(buffer->data, 0, buffer->bytes);
	return 0;
}

int buffer_create(struct buffer *buffer, size_t bytes, size_t alignment, size_t behind, enum placement placement) {
	memset(buffer, 0, sizeof *buffer);
	buffer->bytes = bytes;
	buffer->placement = placement;
	return placement == PLACEMENT_FENCED ? create_fenced(buffer, alignment, behind) : create_fast(buffer);
}

void buffer_release(struct buffer *buffer) {
	if (buffer->mapping != NULL && buffer->mapping != MAP_FAILED) munmap(buffer->mapping, buffer->mapping_bytes);
	memset(buffer, 0, sizeof *buffer);
}

void buffer_poison(struct buffer *buffer) { memset(buffer->data, 0xFF, buffer->bytes); }

static void set_access(struct buffer *buffer, int access) {
	mprotect(buffer->mapping, buffer->mapping_bytes, access);
	if (buffer->placement != PLACEMENT_FENCED) return;
	mprotect(buffer->mapping, PAGE, PROT_NONE);
	mprotect(buffer->mapping + buffer->mapping_bytes - PAGE, PAGE, PROT_NONE);
}

void buffer_protect(struct buffer *buffer) { set_access(buffer, PROT_READ); }

void buffer_unprotect(struct buffer *buffer) { set_access(buffer, PROT_READ | PROT_WRITE); }

static uint64_t mix(uint64_t state, uint64_t word) {
	/* The rotation brings high bits down again: a product alone only carries differences upward. */
	const uint64_t product = (state ^ word) * 0x9e3779b97f4a7c15u;
	return product << 29 | product >> 35;
}

uint64_t buffer_digest(const struct buffer *buffer) {
	uint64_t lanes[4] = {1, 2, 3, 4}, words[4];
	size_t at = 0;
	for (; at + sizeof words <= buffer->bytes; at += sizeof words) {
		memcpy(words, buffer->data + at, sizeof words);
		for (int i = 0; i < 4; i++) lanes[i] = mix(lanes[i], words[i]);
	}
	memset(words, 0, sizeof words);
	memcpy(words, buffer->data + at, buffer->bytes - at);
	uint64_t digest = buffer->bytes;
	for (int i = 0; i < 4; i++) digest = mix(digest, mix(lanes[i], words[i]));
	return digest ^ digest >> 32;
}

void buffer_mend(struct buffer *buffer) {
	if (buffer->placement != PLACEMENT_FENCED) return;
	unsigned char *begin = buffer->mapping + PAGE, *behind = buffer->data + buffer->bytes;
	memset(begin, PATTERN, (size_t)(buffer->data - begin));
	memset(behind, PATTERN, (size_t)(buffer->mapping + buffer->mapping_bytes - PAGE - behind));
}

int buffer_overrun(const struct buffer *buffer) {
	if (buffer->placement != PLACEMENT_FENCED) return 0;
	const unsigned char *end = buffer->mapping + buffer->mapping_bytes - PAGE;
	for (const unsigned char *at = buffer->mapping + PAGE; at < buffer->data; at++)
		if (*at != PATTERN) return -1;
	for (const unsigned char *at = buffer->data + buffer->bytes; at < end; at++)
		if (*at != PATTERN) return 1;
	return 0;
}

/* A descriptor of a file of exactly `bytes`, or -1 with a message. */
static int open_file(const char *path, size_t bytes, char *error, size_t error_bytes) {
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (file < 0 || fstat(file, &status) != 0) snprintf(error, error_bytes, "%s: %s", path, strerror(errno));
	else if ((size_t)status.st_size == bytes) return file;
	else snprintf(error, error_bytes, "%s: %zu bytes, expected %zu", path, (size_t)status.st_size, bytes);
	if (file >= 0) close(file);
	return -1;
}

int buffer_read_file(struct buffer *buffer, const char *path, char *error, size_t error_bytes) {
	const int file = open_file(path, buffer->bytes, error, error_bytes);
	if (file < 0) return -1;
	size_t done = 0;
	while (done < buffer->bytes) {
		const ssize_t count = read(file, buffer->data + done, buffer->bytes - done);
		if (count <= 0) break;
		done += (size_t)count;
	}
	close(file);
	if (done == buffer->bytes) return 0;
	snprintf(error, error_bytes, "%s: cannot be read after %zu bytes", path, done);
	return -1;
}

int buffer_can_show(size_t bytes) { return bytes >= large_page && bytes % PAGE == 0; }

int buffer_show_file(struct buffer *buffer, size_t bytes, const char *path, char *error, size_t error_bytes) {
	memset(buffer, 0, sizeof *buffer);
	const int file = open_file(path, bytes, error, error_bytes);
	if (file < 0) return -1;
	buffer->bytes = bytes;
	buffer->placement = PLACEMENT_FILE;
	buffer->mapping_bytes = bytes + 2 * PAGE;
	buffer->mapping = mmap(NULL, buffer->mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (buffer->mapping != MAP_FAILED)
		buffer->data = mmap(buffer->mapping + PAGE, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, file, 0);
	close(file);
	if (buffer->mapping != MAP_FAILED && buffer->data != MAP_FAILED) return 0;
	snprintf(error, error_bytes, "%s: %s", path, strerror(errno));
	return -1;
}

int buffer_write_file(const struct buffer *buffer, const char *path) {
	const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0) return -1;
	size_t done = 0;
	while (done < buffer->bytes) {
		const ssize_t count = write(file, buffer->data + done, buffer->bytes - done);
		if (count <= 0) break;
		done += (size_t)count;
	}
	return close(file) == 0 && done == buffer->bytes ? 0 : -1;
}
