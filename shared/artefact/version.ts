/**
 * Version of importing, searching, lowering and measuring together. Part of every cache key: raise it when any of them
 * may answer differently. Lower-case letters, digits, dots and dashes.
 */
export const kilnVersion = "0.7.0";
