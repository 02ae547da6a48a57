import { defineConfig } from "vitest/config";

// Whole models of the outside suites through a real local stack: minutes, so apart from `npm test`. One file at a time:
// each measures, and two runners on two cores would only disturb each other.
export default defineConfig({
	test: {
		include: ["test/outside/**/*.test.ts"],
		testTimeout: 600_000,
		hookTimeout: 120_000,
		fileParallelism: false,
		maxConcurrency: 2,
		env: { TEST_SEED: process.env["TEST_SEED"] ?? "20260101" },
	},
});
