/* The weights of a model that is a library of its own: its file, mapped and never written to. */
#include "model.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Generated with the model. */
extern const size_t kiln_weights_bytes;
int kiln_processor_fits(void);

#define EXPORT __attribute__((visibility("default")))

struct kiln_model {
	void *weights;
};

/* A file of another length is another model's. */
static int map_file(int file, void **weights) {
	struct stat found;
	if (fstat(file, &found) != 0) return errno;
	if ((size_t)found.st_size != kiln_weights_bytes) return EINVAL;
	*weights = kiln_weights_bytes == 0 ? NULL : mmap(NULL, kiln_weights_bytes, PROT_READ, MAP_PRIVATE, file, 0);
	return *weights == MAP_FAILED ? errno : 0;
}

EXPORT int kiln_model_open(const char *weights_path, kiln_model **model) {
	if (!kiln_processor_fits()) return ENOTSUP;
	int file = open(weights_path, O_RDONLY | O_CLOEXEC);
	if (file < 0) return errno;
	void *weights = NULL;
	int fault = map_file(file, &weights);
	close(file);
	if (fault != 0) return fault;
	*model = malloc(sizeof **model);
	if (*model == NULL) return ENOMEM;
	(*model)->weights = weights;
	return 0;
}

EXPORT void kiln_model_close(kiln_model *model) {
	if (model == NULL) return;
	if (model->weights != NULL) munmap(model->weights, kiln_weights_bytes);
	free(model);
}

const void *kiln_model_weights(const kiln_model *model) { return model->weights; }
