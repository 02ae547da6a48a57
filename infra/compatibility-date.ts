/** Of the Workers runtime. Not newer than the date of the workerd that the lock file pins; wrangler.toml says the same. */
export const compatibilityDate = "2026-07-30";
