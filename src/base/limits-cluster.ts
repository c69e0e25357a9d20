/** Limits for clusters, in which several servers share one stream. */

import { KIB } from "./limits.ts";

/** Recent records per log whose changes a server remembers, to detect conflicting decisions. */
export const CLUSTER_WINDOW_RECORDS = 100_000;
export const CONFLICT_TRIES_MAX = 64;
/** NATS accepts messages of up to 1 MiB. */
export const CLUSTER_DECISION_BYTES_MAX = 1000 * KIB;
export const CLUSTER_MESSAGE_BYTES_MAX = 512 * KIB;
export const CLUSTER_MESSAGE_PROPOSALS_MAX = 4_000;
export const CLUSTER_RECEIVE_QUEUE_BYTES_MAX = 8 * 1024 * KIB;
export const CLUSTER_MAJORITY_TIMEOUT_MS = 3_000;
/** Wait for NATS at a start, including an election if its servers have just started. */
export const CLUSTER_START_TIMEOUT_MS = 20_000;
/** Wait for an answer before a request is repeated, because the leader may have changed. */
export const CLUSTER_ANSWER_TIMEOUT_MS = 1_000;
/** Minimum NATS election timeout. A leader with a majority stays the only one for this long. */
export const CLUSTER_LEASE_MS = 4_000;
export const MAJORITY_CHECK_INTERVAL_MS = 1_000;
/** Longer than most leader elections. */
export const CLUSTER_ELECTION_MS = 8_000;
export const CLUSTER_STALLED_MS = 1_500;
export const CLUSTER_MESSAGES_AHEAD = 256;
/** Chunks of one file in flight, so that a large file does not delay the others. */
export const CLUSTER_CHUNKS_PER_FILE_MAX = 8;
/** Queued chunks of all files: 64 MiB. Each file may always queue one. */
export const CLUSTER_CHUNKS_QUEUED_MAX = 256;
/** Retries of a request for content, which fails during a NATS election of some seconds. */
export const CLUSTER_CONTENT_TIMEOUT_MS = 20_000;
/** Presence is resent even if unchanged, because an earlier message may have been lost. */
export const SIBLING_PRESENCE_INTERVAL_MS = 3_000;
export const SIBLING_BATCH_MS = 100;
export const SIBLINGS_ANSWER_TIMEOUT_MS = 3 * SIBLING_BATCH_MS;
/** Three times SIBLING_PRESENCE_INTERVAL_MS, plus a margin. */
export const SIBLING_FORGET_MS = 10_000;
/** The ids of this many accounts fit in one NATS message. */
export const SIBLING_ONLINE_MAX = 20_000;
/** Interval of requests for console data: about 500 KB for 500 clients and 500 files. */
export const SIBLING_CONSOLE_INTERVAL_MS = 1_500;
export const SIBLINGS_MAX = 64;
export const SIBLING_KEY_CHARS_MAX = 128;
export const SIBLING_CANCEL_TIMEOUT_MS = 2_000;
export const NODES_ANSWER_TIMEOUT_MS = 500;
/** Time after which the version of a silent node is forgotten; an upgrade takes less. */
export const NODE_VERSION_FORGET_MS = 10 * 60_000;
export const CLUSTER_CATCH_UP_TIMEOUT_MS = 5_000;
/**
 * Maximum bytes of a message to a starting server, which must receive CLUSTER_MESSAGES_AHEAD of
 * them within CLUSTER_ANSWER_TIMEOUT_MS.
 */
export const CLUSTER_COPY_BYTES_MAX = 64 * KIB;
export const CLUSTER_METRICS_INTERVAL_MS = 5_000;
export const CLUSTER_LAG_HIGH = 1_000;
export const CLUSTER_ADDRESSES_MAX = 8;
/** Wait before the next address is tried; allows two attempts within 3 s. */
export const NEXT_ADDRESS_DELAY_MS = 1_000;
/**
 * Addresses from a server that a client dials at once; then ADVERTISED_DIALS_PER_SECOND. Prevents a
 * server from directing many clients at other machines.
 */
export const ADVERTISED_DIALS_BURST = 32;
export const ADVERTISED_DIALS_PER_SECOND = 1;
/** The largest value, a device's key packages, takes 137 KiB. */
export const BUCKET_VALUE_BYTES_MAX = 256 * KIB;
/** A sweep removes only unused values older than this. A commit in progress takes only seconds. */
export const BUCKET_SWEEP_MS = 60 * 60_000;
/** Silence before a ping. TCP alone takes minutes to report that a machine has lost power. */
export const IDLE_PING_AFTER_MS = 4_000;
/** Wait for the pong before the client tests whether the server accepts a new connection. */
export const IDLE_PING_TIMEOUT_MS = 2_000;
export const IDLE_CONNECT_TIMEOUT_MS = 4_000;
/** Shorter than over TCP, because UDP does not report that the peer's process has ended. */
export const IDLE_UDP_PING_AFTER_MS = 1_000;
export const IDLE_UDP_PING_TIMEOUT_MS = 750;
export const IDLE_UDP_CONNECT_TIMEOUT_MS = 750;
