#!/usr/bin/env node
// Starts the command line under the Node that the packages bring, installing them first where that has not happened.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const installed = spawnSync(process.execPath, [`${root}scripts/ensure-installed.mjs`], {
	stdio: ["ignore", 2, 2],
});
if (installed.status !== 0) process.exit(installed.status ?? 1);

const bundled = `${root}node_modules/.bin/node`;
const node = existsSync(bundled) ? bundled : process.execPath;
const child = spawn(node, [`${root}cli/main.ts`, ...process.argv.slice(2)], { stdio: "inherit" });
// A terminal sends Ctrl-C to both; a signal to this process alone is passed on. Either way the child decides the end.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
