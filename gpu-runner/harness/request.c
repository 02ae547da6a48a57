#define _GNU_SOURCE
#include "request.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name; enum element element; size_t bytes; } elements[] = {
	{"float32", ELEMENT_FLOAT32, 4}, {"float16", ELEMENT_FLOAT16, 2}, {"float64", ELEMENT_FLOAT64, 8},
	{"int32", ELEMENT_INT32, 4},     {"int64", ELEMENT_INT64, 8},     {"uint8", ELEMENT_UINT8, 1},
	{"bool", ELEMENT_UINT8, 1},      {"int8", ELEMENT_INT8, 1},
};

static void refuse(const char *why, const char *word) {
	fprintf(stderr, "request: %s: %s\n", why, word == NULL ? "(missing)" : word);
	exit(64);
}

static char *next(char **line) {
	char *word = strsep(line, " ");
	if (word == NULL || *word == 0) refuse("a word is missing before", *line);
	return word;
}

static size_t number(char **line) {
	char *word = next(line), *end;
	const unsigned long long value = strtoull(word, &end, 10);
	if (*end != 0) refuse("not a number", word);
	return (size_t)value;
}

static int below(size_t value, int limit) {
	if (value >= (size_t)limit) refuse("an index or a count is over its limit", "");
	return (int)value;
}

static char *text(char **line) {
	const char *word = next(line);
	char *decoded = malloc(strlen(word) + 1), *to = decoded;
	if (decoded == NULL) refuse("no memory", "");
	for (const char *from = word; *from != 0; from++) {
		unsigned byte;
		if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 2;
		} else *to++ = *from;
	}
	*to = 0;
	return decoded;
}

static void read_tensor(struct tensor_request *tensor, char **line) {
	tensor->bytes = number(line);
	const char *name = next(line);
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
		if (strcmp(elements[i].name, name) != 0) continue;
		tensor->element = elements[i].element;
		tensor->element_bytes = elements[i].bytes;
		return;
	}
	refuse("unknown element type", name);
}

static void read_dataset(struct request *request, char **line) {
	struct dataset_request *dataset = &request->datasets[below((size_t)request->dataset_count, DATASETS_MAX)];
	for (int i = 0; i < request->input_count; i++) dataset->inputs[i] = text(line);
	for (int i = 0; i < request->output_count; i++) {
		char *path = text(line);
		dataset->expected[i] = strcmp(path, "-") == 0 ? NULL : path;
	}
	request->dataset_count++;
}

static void read_binding(struct request *request, char **line) {
	struct binding_request *binding = &request->bindings[below((size_t)request->binding_count++, BINDINGS_MAX)];
	binding->baseline = below(number(line), request->baseline_count);
	binding->is_output = strcmp(next(line), "output") == 0;
	binding->tensor = below(number(line), binding->is_output ? request->output_count : request->input_count);
	binding->name = text(line);
}

static void read_limits(struct request *request, char **line) {
	request->cpu_seconds = number(line);
	request->address_space_bytes = number(line);
	request->file_bytes = number(line);
}

static void read_budget(struct request *request, char **line) {
	request->budget_milliseconds = (long)number(line);
	request->rounds_min = (int)number(line);
	request->rounds_max = (int)number(line);
	request->quiet_milliseconds = (long)number(line);
}

static void read_candidate(struct request *request, char **line) {
	struct candidate_request *candidate =
		&request->candidates[below((size_t)request->candidate_count++, CANDIDATES_MAX)];
	candidate->id = text(line);
	candidate->library = text(line);
	candidate->prefix = text(line);
	const char *packed_by = next(line);
	candidate->packed_by = strcmp(packed_by, "-") == 0 ? -1 : below((size_t)atoi(packed_by), request->candidate_count - 1);
}

static void read_line(struct request *request, char *line) {
	const char *word = next(&line);
	if (strcmp(word, "mode") == 0) request->mode = strcmp(next(&line), "time") == 0 ? MODE_TIME : MODE_CHECK;
	else if (strcmp(word, "runtime") == 0) request->runtime = text(&line);
	else if (strcmp(word, "threads") == 0) request->threads = below(number(&line), 1024);
	else if (strcmp(word, "limits") == 0) read_limits(request, &line);
	else if (strcmp(word, "budget") == 0) read_budget(request, &line);
	else if (strcmp(word, "weights") == 0) request->shares_weights = strcmp(next(&line), "shared") == 0;
	else if (strcmp(word, "dump") == 0) request->dump = text(&line);
	else if (strcmp(word, "input") == 0) {
		struct tensor_request *input = &request->inputs[below((size_t)request->input_count++, TENSORS_MAX)];
		read_tensor(input, &line);
		input->is_weight = strcmp(next(&line), "weight") == 0;
	}
	else if (strcmp(word, "output") == 0)
		read_tensor(&request->outputs[below((size_t)request->output_count++, TENSORS_MAX)], &line);
	else if (strcmp(word, "dataset") == 0) read_dataset(request, &line);
	else if (strcmp(word, "baseline") == 0)
		request->baselines[below((size_t)request->baseline_count++, BASELINES_MAX)].id = text(&line);
	else if (strcmp(word, "model") == 0) {
		struct baseline_request *baseline = &request->baselines[below(number(&line), request->baseline_count)];
		const int dataset = below(number(&line), DATASETS_MAX);
		baseline->models[dataset] = text(&line);
	} else if (strcmp(word, "bind") == 0) read_binding(request, &line);
	else if (strcmp(word, "candidate") == 0) read_candidate(request, &line);
	else refuse("unknown line", word);
}

void request_read(struct request *request, const char *path) {
	FILE *file = fopen(path, "r");
	if (file == NULL) refuse("cannot be opened", path);
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	while ((length = getline(&line, &capacity, file)) > 0) {
		if (line[length - 1] == '\n') line[length - 1] = 0;
		if (*line != 0) read_line(request, line);
	}
	free(line);
	fclose(file);
}

static double half_value(uint16_t bits) {
	const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
	const double sign = bits & 0x8000 ? -1.0 : 1.0;
	if (exponent == 31) return fraction != 0 ? __builtin_nan("") : sign * __builtin_inf();
	const double significand = exponent == 0 ? fraction / 1024.0 : 1.0 + fraction / 1024.0;
	return sign * __builtin_ldexp(significand, (exponent == 0 ? 1 : exponent) - 15);
}

double element_value(enum element element, const void *data, size_t index) {
	switch (element) {
	case ELEMENT_FLOAT32: return ((const float *)data)[index];
	case ELEMENT_FLOAT16: return half_value(((const uint16_t *)data)[index]);
	case ELEMENT_FLOAT64: return ((const double *)data)[index];
	case ELEMENT_INT32: return ((const int32_t *)data)[index];
	case ELEMENT_INT64: return (double)((const int64_t *)data)[index];
	case ELEMENT_UINT8: return ((const uint8_t *)data)[index];
	case ELEMENT_INT8: return ((const int8_t *)data)[index];
	}
	return 0;
}
