// What every ArtefactStore promises. Called for each implementation.

import { expect, test } from "vitest";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

const absent = { kind: "absent" } as const;
const always = { kind: "always" } as const;

/** `makeStore` gives the store; tests use keys of their own, so that one store serves all. */
export function describeStoreContract(makeStore: () => ArtefactStore): void {
	let made = 0;
	const freshPrefix = (): string => `contract/${Date.now().toString(36)}-${++made}/`;
	const setUp = () => ({ store: makeStore(), prefix: freshPrefix() });

	test("gives back the bytes that were put, with the etag of the put", async () => {
		const { store, prefix } = setUp();
		const put = await store.put(`${prefix}a`, Uint8Array.from([0, 255, 10]), always);
		const got = await store.get(`${prefix}a`);
		expect(got?.bytes).toEqual(Uint8Array.from([0, 255, 10]));
		expect(put).toEqual({ kind: "stored", etag: got?.etag });
		expect(await store.head(`${prefix}a`)).toEqual({ bytesCount: 3, etag: got?.etag });
	});

	test("keeps an object without bytes apart from none", async () => {
		const { store, prefix } = setUp();
		await store.put(`${prefix}empty`, new Uint8Array(), absent);
		expect((await store.get(`${prefix}empty`))?.bytes.length).toBe(0);
		expect(await store.get(`${prefix}nothing`)).toBeNull();
		expect(await store.head(`${prefix}nothing`)).toBeNull();
	});

	test("a put on condition of absence never overwrites", async () => {
		const { store, prefix } = setUp();
		await store.put(`${prefix}a`, bytesOf("first"), absent);
		expect(await store.put(`${prefix}a`, bytesOf("second"), absent)).toEqual({ kind: "exists" });
		expect(textOf((await store.get(`${prefix}a`))?.bytes)).toBe("first");
	});

	test("of twenty puts on condition of absence at once exactly one wins", async () => {
		const { store, prefix } = setUp();
		const outcomes = await Promise.all(
			Array.from({ length: 20 }, (_, index) =>
				store.put(`${prefix}race`, bytesOf(`writer ${index}`), absent),
			),
		);
		const winners = outcomes.flatMap((outcome, index) => (outcome.kind === "stored" ? [index] : []));
		expect(winners).toHaveLength(1);
		expect(textOf((await store.get(`${prefix}race`))?.bytes)).toBe(`writer ${winners[0]}`);
	});

	test("a compare-and-swap works once for each state", async () => {
		const { store, prefix } = setUp();
		const first = await store.put(`${prefix}a`, bytesOf("1"), always);
		const etag = first.kind === "stored" ? first.etag : "";
		const swapped = await store.put(`${prefix}a`, bytesOf("2"), { kind: "matches", etag });
		expect(swapped.kind).toBe("stored");
		expect(await store.put(`${prefix}a`, bytesOf("3"), { kind: "matches", etag })).toEqual({
			kind: "changed",
		});
		expect(textOf((await store.get(`${prefix}a`))?.bytes)).toBe("2");
	});

	test("a compare-and-swap of what is gone reports a change", async () => {
		const { store, prefix } = setUp();
		const etag = '"0123456789abcdef0123456789abcdef"';
		const outcome = await store.put(`${prefix}gone`, bytesOf("x"), { kind: "matches", etag });
		expect(outcome).toEqual({ kind: "changed" });
		expect(await store.get(`${prefix}gone`)).toBeNull();
	});

	test("eight writers that count by compare-and-swap lose no step", async () => {
		const { store, prefix } = setUp();
		await store.put(`${prefix}count`, bytesOf("0"), absent);
		const increment = async (): Promise<void> => {
			for (;;) {
				const now = await store.get(`${prefix}count`);
				const next = bytesOf(String(Number(textOf(now?.bytes)) + 1));
				const put = await store.put(`${prefix}count`, next, { kind: "matches", etag: now?.etag ?? "" });
				if (put.kind === "stored") return;
			}
		};
		await Promise.all(Array.from({ length: 8 }, increment));
		expect(textOf((await store.get(`${prefix}count`))?.bytes)).toBe("8");
	});

	test("lists keys of a prefix in order, page by page, and no others", async () => {
		const { store, prefix } = setUp();
		for (const name of ["c", "a", "b/1", "b"]) await store.put(`${prefix}l/${name}`, bytesOf("x"), always);
		await store.put(`${prefix}m`, bytesOf("x"), always);
		const all = ["a", "b", "b/1", "c"].map((name) => `${prefix}l/${name}`);
		expect(await store.list(`${prefix}l/`, 10)).toEqual(all);
		expect(await store.list(`${prefix}l/`, 2)).toEqual(all.slice(0, 2));
		expect(await store.list(`${prefix}l/`, 10, all[1])).toEqual(all.slice(2));
		expect(await store.list(`${prefix}none/`, 10)).toEqual([]);
	});

	test("removes, and removing what is gone is no error", async () => {
		const { store, prefix } = setUp();
		await store.put(`${prefix}a`, bytesOf("x"), always);
		await store.remove(`${prefix}a`);
		await store.remove(`${prefix}a`);
		expect(await store.get(`${prefix}a`)).toBeNull();
	});

	test("holds no reference to the caller's bytes", async () => {
		const { store, prefix } = setUp();
		const bytes = bytesOf("abc");
		await store.put(`${prefix}a`, bytes, always);
		bytes.fill(0);
		const got = await store.get(`${prefix}a`);
		got?.bytes.fill(1);
		expect(textOf((await store.get(`${prefix}a`))?.bytes)).toBe("abc");
	});
}
