import { Option } from "commander";
import { defaultTolerance, toleranceIds } from "#shared/artefact/tolerance.ts";

/** `--tolerance`: nothing coarser than the default is ever given to who does not ask for it. */
export function toleranceOption(): Option {
	const help =
		"how far results may be off; bfloat16-1e-2: weights and what they are multiplied with may be rounded to " +
		"bfloat16 inside products, for up to 1e-2 relative error; never without this flag";
	return new Option("--tolerance <id>", help).choices(toleranceIds).default(defaultTolerance);
}
