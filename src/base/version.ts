/** Version and commit of this build. */

/** Defined by build.ts (`--define`); undefined in a program that runs from its sources. */
declare const CHAT_VERSION: string | undefined;
declare const CHAT_COMMIT: string | undefined;
declare const CHAT_TARGET: string | undefined;
declare const CHAT_RELEASE_KEY: string | undefined;

export const VERSION = typeof CHAT_VERSION === "string" ? CHAT_VERSION : "0.0.0-source";

export const COMMIT = typeof CHAT_COMMIT === "string" ? CHAT_COMMIT : "";

/** Such as `chat/0.2.0+5ccab81b`, in the format of semantic versions. */
export const PROGRAM = `chat/${VERSION}${COMMIT === "" ? "" : `+${COMMIT}`}`;

/** Such as `linux-x64`; empty in a program that runs from its sources. */
export const TARGET = typeof CHAT_TARGET === "string" ? CHAT_TARGET : "";

/** Minisign public key for releases, in base64; empty if the build had no key. */
export const RELEASE_KEY = typeof CHAT_RELEASE_KEY === "string" ? CHAT_RELEASE_KEY : "";
