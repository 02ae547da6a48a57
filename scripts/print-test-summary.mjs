// Prints what failed, and "N passed, N failed", from vitest's JSON reports; fails when anything did.
// Usage: node print-test-summary.mjs FAILED_STEPS REPORT...; a failed step counts as one failure.
import { existsSync, readFileSync } from "node:fs";

const [failedSteps = "0", ...paths] = process.argv.slice(2);
const reports = paths.map((path) =>
	existsSync(path)
		? JSON.parse(readFileSync(path, "utf8"))
		: { numPassedTests: 0, numFailedTests: 1, success: false },
);
const sum = (count) => reports.reduce((total, report) => total + count(report), 0);

// A test step has failed too when a test has: it is not counted twice. A suite that does not load fails no test.
const otherFailures = Number(failedSteps) - sum(({ success }) => (success ? 0 : 1));
const failed =
	sum(({ numFailedTests, success }) => Math.max(numFailedTests, success ? 0 : 1)) +
	Math.max(otherFailures, 0);
for (const { name, assertionResults = [] } of reports.flatMap(({ testResults = [] }) => testResults)) {
	for (const { status, fullName, failureMessages = [] } of assertionResults) {
		if (status === "failed")
			process.stdout.write(`failed: ${name}: ${fullName}\n${failureMessages.join("\n").slice(0, 2000)}\n`);
	}
}
if (otherFailures > 0) process.stdout.write(`failed: ${otherFailures} other steps\n`);
process.stdout.write(`${sum(({ numPassedTests }) => numPassedTests)} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
