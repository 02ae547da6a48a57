import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Option } from "commander";
import { defaultDataFolder } from "#infra/data-folder.ts";
import { userPath } from "./user-path.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));

/** `--data-folder`: where the embedded stack keeps its cache. */
export function dataFolderOption(): Option {
	return new Option(
		"--data-folder <dir>",
		`cache of the local stack (default: KILN_DATA_FOLDER, or ${defaultDataFolder} in the checkout)`,
	);
}

/** The folder that the option, the environment or the default names, absolute. */
export function dataFolderPath(option: string | undefined): string {
	const named = option ?? process.env.KILN_DATA_FOLDER;
	return named === undefined ? join(checkout, defaultDataFolder) : userPath(named);
}
