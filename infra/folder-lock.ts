// One process a data folder: a lock file that names its owner. A lock whose owner is gone is stale and is taken over.

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Who holds a folder. `url` is set once a long-lived stack (`kiln serve`) answers there, so that others can use it. */
export interface LockOwner {
	readonly pid: number;
	/** The owner's start time in clock ticks since boot; null where /proc does not tell. Tells a reused pid apart. */
	readonly startTicks: string | null;
	readonly url: string | null;
}

export interface FolderLock {
	/** Publishes the stack's address to other processes. */
	announce(url: string): void;
	release(): void;
}

export type LockOutcome =
	| { readonly kind: "locked"; readonly lock: FolderLock }
	| { readonly kind: "held"; readonly owner: LockOwner };

/** Takes the folder's lock, or says who has it. Never waits. */
export function lockFolder(folder: string): LockOutcome {
	const path = join(folder, "lock");
	const mine = `${path}.${process.pid}`;
	const owner = { pid: process.pid, startTicks: startTicksOf(process.pid), url: null };
	writeFileSync(mine, JSON.stringify(owner));
	try {
		for (let attempt = 0; attempt < 3; attempt++) {
			if (linkUnlessThere(mine, path)) return { kind: "locked", lock: heldLock(path, owner) };
			const holder = readOwner(path);
			if (holder !== null && isAlive(holder)) return { kind: "held", owner: holder };
			setAside(path, holder);
		}
	} finally {
		rmSync(mine, { force: true });
	}
	throw new Error(`the lock ${path} changes hands faster than it can be taken`);
}

/** The living owner of the folder's lock, or null. */
export function folderOwner(folder: string): LockOwner | null {
	const owner = readOwner(join(folder, "lock"));
	return owner !== null && isAlive(owner) ? owner : null;
}

/** False: the name is taken. Linking is atomic on every file system that has hard links. */
export function linkUnlessThere(from: string, to: string): boolean {
	try {
		linkSync(from, to);
		return true;
	} catch (error) {
		if (isErrno(error, "EEXIST")) return false;
		throw error;
	}
}

/** Moves a stale lock out of the way; if another process replaced it meanwhile, its living lock is put back. */
function setAside(path: string, stale: LockOwner | null): void {
	const aside = `${path}.stale.${process.pid}`;
	try {
		renameSync(path, aside);
	} catch (error) {
		if (isErrno(error, "ENOENT")) return;
		throw error;
	}
	const moved = readOwner(aside);
	if (moved !== null && moved.pid !== stale?.pid && isAlive(moved)) linkUnlessThere(aside, path);
	rmSync(aside, { force: true });
}

function heldLock(path: string, owner: LockOwner): FolderLock {
	return {
		announce: (url) => {
			const next = `${path}.next.${process.pid}`;
			writeFileSync(next, JSON.stringify({ ...owner, url }));
			renameSync(next, path);
		},
		release: () => {
			if (readOwner(path)?.pid === process.pid) rmSync(path, { force: true });
		},
	};
}

function readOwner(path: string): LockOwner | null {
	try {
		const owner: unknown = JSON.parse(readFileSync(path, "utf8"));
		if (typeof owner !== "object" || owner === null || !("pid" in owner) || typeof owner.pid !== "number") {
			return null;
		}
		const startTicks =
			"startTicks" in owner && typeof owner.startTicks === "string" ? owner.startTicks : null;
		const url = "url" in owner && typeof owner.url === "string" ? owner.url : null;
		return { pid: owner.pid, startTicks, url };
	} catch (error) {
		// Missing, or torn by a crash while it was written: nobody's lock either way.
		if (isErrno(error, "ENOENT") || error instanceof SyntaxError) return null;
		throw error;
	}
}

function isAlive(owner: LockOwner): boolean {
	try {
		process.kill(owner.pid, 0);
	} catch (error) {
		return isErrno(error, "EPERM");
	}
	return owner.startTicks === null || startTicksOf(owner.pid) === owner.startTicks;
}

/** Field 22 of /proc/PID/stat (proc(5)); the name in field 2 may hold spaces, so counting starts behind its bracket. */
function startTicksOf(pid: number): string | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
	} catch {
		// No /proc on this system, or the process has gone: the pid alone must do.
		return null;
	}
}

function isErrno(error: unknown, code: string): boolean {
	return error instanceof Error && "code" in error && error.code === code;
}
