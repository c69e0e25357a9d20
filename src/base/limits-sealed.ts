/** Limits for sealed rooms. Sizes were measured with ts-mls and cipher suite 1. */

import { KIB } from "./limits.ts";

export const GROUP_ID_BYTES = 16;
/** The commit that adds the 256th device takes 0.3 s, and larger trees are not cached. */
export const GROUP_DEVICES_MAX = 256;
/** Adding 256 devices takes 140 KiB; a key update in an uncached tree takes 22 KiB. */
export const GROUP_COMMIT_BYTES_MAX = 192 * KIB;
/** A welcome for 256 devices takes 144 KiB. */
export const GROUP_WELCOME_BYTES_MAX = 192 * KIB;
/** A GroupInfo with the tree of 256 devices takes 115 KiB. */
export const GROUP_INFO_BYTES_MAX = 192 * KIB;
export const GROUP_COMMITS_REMEMBERED = 64;
/** Changes that wait for earlier ones of the same room or device. Each holds a GroupInfo. */
export const SEALED_CHANGES_QUEUED_MAX = 64;
/** A 64-KiB text as JSON, padded to a power of two, and its frame. */
export const SEALED_BYTES_MAX = 516 * KIB;
/** A key package with a device certificate takes about 700 bytes. */
export const KEY_PACKAGE_BYTES_MAX = 2 * KIB;
/** Stored key packages of a device: one for each room that adds it while it is offline. */
export const KEY_PACKAGES_MAX = 50;
/** Below this number, the server requests more packages from the device. */
export const KEY_PACKAGES_LOW = 10;
/**
 * Single-use packages per hour that one user may claim from each device of another, so that one
 * account cannot use up all packages of a device. Further claims, such as those of a teacher who
 * adds an assistant to thirty rooms, receive the last-resort package, which is not used up.
 */
export const KEY_PACKAGES_PER_HOUR = 10;
/**
 * Claims per hour by one user. Limits the work of the server and of the devices that replace
 * packages. Enough to add thirty pupils to ten rooms, or to invite a full room twice.
 */
export const KEY_PACKAGES_PER_HOUR_ALL = 500;
export const KEY_PACKAGE_WAIT_MS = 3_000;
export const KEY_PACKAGE_PAIRS_MAX = 10_000;

/** Random bytes. An attacker who guesses a lease can only make its owner rejoin. */
export const LEASE_BYTES = 16;
export const LEASE_COUNT_MAX = 2 ** 40;

export const GROUP_ADMINS_MAX = 64;
export const GROUP_POLICY_BYTES_MAX = 4 * KIB;
/** A state with 256 devices takes 150 KiB, or 2.5 MiB if each device has updated its keys. */
export const GROUP_STATE_BYTES_MAX = 4096 * KIB;
/** A 64-KiB text as JSON with its mentions, padded to 512 KiB. */
export const SEALED_BODY_BYTES_MAX = 448 * KIB;
export const SEALED_PADDED_BYTES_MIN = 256;
export const SEALED_SKIPPED_MAX = 2_000;
/** Messages from one process may overtake OUTBOX_IN_FLIGHT_MAX messages from another process. */
export const SEALED_SKIPPED_KEYS_MAX = 256;
/** Lifetime of a key package: a device can be added while it is offline for three months. */
export const KEY_PACKAGE_MS = 90 * 86_400_000;
/** Shorter than KEY_PACKAGE_MS, so that a claimed package does not expire immediately. */
export const KEY_PACKAGE_KEEP_MS = 80 * 86_400_000;
export const KEY_PACKAGE_SKEW_MS = 86_400_000;
/** The counter in the nonce has 32 bits. */
export const SEALED_FILE_CHUNKS_MAX = 2 ** 32;
/** Maximum duration of a transaction, which blocks other processes of the same home. */
export const SEALED_TRANSACTION_MS = 500;
/** Epochs in which a post is encrypted and tried. */
export const SEALED_TRIES_MAX = 32;
/**
 * Rejoins within REJOINS_WINDOW_MS. More mean that two machines use copies of the folder and would
 * remove each other endlessly.
 */
export const REJOINS_MAX = 3;
export const REJOINS_WINDOW_MS = 60 * 60_000;
export const RENEW_MS = 7 * 86_400_000;
/** Random delay that prevents a room's devices from renewing their keys simultaneously. */
export const RENEW_JITTER_MS = 86_400_000;
export const RENEW_MESSAGES = 1_000;
export const RENEW_CHECK_INTERVAL_MS = 6 * 60 * 60_000;
export const STATE_KEY_BYTES = 32;
/** Ranges of unconfirmed message counts. Each permanently refused post splits a range. */
export const SEALED_UNSETTLED_MAX = 16;
export const CLAIMS_KNOWN_MAX = 1_024;
export const CLAIM_TRIES_MAX = 4;

/** AES-128 key and nonce of one message. */
export const MESSAGE_KEY_BYTES = 28;
/** Messages in one part of a hand-over. With their certificates they fit into one preview. */
export const HANDOVER_MESSAGES_MAX = 3_000;
export const HANDOVER_CERTS_MAX = 32;
export const HANDOVER_PART_BYTES_MAX = 160_000;
/** Parts that a device receives before it lists them again. */
export const HANDOVER_PARTS_LISTED_MAX = 64;
export const HANDOVERS_MAX = 1_000;
/** Unread parts beyond which new members must wait, so that the account can send other uploads. */
export const HANDOVER_PARTS_UNREAD_MAX = 256;
/** The server deletes a part that nobody has fetched after a week. */
export const HANDOVER_KEEP_MS = 6.5 * 86_400_000;
/** Times that a device sends a part again: enough for an absence of two months. */
export const HANDOVER_REPEATS_MAX = 10;
/** Delays between two looks at the parts: while they move, and after a long wait. */
export const HANDOVER_POLL_MS = 1_000;
export const HANDOVER_POLL_MS_MAX = 60_000;
/** A device that has joined a room looks for parts this long. */
export const HANDOVER_AWAIT_MS = 7 * 86_400_000;

/** Encrypted rooms of an account that a device marks or pins at once. */
export const SEALED_ROOMS_MAX = 2_000;

/** Time that a command waits for earlier messages after it has entered an encrypted room. */
export const FIRST_PART_WAIT_MS = 10_000;
/** Time that a command waits for the next part of a hand-over. */
export const NEXT_PART_WAIT_MS = 5_000;
/** Time that a command waits for hand-overs in all. The next command continues a longer one. */
export const HANDOVER_WAIT_MS_MAX = 120_000;
