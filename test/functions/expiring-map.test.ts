import { describe, expect, test } from "vitest";
import { createExpiringMap } from "#functions/caching/expiring-map.ts";

const setUp = (weightMax: number) => {
	let now = 0;
	const map = createExpiringMap<string>({
		milliseconds: 100,
		weightMax,
		weigh: (value) => value.length,
		now: () => now,
	});
	return { map, advance: (milliseconds: number) => (now += milliseconds) };
};

describe("a map whose entries lapse", () => {
	test("gives what was set until its time is over, counted from the last set", () => {
		const { map, advance } = setUp(10);
		map.set("a", "1");
		advance(60);
		map.set("a", "2");
		advance(60);
		expect(map.get("a")).toBe("2");
		advance(40);
		expect(map.get("a")).toBeUndefined();
	});

	test("never holds more than its weight, and lets the oldest go first", () => {
		const { map } = setUp(5);
		for (const key of ["a", "b", "c"]) map.set(key, "xx");
		expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([undefined, "xx", "xx"]);
		map.set("d", "xxxxx");
		expect([map.get("b"), map.get("c"), map.get("d")]).toEqual([undefined, undefined, "xxxxx"]);
	});

	test("does not keep what is heavier than the whole, nor what it replaces", () => {
		const { map } = setUp(3);
		map.set("a", "xx");
		map.set("a", "xxxx");
		expect(map.get("a")).toBeUndefined();
		map.set("b", "xxx");
		expect(map.get("b")).toBe("xxx");
	});

	test("replacing and deleting give the weight back", () => {
		const { map } = setUp(4);
		for (let time = 0; time < 10; time++) map.set("a", "xx");
		map.set("b", "xx");
		expect(map.get("a")).toBe("xx");
		map.delete("a");
		map.set("c", "xx");
		expect(map.get("b")).toBe("xx");
	});
});
