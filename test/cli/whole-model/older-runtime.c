/* A runtime of another version: its base alone, and of its table only what makes a status. Reports what a library says
 * to it on one line: what it asked for, and the message of its status. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
	const void *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
} base;

static const char *version_given;
static unsigned asked_max;
static char message[512];
static int code_given;

static void *create_status(int code, const char *text) {
	code_given = code;
	strncpy(message, text, sizeof message - 1);
	return message;
}
static const void *table[1] = {(const void *)create_status};
static const void *get_api(uint32_t version) {
	if (version > asked_max) asked_max = version;
	return version == 1 ? table : NULL;
}
static const char *get_version(void) { return version_given; }

int main(int count, char **arguments) {
	if (count != 3) return 2;
	version_given = arguments[2];
	void *library = dlopen(arguments[1], RTLD_NOW);
	if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), 3;
	void *(*registers)(void *, const base *) = (void *(*)(void *, const base *))dlsym(library, "RegisterCustomOps");
	base given = {get_api, get_version};
	void *status = registers(NULL, &given);
	printf("%d %u %s\n", code_given, asked_max, status == NULL ? "" : message);
	return 0;
}
