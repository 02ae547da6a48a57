import { describe, expect, test } from "vitest";
import { createTestEdge } from "./support/test-edge.ts";

/** Paths of openapi.json against the list of operations. */
const operations = [
	"post /v1/models",
	"get /v1/models/{id}",
	"post /v1/uploads",
	"post /v1/uploads/{id}/complete",
	"post /v1/analyses",
	"post /v1/optimizations",
	"get /v1/optimizations/{id}",
	"get /v1/optimizations/{id}/attempts",
	"get /v1/optimizations/{id}/result",
	"get /v1/kernels/{key}",
	"get /v1/blobs/{sha256}",
	"head /v1/blobs/{sha256}",
	"get /v1/targets",
	"get /healthz",
	"get /readyz",
];

interface Operation {
	readonly operationId: string;
	readonly security?: readonly unknown[];
	readonly responses: Readonly<Record<string, unknown>>;
	readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

interface Contract {
	readonly openapi: string;
	readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
	readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

const readContract = async (): Promise<Contract> => {
	const edge = await createTestEdge();
	return (await edge.call("GET", "/openapi.json", { key: null })).json();
};

const operationsOf = (contract: Contract) =>
	Object.entries(contract.paths).flatMap(([path, item]) =>
		Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
	);

describe("openapi.json", () => {
	test("is OpenAPI 3.1 with every operation", async () => {
		const contract = await readContract();
		expect(contract.openapi).toMatch(/^3\.1\./);
		const named = operationsOf(contract).map(({ method, path }) => `${method} ${path}`);
		expect(named.sort()).toEqual([...operations].sort());
	});

	test("names each operation once, secures all under /v1 and tells every one's problems", async () => {
		const all = operationsOf(await readContract());
		expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
		for (const { path, operation } of all.filter((entry) => entry.path.startsWith("/v1"))) {
			expect([path, operation.security]).toEqual([path, [{ bearer: [] }]]);
			expect(operation.responses).toHaveProperty("default");
		}
	});

	test("declares every parameter that a path has", async () => {
		for (const { path, operation } of operationsOf(await readContract())) {
			const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
			const declared = (operation.parameters ?? []).filter((one) => one.in === "path");
			expect(declared.map((one) => one.name)).toEqual(inPath);
		}
	});

	test("every reference leads to a schema, and none is nameless where it has a name", async () => {
		const contract = await readContract();
		const references = [...JSON.stringify(contract).matchAll(/"#\/components\/schemas\/(\w+)"/g)];
		expect(references.length).toBeGreaterThan(10);
		for (const [, name = ""] of references) expect(contract.components.schemas).toHaveProperty(name);
	});
});

describe("/docs", () => {
	test("loads nothing from elsewhere", async () => {
		const edge = await createTestEdge();
		const response = await edge.call("GET", "/docs", { key: null });
		expect(response.headers.get("content-security-policy")).toContain("connect-src 'self'");
		const page = await response.text();
		expect(page).toMatch(/"?withDefaultFonts"?:\s*false/);
		expect(page).toContain("/assets/scalar.js");
		expect([...page.matchAll(/(?:src|href)="(?:https?:)?\/\//g)]).toEqual([]);
	});

	test("its script is served from the services' assets, and is 404 where there is none", async () => {
		const body = new TextEncoder().encode("script");
		const asset = { body, contentType: "text/javascript" };
		const edge = await createTestEdge({
			asset: async (path) => (path === "/assets/scalar.js" ? asset : null),
		});
		const response = await edge.call("GET", "/assets/scalar.js", { key: null });
		expect(response.headers.get("content-type")).toBe("text/javascript");
		expect(await response.text()).toBe("script");
		const bare = await createTestEdge();
		expect((await bare.call("GET", "/assets/scalar.js", { key: null })).status).toBe(404);
	});
});
