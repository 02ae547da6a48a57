// The Workers entry with the fixture compiler: the whole edge but the compiler, in the real runtime.

import { createApp } from "#functions/app.ts";
import { createEdgeServices } from "#functions/edge-services.ts";
import { parseEnvironment } from "#functions/env.ts";
import { createFixtureCompiler } from "./fixture-compiler.ts";

let app: ReturnType<typeof createApp> | undefined;

export default {
	fetch(request: Request, bindings: Readonly<Record<string, unknown>>): Response | Promise<Response> {
		app ??= createApp(
			createEdgeServices(parseEnvironment(bindings), {
				compiler: createFixtureCompiler(),
				asset: async () => null,
				report: (entry) => console.error(JSON.stringify(entry)),
			}),
		);
		return app.fetch(request);
	},
};
