/* What the generated table tells register.c: the kernels of one model and the operators that run them. */
#ifndef KILN_OPERATORS_H
#define KILN_OPERATORS_H
#include <stddef.h>
#include <stdint.h>

typedef void kiln_task(void *data, size_t index);
typedef void kiln_apply(void *context, kiln_task *task, size_t count, void *data);

/* Functions of one kernel.c (its kernel.h says what they do). */
typedef struct {
	size_t (*workspace_bytes)(int threads);
	int (*run_with)(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads,
		kiln_apply *apply, void *context);
	size_t input_count;
	/* Tasks that a run is shared out in. */
	int threads;
} kiln_kernel;

/* Dense; element_type is ONNX's TensorProto.DataType. */
typedef struct {
	int element_type;
	size_t rank;
	const int64_t *extents;
} kiln_tensor;

/* The packed weights, in place of an input of the kernel. */
enum { KILN_PREPARED = -1 };

typedef struct {
	kiln_tensor tensor;
	/* Of the kernel, or KILN_PREPARED. */
	int input;
	int is_constant;
} kiln_operand;

typedef struct {
	const char *name;
	const kiln_kernel *kernel;
	size_t operand_count;
	const kiln_operand *operands;
	size_t result_count;
	const kiln_tensor *results;
} kiln_operator;

extern const kiln_operator kiln_operators[];
extern const size_t kiln_operator_count;
extern const char kiln_domain[];
/* One line of JSON about this library. */
extern const char kiln_information[];
/* Whether this processor has the instructions of the kernels. */
int kiln_processor_fits(void);
#endif
