import { describe, expect, test } from "vitest";
import { parseEnvironment } from "#functions/env.ts";

const complete = {
	KILN_S3_ENDPOINT: "http://127.0.0.1:9000",
	KILN_S3_BUCKET: "kiln",
	KILN_S3_ACCESS_KEY_ID: "id",
	KILN_S3_SECRET_ACCESS_KEY: "secret-value",
	KILN_SQS_ENDPOINT: "http://127.0.0.1:9001",
	KILN_SQS_QUEUE_CPU: "http://127.0.0.1:9001/000000000000/q",
};

describe("parseEnvironment", () => {
	test("fills in what has a default and reads numbers from text", () => {
		const parsed = parseEnvironment({ ...complete, KILN_JOB_DEADLINE_SECONDS: "60", ASSETS: {} });
		expect(parsed).toMatchObject({ KILN_JOB_DEADLINE_SECONDS: 60, KILN_SWEEP_QUEUED_SECONDS: 60 });
	});

	test.each([
		["KILN_S3_BUCKET", undefined],
		["KILN_S3_ENDPOINT", "not a url"],
		["KILN_JOB_DEADLINE_SECONDS", "-1"],
		["KILN_SIGNING_PUBLIC_KEYS", "{"],
		["KILN_SIGNING_PUBLIC_KEYS", '{"k":"short"}'],
	])("names %s when it is wrong, and no value", (name, value) => {
		const parse = () => parseEnvironment({ ...complete, [name]: value });
		expect(parse).toThrow(name);
		expect(parse).not.toThrow("secret-value");
	});
});
