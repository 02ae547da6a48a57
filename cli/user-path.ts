import { isAbsolute, resolve } from "node:path";

/**
 * A path as the user meant it. `npm run kiln` changes into the checkout before we start and leaves the user's own folder
 * in INIT_CWD; any other way of starting us does not.
 */
export function userPath(path: string): string {
	if (isAbsolute(path)) return path;
	const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env;
	return script === "kiln" && folder !== undefined ? resolve(folder, path) : resolve(path);
}
