// The caller's side: calls through a service binding.

import { encodeSearchCall, type SearchCall } from "#shared/protocol/search-call.ts";

/** What a service binding is to its caller. */
export interface SearchBinding {
	fetch(url: string, init: RequestInit): Promise<Response>;
}

/** Sends a call and gives the answer's text. Rejects when none came in time, for whatever reason. */
export type SendSearchCall = (call: SearchCall) => Promise<string>;

/** Never resolved: a binding knows its callee. */
const callUrl = "https://search.invalid/call";

export function createSendSearchCall(binding: SearchBinding, timeoutMilliseconds: number): SendSearchCall {
	return async (call) => {
		const response = await binding.fetch(callUrl, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: encodeSearchCall(call),
			signal: AbortSignal.timeout(timeoutMilliseconds),
		});
		const text = await response.text();
		if (response.ok) return text;
		throw new Error(`status ${response.status}: ${text.slice(0, 500)}`);
	};
}
