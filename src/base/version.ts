/** Version and commit of this build. */

/** Defined by build.ts (`--define`); undefined in a program run from its sources. */
declare const CHAT_VERSION: string | undefined;
declare const CHAT_COMMIT: string | undefined;
declare const CHAT_TARGET: string | undefined;
declare const CHAT_RELEASE_KEY: string | undefined;

/** Version in package.json, or `0.0.0-source`. */
export const VERSION = typeof CHAT_VERSION === "string" ? CHAT_VERSION : "0.0.0-source";

/** Abbreviated commit of the build; empty if unknown. */
export const COMMIT = typeof CHAT_COMMIT === "string" ? CHAT_COMMIT : "";

/** The program's system, such as `linux-x64`; empty if run from its sources. */
export const TARGET = typeof CHAT_TARGET === "string" ? CHAT_TARGET : "";

/** Base64 of the minisign public key that signs releases; empty if the build had none. */
export const RELEASE_KEY = typeof CHAT_RELEASE_KEY === "string" ? CHAT_RELEASE_KEY : "";
