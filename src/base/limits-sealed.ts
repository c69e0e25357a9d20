/** Limits of sealed rooms; see limits.ts. Sizes are measurements with ts-mls and cipher suite 1. */

const KIB = 1024;

/** Random id. A room keeps one group permanently. */
export const GROUP_ID_BYTES = 16;
/**
 * Maximum devices of a group. A commit that adds the 256th takes 0.3 s, and larger trees are not
 * cached. One commit can add or remove all devices.
 */
export const GROUP_DEVICES_MAX = 256;
/**
 * Maximum size of a commit. Adding 256 devices takes 140 KiB, a key update in a tree without cached
 * keys 22 KiB.
 */
export const GROUP_COMMIT_BYTES_MAX = 192 * KIB;
/**
 * Maximum size of a welcome: the tree and the secrets of all added devices, 144 KiB for 256
 * devices.
 */
export const GROUP_WELCOME_BYTES_MAX = 192 * KIB;
/** Maximum size of a GroupInfo: 115 KiB with the tree of 256 devices. */
export const GROUP_INFO_BYTES_MAX = 192 * KIB;
/** Commit ids of a room that the server remembers, to recognise a repeated request. */
export const GROUP_COMMITS_REMEMBERED = 64;
/**
 * Maximum ciphertext of a message: a text of 64 KiB as JSON, padded to a power of two, and its
 * frame.
 */
export const SEALED_BYTES_MAX = 516 * KIB;
/**
 * Maximum size of a key package. With suite 1 and a device certificate it takes about 700 bytes.
 */
export const KEY_PACKAGE_BYTES_MAX = 2 * KIB;
/** Unused key packages of a device. Each room that it is added to while offline consumes one. */
export const KEY_PACKAGES_MAX = 50;
/** The server requests more key packages from a device that has fewer. */
export const KEY_PACKAGES_LOW = 10;
/**
 * Key packages that one account may claim from another account per hour, so that some remain for
 * other users.
 */
export const KEY_PACKAGES_PER_HOUR = 10;
/**
 * Key packages that one account may claim per hour in total: enough to invite a full room twice.
 */
export const KEY_PACKAGES_PER_HOUR_ALL = 500;
/** Time for a new device to upload its first key packages, even over a slow link. */
export const KEY_PACKAGE_WAIT_MS = 3_000;
/** Pairs of accounts with counted claims. The pair that has been idle longest is forgotten. */
export const KEY_PACKAGE_PAIRS_MAX = 10_000;

/** Random bytes of a lease. Guessing one would only make its owner rejoin. */
export const LEASE_BYTES = 16;
/** Maximum count of leases: one at each log-in for a million years. */
export const LEASE_COUNT_MAX = 2 ** 40;

// State of a device.
/** Maximum admins of a room, in the policy that its members sign. */
export const GROUP_ADMINS_MAX = 64;
export const GROUP_POLICY_BYTES_MAX = 4 * KIB;
/**
 * Maximum size of a group's state. With 256 devices it takes 150 KiB, or 2.5 MiB if each device has
 * updated its keys.
 */
export const GROUP_STATE_BYTES_MAX = 4096 * KIB;
/** Maximum content of a message: a text of 64 KiB as JSON with its mentions, padded to 512 KiB. */
export const SEALED_BODY_BYTES_MAX = 448 * KIB;
/** Minimum padded size of a message's content. Longer content is padded to a power of two. */
export const SEALED_PADDED_BYTES_MIN = 256;
/** Messages of one device that a reader may have missed within one epoch. */
export const SEALED_SKIPPED_MAX = 2_000;
/**
 * Stored keys of skipped messages of one device, until the epoch ends. One process's messages may
 * overtake all messages in flight of another process, at most OUTBOX_IN_FLIGHT_MAX.
 */
export const SEALED_SKIPPED_KEYS_MAX = 256;
/** Validity of a key package. A device can still be added after an absence of a season. */
export const KEY_PACKAGE_MS = 90 * 86_400_000;
/**
 * The server no longer distributes a package of this age, because it expires soon, and requests new
 * ones.
 */
export const KEY_PACKAGE_KEEP_MS = 80 * 86_400_000;
/** Validity of a key package begins this long before its creation, because clocks differ. */
export const KEY_PACKAGE_SKEW_MS = 86_400_000;
/** Maximum chunks of one sealed file: the counter in the nonce has 32 bits. */
export const SEALED_FILE_CHUNKS_MAX = 2 ** 32;
/** Time limit of a transaction, which blocks other processes of the same home. */
export const SEALED_TRANSACTION_MS = 500;
/**
 * Maximum ciphertexts of one post, which is encrypted again for each epoch in which it is tried.
 */
export const SEALED_TRIES_MAX = 32;
/**
 * Maximum rejoins of a folder within REJOINS_WINDOW_MS. More rejoins mean that two machines use
 * copies of the folder and would remove each other endlessly.
 */
export const REJOINS_MAX = 3;
export const REJOINS_WINDOW_MS = 60 * 60_000;
/** A device renews its keys in a room after a week. */
export const RENEW_MS = 7 * 86_400_000;
/**
 * Maximum random addition, so that the devices of a room do not renew their keys simultaneously.
 */
export const RENEW_JITTER_MS = 86_400_000;
/** A device also renews its keys after sending this many messages in a room. */
export const RENEW_MESSAGES = 1_000;
/** Interval at which a connected client checks whether its keys need renewal. */
export const RENEW_CHECK_INTERVAL_MS = 6 * 60 * 60_000;
/** Size of the AES-256 key that encrypts a device's stored data of sealed rooms. */
export const STATE_KEY_BYTES = 32;
/**
 * Ranges of counts that a message declares as unsettled. One or two posts are in flight, and each
 * permanently refused one splits a range until its count is used again.
 */
export const SEALED_UNSETTLED_MAX = 16;
/**
 * Devices' claims about the server's history that are stored: one per device in the rooms of an
 * account.
 */
export const CLAIMS_KNOWN_MAX = 1_024;
/** Unanswered claims after which the users of a server are warned. */
export const CLAIM_TRIES_MAX = 4;
