// Writes docs/operators.md from the importer's own tables. A test fails when the file is stale.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeOperators } from "#shared/onnx/describe-operators.ts";

writeFileSync(join(import.meta.dirname, "..", "docs", "operators.md"), describeOperators());
