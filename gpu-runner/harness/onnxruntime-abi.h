/* The few functions of ONNX Runtime's C interface that the harness calls, declared by table index.
 * OrtApi is an append-only table of function pointers, so an index never changes; every index here exists since
 * ONNX Runtime 1.5. The runtime's version is checked before the table is asked for (baseline.c). */
#ifndef KILN_ONNXRUNTIME_ABI_H
#define KILN_ONNXRUNTIME_ABI_H
#include <stddef.h>
#include <stdint.h>

typedef struct OrtStatusOpaque OrtStatus; /* NULL means success */
typedef void *const *OrtTable;
typedef struct {
	OrtTable (*get_api)(uint32_t version);
	const char *(*get_version)(void);
} OrtBase;

enum {
	ORT_GET_ERROR_MESSAGE = 2,
	ORT_CREATE_ENVIRONMENT = 3,
	ORT_CREATE_SESSION = 7,
	ORT_CREATE_SESSION_OPTIONS = 10,
	ORT_SET_GRAPH_OPTIMIZATION_LEVEL = 23,
	ORT_SET_INTRA_OP_THREADS = 24,
	ORT_SET_INTER_OP_THREADS = 25,
	ORT_SESSION_INPUT_COUNT = 30,
	ORT_SESSION_OUTPUT_COUNT = 31,
	ORT_SESSION_INPUT_TYPE = 33,
	ORT_SESSION_OUTPUT_TYPE = 34,
	ORT_SESSION_INPUT_NAME = 36,
	ORT_SESSION_OUTPUT_NAME = 37,
	ORT_CREATE_TENSOR_OVER_DATA = 49,
	ORT_TYPE_AS_TENSOR = 55,
	ORT_TENSOR_ELEMENT_TYPE = 60,
	ORT_TENSOR_RANK = 61,
	ORT_TENSOR_DIMENSIONS = 62,
	ORT_CREATE_CPU_MEMORY_INFO = 69,
	ORT_ALLOCATOR_FREE = 76,
	ORT_DEFAULT_ALLOCATOR = 78,
	ORT_RELEASE_STATUS = 93,
	ORT_RELEASE_SESSION = 95,
	ORT_RELEASE_VALUE = 96,
	ORT_RELEASE_TYPE = 98,
	ORT_RELEASE_SESSION_OPTIONS = 100,
	ORT_RUN_WITH_BINDING = 133,
	ORT_CREATE_BINDING = 134,
	ORT_RELEASE_BINDING = 135,
	ORT_BIND_INPUT = 136,
	ORT_BIND_OUTPUT = 137,
};

/* ORT_CALL(table, ORT_CREATE_BINDING, (void *, void **), (session, &binding)) -> OrtStatus * */
#define ORT_CALL(table, index, types, arguments) (((OrtStatus * (*) types)(table)[index]) arguments)
#define ORT_RELEASE(table, index, object) (((void (*)(void *))(table)[index])(object))

enum { ORT_OPTIMIZE_ALL = 99, ORT_LOG_ERROR = 3, ORT_TABLE_VERSION_MIN = 17 };
#endif
