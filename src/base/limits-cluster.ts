/** Limits of a cluster, in which several servers share one stream; see limits.ts. */

const KIB = 1024;

/**
 * Number of latest records in each log for which a server remembers changes. A server repeats a
 * decision that is based on an older state, because it cannot know whether later records conflict
 * with the decision.
 */
export const CLUSTER_WINDOW_RECORDS = 100_000;
/**
 * Maximum number of attempts at a decision that other servers' decisions invalidate. Far fewer are
 * needed when three servers change one room continuously.
 */
export const CONFLICT_TRIES_MAX = 64;
/** Maximum size of a decision. NATS accepts messages of up to 1 MiB. */
export const CLUSTER_DECISION_BYTES_MAX = 1000 * KIB;
/**
 * Maximum size of a message that combines concurrent decisions, and maximum number of these
 * decisions.
 */
export const CLUSTER_MESSAGE_BYTES_MAX = 512 * KIB;
export const CLUSTER_MESSAGE_PROPOSALS_MAX = 4_000;
/**
 * Maximum bytes read from the stream and queued for the disk. Above it, the server stops reading.
 */
export const CLUSTER_RECEIVE_QUEUE_BYTES_MAX = 8 * 1024 * KIB;
/**
 * Time without a majority after which the server refuses queued posts. Clients store and retry
 * them.
 */
export const CLUSTER_MAJORITY_TIMEOUT_MS = 3_000;
/**
 * Maximum time that a starting server waits for NATS servers, which may first have to elect a
 * leader.
 */
export const CLUSTER_START_TIMEOUT_MS = 20_000;
/**
 * Time after which an unanswered request to NATS is repeated, because the leader may have changed.
 */
export const CLUSTER_ANSWER_TIMEOUT_MS = 1_000;
/**
 * Minimum election timeout of NATS: without contact for this long, followers may elect another
 * leader. A leader that has had contact with a majority within this time is the only leader.
 */
export const CLUSTER_LEASE_MS = 4_000;
/** Interval between majority checks. Clients are notified of a lost majority within 10 seconds. */
export const MAJORITY_CHECK_INTERVAL_MS = 1_000;
/** Time without a leader after which the majority counts as lost. Most elections are shorter. */
export const CLUSTER_ELECTION_MS = 8_000;
/** Time after which a stream is reopened if it has newer messages but delivers none. */
export const CLUSTER_STALLED_MS = 1_500;
/** Number of messages requested from the stream in advance. */
export const CLUSTER_MESSAGES_AHEAD = 256;
/** Maximum number of queued chunks of one file, so that other files also progress. */
export const CLUSTER_CHUNKS_PER_FILE_MAX = 8;
/**
 * Maximum number of chunks from the store that are queued for the disk, over all files: 64 MiB.
 * Each file may queue at least one chunk.
 */
export const CLUSTER_CHUNKS_QUEUED_MAX = 256;
/**
 * Time during which requests for content are repeated, because NATS needs some seconds to elect a
 * leader.
 */
export const CLUSTER_CONTENT_TIMEOUT_MS = 20_000;
/**
 * Interval between presence messages to the other servers. The messages are sent even if nothing
 * has changed, because an earlier message may have been lost.
 */
export const SIBLING_PRESENCE_INTERVAL_MS = 3_000;
/** Time within which changes are collected for one message. */
export const SIBLING_BATCH_MS = 100;
/**
 * Maximum time for the answers of other servers to a new server, including the delay of
 * SIBLING_BATCH_MS.
 */
export const SIBLINGS_ANSWER_TIMEOUT_MS = 3 * SIBLING_BATCH_MS;
/**
 * Time without a message after which another server's users count as offline. Within this time,
 * three messages are due.
 */
export const SIBLING_FORGET_MS = 10_000;
/**
 * Maximum number of online accounts that one server reports to the other servers. Their ids fit in
 * one NATS message.
 */
export const SIBLING_ONLINE_MAX = 20_000;
/**
 * Interval between requests for other servers' console data while an operator is watching. Each
 * server answers at most twice per interval, because an answer with 500 clients and 500 files takes
 * about 500 KB.
 */
export const SIBLING_CONSOLE_INTERVAL_MS = 1_500;
/** Maximum number of other servers whose presence a server stores. */
export const SIBLINGS_MAX = 64;
/** Maximum length of an id, device key, name or address, including its prefix. */
export const SIBLING_KEY_CHARS_MAX = 128;
/** Time within which the server that runs a transfer must confirm its cancellation. */
export const SIBLING_CANCEL_TIMEOUT_MS = 2_000;
/** Time to wait for the states of other servers. A server that answers later is not listed. */
export const NODES_ANSWER_TIMEOUT_MS = 500;
/** Maximum time for a server to catch up with the state that a reader has already seen. */
export const CLUSTER_CATCH_UP_TIMEOUT_MS = 5_000;
/**
 * Maximum size of the messages that copy an existing log. A starting server requests
 * CLUSTER_MESSAGES_AHEAD of these messages at a time and must receive all of them within
 * CLUSTER_ANSWER_TIMEOUT_MS.
 */
export const CLUSTER_COPY_BYTES_MAX = 64 * KIB;
/** Interval between collections of the cluster's metrics, each with one request to all servers. */
export const CLUSTER_METRICS_INTERVAL_MS = 5_000;
/**
 * Number of messages behind the stream from which a server counts as lagging, because it is slow or
 * was offline. Normal lag is some hundred messages.
 */
export const CLUSTER_LAG_HIGH = 1_000;
/**
 * Maximum number of server addresses that a client stores or that an invite contains. A cluster
 * usually has three or five servers; eight addresses suffice to reach a larger one.
 */
export const CLUSTER_ADDRESSES_MAX = 8;
/**
 * Time without an answer after which a client also dials the next address. Allows two attempts in 3
 * s.
 */
export const NEXT_ADDRESS_DELAY_MS = 1_000;
/**
 * Maximum burst of dials to addresses that a server sent: several rounds over all addresses,
 * followed by one dial per second. The limit prevents a server from directing many clients at other
 * machines.
 */
export const ADVERTISED_DIALS_BURST = 32;
export const ADVERTISED_DIALS_PER_SECOND = 1;
/**
 * Maximum size of a stored value. A GroupInfo of 256 devices takes 115 KiB, and the key packages of
 * a device take at most 137 KiB.
 */
export const BUCKET_VALUE_BYTES_MAX = 256 * KIB;
/** Time after which an unused value is deleted. A commit, which needs the value, takes seconds. */
export const BUCKET_SWEEP_MS = 60 * 60_000;
/**
 * Time without a message after which a client that knows other servers sends a ping. TCP alone
 * reports a machine without power only after minutes. The cost is a few bytes per interval and
 * client.
 */
export const IDLE_PING_AFTER_MS = 4_000;
/**
 * Time within which the ping must be answered. Otherwise the client tests whether the server
 * accepts another connection.
 */
export const IDLE_PING_TIMEOUT_MS = 2_000;
/** Maximum time for this test of another connection, enough for a slow line. */
export const IDLE_CONNECT_TIMEOUT_MS = 4_000;
/**
 * Times for the same ping and test over UDP, which does not even report that a program has ended.
 * The client reconnects to another server within 3 s. A false alarm costs only one log-in.
 */
export const IDLE_UDP_PING_AFTER_MS = 1_000;
export const IDLE_UDP_PING_TIMEOUT_MS = 750;
export const IDLE_UDP_CONNECT_TIMEOUT_MS = 750;
