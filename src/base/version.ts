/** Set by build.ts (`--define`); a program run from its sources has none of them. */
declare const CHAT_VERSION: string | undefined;
declare const CHAT_COMMIT: string | undefined;

/** The version of package.json, or `0.0.0-source`. */
export const VERSION = typeof CHAT_VERSION === "string" ? CHAT_VERSION : "0.0.0-source";

/** The commit it was built from, shortened; empty when unknown. */
export const COMMIT = typeof CHAT_COMMIT === "string" ? CHAT_COMMIT : "";
