/* The part of ONNX Runtime's C interface that an operator library needs, declared by table index (register.c says why).
 * OrtApi is an append-only table of function pointers, so an index never changes; every index here exists since 1.17.
 * OrtCustomOp is a table that only grows too: a runtime reads no further than `version` allows. */
#ifndef KILN_ONNXRUNTIME_OPERATORS_H
#define KILN_ONNXRUNTIME_OPERATORS_H
#include <stddef.h>
#include <stdint.h>

typedef struct OrtStatusOpaque OrtStatus; /* NULL means success */
typedef void *const *OrtTable;
typedef struct {
	OrtTable (*get_api)(uint32_t version);
	const char *(*get_version)(void);
} OrtBase;

enum {
	ORT_CREATE_STATUS = 0,
	ORT_CREATE_DOMAIN = 26,
	ORT_ADD_TO_DOMAIN = 27,
	ORT_ADD_DOMAIN = 28,
	ORT_TENSOR_DATA = 51,
	ORT_TENSOR_ELEMENT_TYPE = 60,
	ORT_TENSOR_RANK = 61,
	ORT_TENSOR_DIMENSIONS = 62,
	ORT_TENSOR_TYPE_AND_SHAPE = 65,
	ORT_CREATE_CPU_MEMORY_INFO = 69,
	ORT_KERNEL_INPUT = 90,
	ORT_KERNEL_OUTPUT = 91,
	ORT_RELEASE_MEMORY_INFO = 94,
	ORT_RELEASE_TENSOR_TYPE_AND_SHAPE = 99,
	ORT_RELEASE_ALLOCATOR = 132,
	ORT_CONSTANT_INPUT = 249,
	ORT_KERNEL_ALLOCATOR = 253,
	ORT_PARALLEL_FOR = 274,
};

/* ORT_CALL(api, ORT_KERNEL_INPUT, (void *, size_t, const void **), (context, 0, &value)) -> OrtStatus * */
#define ORT_CALL(api, index, types, arguments) (((OrtStatus * (*) types)(api)[index]) arguments)
#define ORT_RELEASE(api, index, object) (((void (*)(void *))(api)[index])(object))

/* OrtErrorCode. */
enum { ORT_FAIL = 1, ORT_INVALID_ARGUMENT = 2, ORT_NOT_IMPLEMENTED = 9 };

/* The first release whose operators get ParallelFor; also the version of OrtCustomOp that is filled in. */
enum { ORT_VERSION_MINOR_MIN = 17 };

typedef struct OrtAllocator {
	uint32_t version;
	void *(*allocate)(struct OrtAllocator *self, size_t bytes);
	void (*free)(struct OrtAllocator *self, void *block);
	const void *(*info)(const struct OrtAllocator *self);
} OrtAllocator;

typedef struct OrtOperator OrtOperator;
struct OrtOperator {
	uint32_t version;
	void *(*create_kernel)(const OrtOperator *, OrtTable api, const void *info);
	const char *(*name)(const OrtOperator *);
	const char *(*execution_provider)(const OrtOperator *);
	int (*input_type)(const OrtOperator *, size_t);
	size_t (*input_count)(const OrtOperator *);
	int (*output_type)(const OrtOperator *, size_t);
	size_t (*output_count)(const OrtOperator *);
	void (*compute_version_1)(void *kernel, void *context);
	void (*destroy_kernel)(void *kernel);
	int (*input_characteristic)(const OrtOperator *, size_t);
	int (*output_characteristic)(const OrtOperator *, size_t);
	int (*input_memory_type)(const OrtOperator *, size_t);
	int (*variadic_input_arity_min)(const OrtOperator *);
	int (*variadic_input_homogeneity)(const OrtOperator *);
	int (*variadic_output_arity_min)(const OrtOperator *);
	int (*variadic_output_homogeneity)(const OrtOperator *);
	OrtStatus *(*create_kernel_version_2)(const OrtOperator *, OrtTable api, const void *info, void **kernel);
	OrtStatus *(*compute_version_2)(void *kernel, void *context);
	OrtStatus *(*infer_output_shape)(const OrtOperator *, void *context);
	int (*start_version)(const OrtOperator *);
	int (*end_version)(const OrtOperator *);
};
#endif
