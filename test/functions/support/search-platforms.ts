import type { SearchPlatform } from "#functions/models/compile-model.ts";
import { answerSearchCall } from "#functions/search/answer-search-call.ts";
import type { SearchBinding } from "#functions/search/search-binding.ts";

/** No binding: everything is computed in the request itself. */
export const computeHere: SearchPlatform = { send: null, widthMax: 8, report: () => {} };

/** A binding to the entry point in this process, as the Workers runtime makes one between isolates. */
export const bindingHere: SearchBinding = {
	fetch: (url, init) => answerSearchCall(new Request(url, init)),
};
