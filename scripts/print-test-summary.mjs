// Prints "N passed, N failed" from vitest's JSON reports, and fails when anything did.
// Usage: node print-test-summary.mjs FAILED_STEPS REPORT…; a failed step that no report accounts for is one failure.
import { existsSync, readFileSync } from "node:fs";

const [failedSteps = "0", ...paths] = process.argv.slice(2);
const reports = paths.map((path) =>
	existsSync(path)
		? JSON.parse(readFileSync(path, "utf8"))
		: { numPassedTests: 0, numFailedTests: 0, success: false },
);
const passed = reports.reduce((sum, { numPassedTests }) => sum + numPassedTests, 0);
// A file that does not load, or a report that was not written, fails no test by itself.
const failedTests = reports.reduce(
	(sum, { numFailedTests, success }) => sum + Math.max(numFailedTests, success ? 0 : 1),
	0,
);
const failedReports = reports.filter(({ success }) => !success).length;
const failed = failedTests + Math.max(Number(failedSteps) - failedReports, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
