/* Memory that candidates read and write: fenced while they are checked, on large pages while they are timed. */
#ifndef KILN_BUFFER_H
#define KILN_BUFFER_H
#include <stddef.h>
#include <stdint.h>

enum placement {
	/* Ends (up to `alignment`) at a page that must not be touched; the rest of its pages holds a known pattern. */
	PLACEMENT_FENCED,
	/* Begins at a 2 MB boundary, and asks for 2 MB pages when it is that large. */
	PLACEMENT_FAST,
	/* Shows a file, read-only, between pages that must not be touched. */
	PLACEMENT_FILE,
};

struct buffer {
	unsigned char *data;
	size_t bytes;
	unsigned char *mapping;
	size_t mapping_bytes;
	enum placement placement;
};

/* 0, or -1 when memory is out. `alignment`: a power of two, at most a page. `behind`: bytes, a multiple of the alignment,
 * to leave between buffer and fence, which moves it off rounder addresses. Both count for PLACEMENT_FENCED only. */
int buffer_create(struct buffer *buffer, size_t bytes, size_t alignment, size_t behind, enum placement placement);
void buffer_release(struct buffer *buffer);
/* Every byte becomes 0xFF: a NaN for each floating type, so that an element never written shows. */
void buffer_poison(struct buffer *buffer);
/* From here on a write ends the process, until it is allowed again. */
void buffer_protect(struct buffer *buffer);
void buffer_unprotect(struct buffer *buffer);
/* 64 bits that tell contents apart; as fast as memory, and no defence against a forger. */
uint64_t buffer_digest(const struct buffer *buffer);
/* Whether the pattern around a fenced buffer still stands: 0 intact, -1 written before it, 1 written behind it. */
int buffer_overrun(const struct buffer *buffer);
/* Puts the pattern back, so that the next participant is not blamed for the last one's writes. */
void buffer_mend(struct buffer *buffer);
/* Fills the buffer from a file of exactly its length: 0, or -1 with a message in `error`. */
int buffer_read_file(struct buffer *buffer, const char *path, char *error, size_t error_bytes);
/* Whether a file of this length can be shown: it has to end with a page, and to be worth a mapping of its own. */
int buffer_can_show(size_t bytes);
/* Shows a file of exactly `bytes` instead of copying it: 0, or -1 with a message in `error`. */
int buffer_show_file(struct buffer *buffer, size_t bytes, const char *path, char *error, size_t error_bytes);
int buffer_write_file(const struct buffer *buffer, const char *path);
#endif
