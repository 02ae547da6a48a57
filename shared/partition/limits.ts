/**
 * Primitive arithmetic nodes in one island. A query-key normalisation with its attention has 30; beyond that the choices
 * that the search multiplies (cuts, placements) grow faster than what fusing can save.
 */
export const OPERATORS_MAX_DEFAULT = 32;

/** Contractions in one island: each may become a kernel of its own, and the cuts double with each. */
export const CONTRACTIONS_MAX = 6;

/**
 * Contractions one after another. Two is a gated MLP with its down projection, or attention; a third is always cut off
 * into a kernel of its own, so it gains nothing from being searched together.
 */
export const CONTRACTION_DEPTH_MAX = 2;

/** A contraction to at most this many columns, and an eighth of its rows, is a low-rank factor and adds no depth. */
export const LOW_RANK_COLUMNS_MAX = 32;
export const LOW_RANK_RATIO_MIN = 8;

/** Nodes of an island's program, loads and constants included: pieces of a concatenation repeat what is above them. */
export const PROGRAM_NODES_MAX = 96;
