/** HTTP statuses of a proxy whose server does not answer, for example while it restarts. */
export const PROXY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);
