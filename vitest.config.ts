import { defineConfig } from "vitest/config";

// OUTSIDE_SUITES names a folder of test inputs that are not part of the repository; tests that need it skip without it.
// Time limits are far above what a starved machine needs: they end what hangs, and judge nothing.
// What takes minutes with them lies in test/outside/ and has vitest.outside.config.ts.
export default defineConfig({
	test: {
		include: ["test/**/*.test.ts"],
		exclude: ["test/outside/**"],
		testTimeout: 180_000,
		hookTimeout: 180_000,
		maxWorkers: 2,
		env: { TEST_SEED: process.env["TEST_SEED"] ?? "20260101" },
	},
});
