/** Limits of sealed rooms; see limits.ts. Sizes were measured with ts-mls and cipher suite 1. */

const KIB = 1024;

/** Random; a room has one permanent group. */
export const GROUP_ID_BYTES = 16;
/**
 * A commit that adds the 256th device takes 0.3 s, and larger trees are not cached. One commit may
 * add or remove all.
 */
export const GROUP_DEVICES_MAX = 256;
/** Adding 256 devices at once takes 140 KiB, renewing the keys of a cold tree of them 22 KiB. */
export const GROUP_COMMIT_BYTES_MAX = 192 * KIB;
/** Contains the tree and the secrets of all devices added together: 144 KiB for 256 devices. */
export const GROUP_WELCOME_BYTES_MAX = 192 * KIB;
/** With the tree of 256 devices 115 KiB. */
export const GROUP_INFO_BYTES_MAX = 192 * KIB;
/** Remembered commit ids of a room, for a committer that repeats its request. */
export const GROUP_COMMITS_REMEMBERED = 64;
/** A text of 64 KiB as JSON, padded to the next power of two, and its frame. */
export const SEALED_BYTES_MAX = 516 * KIB;
/** A key package of suite 1 with a device certificate has about 700 bytes. */
export const KEY_PACKAGE_BYTES_MAX = 2 * KIB;
/** Unused key packages of a device: one for each room it is added to while offline. */
export const KEY_PACKAGES_MAX = 50;
/** Below this the server asks the device for more. */
export const KEY_PACKAGES_LOW = 10;
/**
 * Key packages that one account may take of another's in an hour, so that some are left for others.
 */
export const KEY_PACKAGES_PER_HOUR = 10;
/**
 * Key packages that one account may take in an hour in total: enough to invite a full room twice.
 */
export const KEY_PACKAGES_PER_HOUR_ALL = 500;
/** A new device has uploaded some by then, even over a slow link. */
export const KEY_PACKAGE_WAIT_MS = 3_000;
/** Pairs of accounts for which takes are counted; beyond it the longest idle is forgotten. */
export const KEY_PACKAGE_PAIRS_MAX = 10_000;

/** Random: a guessed lease would only make its owner rejoin. */
export const LEASE_BYTES = 16;
/** Upper bound of the count of leases: one at each log-in for a million years. */
export const LEASE_COUNT_MAX = 2 ** 40;

// State of a device.
/** Admins of a room, in the policy that its members sign. */
export const GROUP_ADMINS_MAX = 64;
export const GROUP_POLICY_BYTES_MAX = 4 * KIB;
/** The state of 256 devices has 150 KiB, and 2.5 MiB if each has made all store keys for it. */
export const GROUP_STATE_BYTES_MAX = 4096 * KIB;
/** A text of 64 KiB as JSON with its mentions; padded it has 512 KiB. */
export const SEALED_BODY_BYTES_MAX = 448 * KIB;
/** Minimum padded size of a message's content; longer ones are padded to a power of two. */
export const SEALED_PADDED_BYTES_MIN = 256;
/** Messages of one device that a reader may have missed inside one epoch. */
export const SEALED_SKIPPED_MAX = 2_000;
/**
 * Stored keys of skipped messages of one device until the epoch ends: a process's messages may
 * overtake all that another process has in flight, which is OUTBOX_IN_FLIGHT_MAX.
 */
export const SEALED_SKIPPED_KEYS_MAX = 256;
/** A device that returns within a season can still be added. */
export const KEY_PACKAGE_MS = 90 * 86_400_000;
/** A server does not hand out packages about to expire, and asks for new ones. */
export const KEY_PACKAGE_KEEP_MS = 80 * 86_400_000;
/** A key package is valid from a day before its creation: clocks differ. */
export const KEY_PACKAGE_SKEW_MS = 86_400_000;
/** Chunks of one sealed file: the counter in the nonce has 32 bits. */
export const SEALED_FILE_CHUNKS_MAX = 2 ** 32;
/** Time limit of a transaction: other processes of the same home wait for it. */
export const SEALED_TRANSACTION_MS = 500;
/** Ciphertexts of one post: it is encrypted again for each epoch in which it is tried. */
export const SEALED_TRIES_MAX = 32;
/**
 * Rejoins of a folder within this time. More means that two machines use copies of it, and that
 * each would remove the other endlessly.
 */
export const REJOINS_MAX = 3;
export const REJOINS_WINDOW_MS = 60 * 60_000;
/** A device renews its keys in its rooms after a week, … */
export const RENEW_MS = 7 * 86_400_000;
/** … plus up to a day, so that the devices of a room do not do it simultaneously, … */
export const RENEW_JITTER_MS = 86_400_000;
/** … or after this many messages of its own in a room. */
export const RENEW_MESSAGES = 1_000;
/** Interval at which a connected client checks whether keys are due. */
export const RENEW_CHECK_INTERVAL_MS = 6 * 60 * 60_000;
/** AES-256 key that encrypts a device's stored data of sealed rooms. */
export const STATE_KEY_BYTES = 32;
/**
 * Ranges of counts that a message declares as unsettled: one or two posts are in flight, and each
 * permanently refused one splits a range until its count is used again.
 */
export const SEALED_UNSETTLED_MAX = 16;
/** Claims of devices about the server's history: one of each device in the rooms of an account. */
export const CLAIMS_KNOWN_MAX = 1_024;
/** Unanswered claims after which the users of a server are warned. */
export const CLAIM_TRIES_MAX = 4;
