/** Limits for clusters, in which several servers share one stream. */

const KIB = 1024;

/** Recent records per log whose changes a server remembers, to detect conflicting decisions. */
export const CLUSTER_WINDOW_RECORDS = 100_000;
/** Attempts at a decision that other servers' decisions keep invalidating. */
export const CONFLICT_TRIES_MAX = 64;
/** NATS accepts messages of up to 1 MiB. */
export const CLUSTER_DECISION_BYTES_MAX = 1000 * KIB;
/** Maximum size and number of concurrent decisions in one message. */
export const CLUSTER_MESSAGE_BYTES_MAX = 512 * KIB;
export const CLUSTER_MESSAGE_PROPOSALS_MAX = 4_000;
export const CLUSTER_RECEIVE_QUEUE_BYTES_MAX = 8 * 1024 * KIB;
/** Time without a majority after which the server refuses queued posts. Clients retry them. */
export const CLUSTER_MAJORITY_TIMEOUT_MS = 3_000;
/** Starting NATS servers may first have to elect a leader. */
export const CLUSTER_START_TIMEOUT_MS = 20_000;
/** An unanswered request to NATS is repeated, because the leader may have changed. */
export const CLUSTER_ANSWER_TIMEOUT_MS = 1_000;
/** Minimum NATS election timeout. Within it, a leader that reached a majority is the only one. */
export const CLUSTER_LEASE_MS = 4_000;
export const MAJORITY_CHECK_INTERVAL_MS = 1_000;
/** Time without a leader after which the majority counts as lost. Most elections are shorter. */
export const CLUSTER_ELECTION_MS = 8_000;
/** A stream that has newer messages but delivers none for this long is reopened. */
export const CLUSTER_STALLED_MS = 1_500;
export const CLUSTER_MESSAGES_AHEAD = 256;
/** Lets other files progress too. */
export const CLUSTER_CHUNKS_PER_FILE_MAX = 8;
/** Chunks queued for the disk over all files: 64 MiB. Each file may queue at least one. */
export const CLUSTER_CHUNKS_QUEUED_MAX = 256;
/** Requests for content are repeated for this long, because a NATS election takes seconds. */
export const CLUSTER_CONTENT_TIMEOUT_MS = 20_000;
/** Presence is sent even if it is unchanged, because an earlier message may have been lost. */
export const SIBLING_PRESENCE_INTERVAL_MS = 3_000;
export const SIBLING_BATCH_MS = 100;
export const SIBLINGS_ANSWER_TIMEOUT_MS = 3 * SIBLING_BATCH_MS;
/** Three presence messages are due within this time. */
export const SIBLING_FORGET_MS = 10_000;
/** The ids fit in one NATS message. */
export const SIBLING_ONLINE_MAX = 20_000;
/** An answer with 500 clients and 500 files takes about 500 KB. */
export const SIBLING_CONSOLE_INTERVAL_MS = 1_500;
export const SIBLINGS_MAX = 64;
export const SIBLING_KEY_CHARS_MAX = 128;
export const SIBLING_CANCEL_TIMEOUT_MS = 2_000;
/** Servers that answer later are not listed. */
export const NODES_ANSWER_TIMEOUT_MS = 500;
export const CLUSTER_CATCH_UP_TIMEOUT_MS = 5_000;
/**
 * A starting server must receive CLUSTER_MESSAGES_AHEAD of these messages within
 * CLUSTER_ANSWER_TIMEOUT_MS.
 */
export const CLUSTER_COPY_BYTES_MAX = 64 * KIB;
export const CLUSTER_METRICS_INTERVAL_MS = 5_000;
/** Messages behind the stream from which a server counts as lagging. Normal lag is hundreds. */
export const CLUSTER_LAG_HIGH = 1_000;
/** A cluster usually has three or five servers. */
export const CLUSTER_ADDRESSES_MAX = 8;
/** Delay before a client also dials the next address. Allows two attempts in 3 s. */
export const NEXT_ADDRESS_DELAY_MS = 1_000;
/**
 * Maximum burst of dials to addresses from a server, followed by one dial per second. Prevents a
 * server from directing many clients at other machines.
 */
export const ADVERTISED_DIALS_BURST = 32;
export const ADVERTISED_DIALS_PER_SECOND = 1;
/** The key packages of one device take at most 137 KiB. */
export const BUCKET_VALUE_BYTES_MAX = 256 * KIB;
/** Unused values are deleted after this time. The commit that needs a value takes seconds. */
export const BUCKET_SWEEP_MS = 60 * 60_000;
/**
 * Idle time before a client that knows other servers sends a ping. TCP alone reports a machine
 * without power only after minutes.
 */
export const IDLE_PING_AFTER_MS = 4_000;
/** Without an answer to the ping, the client tests whether the server accepts a connection. */
export const IDLE_PING_TIMEOUT_MS = 2_000;
/** Timeout of the test connection, enough for a slow line. */
export const IDLE_CONNECT_TIMEOUT_MS = 4_000;
/** Shorter over UDP, which does not report an ended process. A false alarm costs one log-in. */
export const IDLE_UDP_PING_AFTER_MS = 1_000;
export const IDLE_UDP_PING_TIMEOUT_MS = 750;
export const IDLE_UDP_CONNECT_TIMEOUT_MS = 750;
