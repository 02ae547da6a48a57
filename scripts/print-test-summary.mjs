// Prints "N passed, N failed" from vitest's JSON report, and fails when anything did.
// Usage: node print-test-summary.mjs REPORT FAILED_STEPS; a failed step counts as one failure.
import { existsSync, readFileSync } from "node:fs";

const [report = "", failedSteps = "0"] = process.argv.slice(2);
const { numPassedTests, numFailedTests, success } = existsSync(report)
	? JSON.parse(readFileSync(report, "utf8"))
	: { numPassedTests: 0, numFailedTests: 1, success: false };

// The test step has failed too when a test has: it is not counted twice. A suite that does not load fails no test.
const otherFailures = Number(failedSteps) - (success ? 0 : 1);
const failed = Math.max(numFailedTests, success ? 0 : 1) + Math.max(otherFailures, 0);
process.stdout.write(`${numPassedTests} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
