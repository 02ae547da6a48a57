// kiln doctor: what this machine lacks to run Kiln, one line a check, with the remedy.

import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { folderOwner } from "#infra/folder-lock.ts";
import type { AddCommand, CommandContext } from "../command-context.ts";
import { dataFolderOption, dataFolderPath } from "../data-folder-option.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { bestLocalTarget } from "../local-target.ts";

interface Check {
	readonly name: string;
	readonly status: "ok" | "warn" | "fail";
	readonly found: string;
	/** Empty when the status is ok. */
	readonly remedy: string;
}

const nodeMajorMin = 24;

export const addDoctor: AddCommand = (program, run) => {
	program
		.command("doctor")
		.description("what this machine lacks to run Kiln")
		.addOption(dataFolderOption())
		.addHelpText("after", "\nExample:\n  kiln doctor --json")
		.action((options: { dataFolder?: string }) =>
			run((context) => doctor(dataFolderPath(options.dataFolder), context)),
		);
};

async function doctor(dataFolder: string, { terminal }: CommandContext): Promise<ExitCode> {
	const checks = [
		checkNode(),
		await checkCompiler(),
		checkOnnxRuntime(),
		await checkCpu(),
		await checkLoopback(),
		checkDataFolder(dataFolder),
	];
	const width = Math.max(...checks.map(({ name }) => name.length));
	for (const { name, status, found, remedy } of checks) {
		terminal.print(
			`${status.padEnd(4)}  ${name.padEnd(width)}  ${found}${remedy === "" ? "" : `; ${remedy}`}`,
		);
	}
	const isHealthy = checks.every(({ status }) => status !== "fail");
	terminal.printJson({ healthy: isHealthy, checks });
	return isHealthy ? exitCodes.ok : exitCodes.gateFailed;
}

const ok = (name: string, found: string): Check => ({ name, status: "ok", found, remedy: "" });
const fail = (name: string, found: string, remedy: string): Check => ({
	name,
	status: "fail",
	found,
	remedy,
});
const warn = (name: string, found: string, remedy: string): Check => ({
	name,
	status: "warn",
	found,
	remedy,
});

function checkNode(): Check {
	const found = process.versions.node;
	return Number(found.split(".")[0]) >= nodeMajorMin
		? ok("node", found)
		: fail("node", found, `Node ${nodeMajorMin} is needed: start by \`npm run kiln\` or install it`);
}

async function checkCompiler(): Promise<Check> {
	const named = process.env.CC;
	for (const compiler of named === undefined ? ["gcc", "clang", "cc"] : [named]) {
		try {
			const { stdout } = await promisify(execFile)(compiler, ["--version"], { timeout: 10_000 });
			return ok("compiler", stdout.split("\n")[0] ?? compiler);
		} catch {
			// Not this one; the next may be there.
		}
	}
	return fail(
		"compiler",
		named ?? "none",
		"install gcc 12 or newer, or clang (`apt install gcc`), or set CC",
	);
}

function checkOnnxRuntime(): Check {
	const root = fileURLToPath(new URL("../../node_modules/onnxruntime-node/bin", import.meta.url));
	const folder = existsSync(root)
		? readdirSync(root)
				.map((api) => join(root, api, process.platform, process.arch))
				.find((candidate) => existsSync(candidate))
		: undefined;
	const library =
		folder === undefined ? undefined : readdirSync(folder).find((name) => name.startsWith("libonnxruntime"));
	return library === undefined
		? fail(
				"onnxruntime",
				`no library for ${process.platform} ${process.arch}`,
				"the runner cannot time a baseline here",
			)
		: ok("onnxruntime", library);
}

async function checkCpu(): Promise<Check> {
	const target = await bestLocalTarget();
	return target === null
		? warn("cpu", "no known target", "kernels cannot be run here; name --target to have them made elsewhere")
		: ok("cpu", target);
}

function checkLoopback(): Promise<Check> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once("error", (error) =>
			resolve(fail("ports", error.message, "the local stack listens on 127.0.0.1; allow it")),
		);
		server.listen(0, "127.0.0.1", () =>
			server.close(() => resolve(ok("ports", "127.0.0.1 can be listened on"))),
		);
	});
}

function checkDataFolder(path: string): Check {
	try {
		mkdirSync(path, { recursive: true, mode: 0o700 });
		accessSync(path, constants.W_OK);
	} catch (error) {
		return fail("data folder", String(error), "name another with --data-folder or KILN_DATA_FOLDER");
	}
	const owner = folderOwner(path);
	return owner === null
		? ok("data folder", path)
		: warn(
				"data folder",
				`${path} is in use by process ${owner.pid}`,
				"a second stack needs a folder of its own",
			);
}
