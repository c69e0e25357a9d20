/** Bounds of sealed rooms; see limits.ts. Sizes were measured with ts-mls and cipher suite 1. */

const KIB = 1024;

/** Random; a room has one group for good. */
export const GROUP_ID_BYTES = 16;
/**
 * A commit that adds the 256th device is 0.3 s of work, and trees of more are not kept warm. One
 * commit may add or remove all.
 */
export const GROUP_DEVICES_MAX = 256;
/** Adding 256 devices at once takes 86 KiB, renewing the keys of a cold tree of them 22 KiB. */
export const GROUP_COMMIT_BYTES_MAX = 192 * KIB;
/** Carries the tree and the secrets of all that come in at once: 90 KiB for 256 devices. */
export const GROUP_WELCOME_BYTES_MAX = 192 * KIB;
/** With the tree of 256 devices 63 KiB. */
export const GROUP_INFO_BYTES_MAX = 192 * KIB;
/** Commits of a room whose ids are remembered, for a committer that asks again. */
export const GROUP_COMMITS_REMEMBERED = 64;
/** A text of 64 KiB as JSON, padded to the next power of two, and its frame. */
export const SEALED_BYTES_MAX = 516 * KIB;
/** A key package of suite 1 with a device certificate has about 700 bytes. */
export const KEY_PACKAGE_BYTES_MAX = 2 * KIB;
/** What a device keeps in stock: one for each that lets it in while it is away. */
export const KEY_PACKAGES_MAX = 50;
/** Fewer than this are left: the device is asked for more. */
export const KEY_PACKAGES_LOW = 10;
/** One account takes so many of another's in an hour: it cannot use up what others need. */
export const KEY_PACKAGES_PER_HOUR = 10;
/** Pairs of accounts for which that is counted; beyond it the longest idle is forgotten. */
export const KEY_PACKAGE_PAIRS_MAX = 10_000;
