import type { MuGraphView } from "./view.ts";

/** Kernels that show a trait; none when the µGraph does not have it. */
export type TraitRule = (view: MuGraphView) => readonly number[];
