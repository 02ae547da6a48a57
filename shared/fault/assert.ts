/** Our own fault: a broken invariant. Never thrown for anything a user can cause. */
export class AssertionError extends Error {
	override readonly name = "AssertionError";
}

/** Throws `AssertionError` when `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
	if (!condition) throw new AssertionError(message);
}

/** The value, or an `AssertionError` when it is missing: for indices that an invariant guarantees. */
export function present<T>(value: T | undefined | null, message: string): T {
	if (value === undefined || value === null) throw new AssertionError(message);
	return value;
}

/** Exhaustiveness: compiles only when every case of a union is handled. */
export function unreachable(value: never): never {
	throw new AssertionError(`unreachable case: ${JSON.stringify(value)}`);
}
