// The little of the Workers runtime's own module that worker.ts uses; the published types clash with Node's.

declare module "cloudflare:workers" {
	/** Base of a named entry point: reachable through service bindings that name it, never from outside. */
	export abstract class WorkerEntrypoint {
		fetch?(request: Request): Response | Promise<Response>;
	}
}
