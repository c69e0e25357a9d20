/**
 * Limits of sealed rooms; see limits.ts. The sizes were measured with ts-mls and cipher suite 1.
 */

const KIB = 1024;

/** Size of a group's random id. A room keeps one group permanently. */
export const GROUP_ID_BYTES = 16;
/**
 * Maximum number of devices in a group. A commit that adds the 256th takes 0.3 s, and larger trees
 * are not cached. One commit can add or remove all devices.
 */
export const GROUP_DEVICES_MAX = 256;
/**
 * Maximum size of a commit. Adding 256 devices takes 140 KiB; a key update in a tree without cached
 * keys takes 22 KiB.
 */
export const GROUP_COMMIT_BYTES_MAX = 192 * KIB;
/**
 * Maximum size of a welcome: the tree and the secrets of all added devices. For 256 devices, a
 * welcome takes 144 KiB.
 */
export const GROUP_WELCOME_BYTES_MAX = 192 * KIB;
/** Maximum size of a GroupInfo. With the tree of 256 devices, it takes 115 KiB. */
export const GROUP_INFO_BYTES_MAX = 192 * KIB;
/** Number of a room's commit ids that the server remembers, to recognise a repeated request. */
export const GROUP_COMMITS_REMEMBERED = 64;
/**
 * Maximum size of a message's ciphertext: a text of 64 KiB as JSON, padded to a power of two, and
 * its frame.
 */
export const SEALED_BYTES_MAX = 516 * KIB;
/**
 * Maximum size of a key package. With suite 1 and a device certificate, a key package takes about
 * 700 bytes.
 */
export const KEY_PACKAGE_BYTES_MAX = 2 * KIB;
/**
 * Maximum number of a device's unused key packages. Each room to which the device is added while
 * offline uses one package.
 */
export const KEY_PACKAGES_MAX = 50;
/** Number of key packages below which the server requests more from the device. */
export const KEY_PACKAGES_LOW = 10;
/**
 * Maximum number of key packages that one account may claim from another account per hour, so that
 * some remain for other users.
 */
export const KEY_PACKAGES_PER_HOUR = 10;
/**
 * Maximum number of key packages that one account may claim per hour in total: enough to invite a
 * full room twice.
 */
export const KEY_PACKAGES_PER_HOUR_ALL = 500;
/** Maximum time for a new device to upload its first key packages, even over a slow link. */
export const KEY_PACKAGE_WAIT_MS = 3_000;
/**
 * Maximum number of account pairs whose key-package claims are counted. Beyond it, the pair that
 * has been idle longest is evicted.
 */
export const KEY_PACKAGE_PAIRS_MAX = 10_000;

/**
 * Size of a lease's random value. An attacker who guesses the value can only make the lease's owner
 * rejoin.
 */
export const LEASE_BYTES = 16;
/** Maximum number of leases of a device: one at each log-in for a million years. */
export const LEASE_COUNT_MAX = 2 ** 40;

// State of a device.
/** Maximum number of admins of a room, who are listed in the policy that members sign. */
export const GROUP_ADMINS_MAX = 64;
export const GROUP_POLICY_BYTES_MAX = 4 * KIB;
/**
 * Maximum size of a group's state. With 256 devices, the state takes 150 KiB, or 2.5 MiB if each
 * device has updated its keys.
 */
export const GROUP_STATE_BYTES_MAX = 4096 * KIB;
/**
 * Maximum size of a message's content: a text of 64 KiB as JSON with its mentions, padded to 512
 * KiB.
 */
export const SEALED_BODY_BYTES_MAX = 448 * KIB;
/** Minimum padded size of a message's content. Longer content is padded to a power of two. */
export const SEALED_PADDED_BYTES_MIN = 256;
/** Maximum number of one device's messages that a reader may have missed within one epoch. */
export const SEALED_SKIPPED_MAX = 2_000;
/**
 * Maximum number of stored keys for skipped messages of one device. The keys are deleted when the
 * epoch ends. One process's messages may overtake all messages in flight of another process, at
 * most OUTBOX_IN_FLIGHT_MAX.
 */
export const SEALED_SKIPPED_KEYS_MAX = 256;
/**
 * Time for which a key package is valid. A device can still be added after an absence of a season.
 */
export const KEY_PACKAGE_MS = 90 * 86_400_000;
/**
 * Time after which the server no longer distributes a key package, because the package expires
 * soon. The server then requests new packages.
 */
export const KEY_PACKAGE_KEEP_MS = 80 * 86_400_000;
/**
 * Time between the start of a key package's validity and its later creation, because clocks differ.
 */
export const KEY_PACKAGE_SKEW_MS = 86_400_000;
/** Maximum number of chunks of one sealed file. The counter in the nonce has 32 bits. */
export const SEALED_FILE_CHUNKS_MAX = 2 ** 32;
/** Maximum time of a transaction, which blocks other processes of the same home. */
export const SEALED_TRANSACTION_MS = 500;
/**
 * Maximum number of ciphertexts of one post, which is encrypted again for each epoch in which it is
 * tried.
 */
export const SEALED_TRIES_MAX = 32;
/**
 * Maximum number of rejoins of a folder within REJOINS_WINDOW_MS. A higher number means that two
 * machines use copies of the folder and would remove each other endlessly.
 */
export const REJOINS_MAX = 3;
export const REJOINS_WINDOW_MS = 60 * 60_000;
/** Time after which a device renews its keys in a room. */
export const RENEW_MS = 7 * 86_400_000;
/**
 * Maximum random addition to RENEW_MS, so that the devices of a room do not renew their keys
 * simultaneously.
 */
export const RENEW_JITTER_MS = 86_400_000;
/** Number of messages sent in a room after which a device renews its keys there before RENEW_MS. */
export const RENEW_MESSAGES = 1_000;
/** Interval between a connected client's checks whether its keys need renewal. */
export const RENEW_CHECK_INTERVAL_MS = 6 * 60 * 60_000;
/** Size of the AES-256 key that encrypts a device's stored data of sealed rooms. */
export const STATE_KEY_BYTES = 32;
/**
 * Maximum number of unsettled count ranges that a message declares. Usually one or two posts are in
 * flight; each post that is permanently refused splits a range until its count is used again.
 */
export const SEALED_UNSETTLED_MAX = 16;
/**
 * Maximum number of stored claims by devices about the server's history: one per device in the
 * rooms of an account.
 */
export const CLAIMS_KNOWN_MAX = 1_024;
/** Number of unanswered claims after which the users of a server are warned. */
export const CLAIM_TRIES_MAX = 4;
