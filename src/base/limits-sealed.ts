/** Bounds of sealed rooms; see limits.ts. Sizes were measured with ts-mls and cipher suite 1. */

const KIB = 1024;

/** Random; a room has one group for good. */
export const GROUP_ID_BYTES = 16;
/**
 * A commit that adds the 256th device is 0.3 s of work, and trees of more are not kept warm. One
 * commit may add or remove all.
 */
export const GROUP_DEVICES_MAX = 256;
/** Adding 256 devices at once takes 140 KiB, renewing the keys of a cold tree of them 22 KiB. */
export const GROUP_COMMIT_BYTES_MAX = 192 * KIB;
/** Carries the tree and the secrets of all that come in at once: 144 KiB for 256 devices. */
export const GROUP_WELCOME_BYTES_MAX = 192 * KIB;
/** With the tree of 256 devices 115 KiB. */
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
/** One account takes so many in an hour of all others: it invites a full room twice. */
export const KEY_PACKAGES_PER_HOUR_ALL = 500;
/** Who was never here before has given some by then, over a slow link, too. */
export const KEY_PACKAGE_WAIT_MS = 3_000;
/** Pairs of accounts for which that is counted; beyond it the longest idle is forgotten. */
export const KEY_PACKAGE_PAIRS_MAX = 10_000;

/** Random: one that is guessed would only have its owner come in anew. */
export const LEASE_BYTES = 16;
/** The count of leases stays there: one at each log-in for a million years. */
export const LEASE_COUNT_MAX = 2 ** 40;

// What a device keeps to itself.
/** Admins of a room, in the rules that its members sign. */
export const GROUP_ADMINS_MAX = 64;
export const GROUP_POLICY_BYTES_MAX = 4 * KIB;
/** The state of 256 devices has 150 KiB, and 2.5 MiB if each has made all keep keys for it. */
export const GROUP_STATE_BYTES_MAX = 4096 * KIB;
export const GROUP_LEASE_BYTES_MAX = 64;
/** A text of 64 KiB as JSON with its mentions; padded it has 512 KiB. */
export const SEALED_BODY_BYTES_MAX = 448 * KIB;
/** To what the inside of a short message is filled up; of a longer one it is twice as much, … */
export const SEALED_PADDED_BYTES_MIN = 256;
/** Messages of one device that a reader may have missed inside one epoch. */
export const SEALED_SKIPPED_MAX = 2_000;
/**
 * Keys of skipped messages of one device that are kept until the epoch ends: what one process of it
 * says may overtake all that another has under way, which is OUTBOX_IN_FLIGHT_MAX.
 */
export const SEALED_SKIPPED_KEYS_MAX = 256;
/** A device that comes back within a season can still be let in. */
export const KEY_PACKAGE_MS = 90 * 86_400_000;
/** A server gives out none that is about to end, and asks for another one. */
export const KEY_PACKAGE_KEEP_MS = 80 * 86_400_000;
/** A key package is good from a day before it was made: clocks differ. */
export const KEY_PACKAGE_SKEW_MS = 86_400_000;
/** Chunks of one sealed file: the counter in the nonce has 32 bits. */
export const SEALED_FILE_CHUNKS_MAX = 2 ** 32;
/** A transaction ends after this: other processes of the same home wait for it. */
export const SEALED_TRANSACTION_MS = 500;
/** Ciphertexts of one post: it is encrypted anew for each epoch in which it is tried. */
export const SEALED_TRIES_MAX = 32;
/**
 * A folder comes in anew so often within this time. More means that two machines use copies of it,
 * and that each would put the other out for ever.
 */
export const ANEW_MAX = 3;
export const ANEW_MS = 60 * 60_000;
/** A device gives its rooms new keys after a week, … */
export const RENEW_MS = 7 * 86_400_000;
/** … some up to a day later, so that not all of a room do it at once, … */
export const RENEW_JITTER_MS = 86_400_000;
/** … or after so many messages of its own in a room. */
export const RENEW_MESSAGES = 1_000;
/** A client that stays connected looks so often whether keys are due. */
export const RENEW_LOOK_MS = 6 * 60 * 60_000;
/** Of AES-256: encrypts what a device keeps of sealed rooms. */
export const STATE_KEY_BYTES = 32;
/**
 * Ranges of counts that a message excuses: posts under way are one or two, and each that was
 * refused for good splits a range until its count is used again.
 */
export const SEALED_UNSETTLED_MAX = 16;
/** Claims of devices about the server's history: one of each device in the rooms of an account. */
export const CLAIMS_KNOWN_MAX = 1_024;
/** Claims without an answer after which the users of a server are told. */
export const CLAIM_TRIES_MAX = 4;
