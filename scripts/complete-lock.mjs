// Adds to package-lock.json the optional platform packages that npm leaves out where the registry does not serve them:
// `npm ci` refuses a lock that lacks them. Run after every change of dependencies (`npm run lock`).
import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const packages = lock.packages;

const platformOf = (name) => ({
	os: [
		/darwin/.test(name)
			? "darwin"
			: /win(32|dows)/.test(name)
				? "win32"
				: /android/.test(name)
					? "android"
					: /freebsd/.test(name)
						? "freebsd"
						: "linux",
	],
	cpu: [/arm64/.test(name) ? "arm64" : /arm/.test(name) ? "arm" : "x64"],
	...(/musl/.test(name) ? { libc: ["musl"] } : {}),
});

/** Node's resolution: nested first, then every folder above. */
const isLocked = (from, name) => {
	for (let base = from; ; ) {
		if (packages[`${base ? `${base}/` : ""}node_modules/${name}`]) return true;
		if (!base) return false;
		const cut = base.lastIndexOf("/node_modules/");
		base = cut < 0 ? "" : base.slice(0, cut);
	}
};

for (const [path, entry] of Object.entries({ ...packages })) {
	for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
		if (isLocked(path, name)) continue;
		packages[`node_modules/${name}`] = {
			version,
			...platformOf(name),
			...(entry.dev ? { dev: true } : {}),
			optional: true,
		};
		process.stdout.write(`added ${name}@${version}\n`);
	}
}
for (const entry of Object.values(packages)) delete entry.resolved;
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
