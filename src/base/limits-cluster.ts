/** Limits for a cluster, in which several servers share one stream; see limits.ts. */

const KIB = 1024;

/**
 * Number of latest records in each log for which changes are remembered. A decision based on an
 * older state is repeated, because its conflicts are unknown.
 */
export const CLUSTER_WINDOW_RECORDS = 100_000;
/**
 * Maximum attempts of a decision that other servers overtake. Far fewer are needed when three
 * servers change one room continuously.
 */
export const CONFLICT_TRIES_MAX = 64;
/** Maximum size of a decision: NATS accepts messages up to 1 MiB. */
export const CLUSTER_DECISION_BYTES_MAX = 1000 * KIB;
/** Maximum size of a message that combines concurrent decisions. */
export const CLUSTER_MESSAGE_BYTES_MAX = 512 * KIB;
export const CLUSTER_MESSAGE_PROPOSALS_MAX = 4_000;
/** Bytes read from the stream and queued for the disk. Reading pauses above this. */
export const CLUSTER_RECEIVE_QUEUE_BYTES_MAX = 8 * 1024 * KIB;
/** Queued posts are refused after this long without a majority. Clients keep and retry them. */
export const CLUSTER_MAJORITY_TIMEOUT_MS = 3_000;
/** Time that a starting server waits for NATS servers, which may have to elect a leader first. */
export const CLUSTER_START_TIMEOUT_MS = 20_000;
/**
 * An unanswered request to NATS is repeated after this long, because the leader may have changed.
 */
export const CLUSTER_ANSWER_TIMEOUT_MS = 1_000;
/**
 * Shortest election timeout of NATS: followers may elect another leader after this long without
 * contact. A leader that has had contact with a majority since then is the only leader.
 */
export const CLUSTER_LEASE_MS = 4_000;
/** Interval of majority checks. Clients are notified of a lost majority within 10 seconds. */
export const MAJORITY_CHECK_INTERVAL_MS = 1_000;
/** The majority counts as lost after this long without a leader. Most elections are shorter. */
export const CLUSTER_ELECTION_MS = 8_000;
/** A stream that has newer messages but delivers none for this long is reopened. */
export const CLUSTER_STALLED_MS = 1_500;
/** Messages requested from the stream in advance. */
export const CLUSTER_MESSAGES_AHEAD = 256;
/** Maximum chunks of one file, so that other files also progress. */
export const CLUSTER_CHUNKS_PER_FILE_MAX = 8;
/**
 * Maximum chunks from the store that are queued for the disk, over all files: 64 MiB. Each file may
 * queue at least one.
 */
export const CLUSTER_CHUNKS_QUEUED_MAX = 256;
/**
 * Requests for content are repeated for this long, because NATS needs some seconds to elect a
 * leader.
 */
export const CLUSTER_CONTENT_TIMEOUT_MS = 20_000;
/**
 * Interval of presence messages to the other servers while nothing changes: a message may be lost.
 */
export const SIBLING_PRESENCE_INTERVAL_MS = 3_000;
/** Changes within this period are sent in one message. */
export const SIBLING_BATCH_MS = 100;
/** Time within which other servers answer a new server, including the delay of SIBLING_BATCH_MS. */
export const SIBLINGS_ANSWER_TIMEOUT_MS = 3 * SIBLING_BATCH_MS;
/**
 * A server's users count as offline after this long without a message: three messages are missing.
 */
export const SIBLING_FORGET_MS = 10_000;
/**
 * Maximum online accounts that one server reports to the others: their ids fit in one NATS message.
 */
export const SIBLING_ONLINE_MAX = 20_000;
/**
 * Interval of requests for other servers' console data while an operator is watching. Each server
 * answers at most twice per interval, because an answer takes about 500 KB with 500 clients and 500
 * files.
 */
export const SIBLING_CONSOLE_INTERVAL_MS = 1_500;
/** Maximum servers with stored presence. */
export const SIBLINGS_MAX = 64;
/** Maximum characters of an id, device key, name or address, including its prefix. */
export const SIBLING_KEY_CHARS_MAX = 128;
/** Time within which the server that runs a transfer confirms its cancellation. */
export const SIBLING_CANCEL_TIMEOUT_MS = 2_000;
/** Time to wait for states of other servers. Slower servers are not listed. */
export const NODES_ANSWER_TIMEOUT_MS = 500;
/** Time for a node to catch up with the state that a reader has already seen. */
export const CLUSTER_CATCH_UP_TIMEOUT_MS = 5_000;
/**
 * Size of the messages that copy an existing log. A starting server requests CLUSTER_MESSAGES_AHEAD
 * of them at a time and must receive all within CLUSTER_ANSWER_TIMEOUT_MS.
 */
export const CLUSTER_COPY_BYTES_MAX = 64 * KIB;
/** Interval of collecting the cluster's metrics, with one request to all servers. */
export const CLUSTER_METRICS_INTERVAL_MS = 5_000;
/**
 * A node that lags more messages behind is slow or was offline. Normal lag is some hundred
 * messages.
 */
export const CLUSTER_LAG_HIGH = 1_000;
/**
 * Maximum server addresses that a client stores, or that an invite contains. A cluster has three or
 * five servers; these suffice to reach a larger one.
 */
export const CLUSTER_ADDRESSES_MAX = 8;
/**
 * A client also dials the next address if one is silent for this long. Allows two attempts in 3 s.
 */
export const NEXT_ADDRESS_DELAY_MS = 1_000;
/**
 * Maximum burst of dials to addresses that a server sent: several rounds over all of them, then one
 * dial per second. Prevents a server from directing a crowd of clients at other machines.
 */
export const ADVERTISED_DIALS_BURST = 32;
export const ADVERTISED_DIALS_PER_SECOND = 1;
/**
 * Maximum size of a stored value. A GroupInfo of 256 devices takes 115 KiB, the key packages of a
 * device at most 137 KiB.
 */
export const BUCKET_VALUE_BYTES_MAX = 256 * KIB;
/** Unused values older than this are deleted. A commit takes seconds. */
export const BUCKET_SWEEP_MS = 60 * 60_000;
/**
 * A client that knows other servers sends a ping after this much silence, because TCP reports a
 * machine without power only after minutes. The cost is a few bytes per interval and client.
 */
export const IDLE_PING_AFTER_MS = 4_000;
/**
 * If the ping is not answered within this time, the client tests whether the server accepts another
 * connection.
 */
export const IDLE_PING_TIMEOUT_MS = 2_000;
/** Time limit of that test. A connection over a slow line takes less. */
export const IDLE_CONNECT_TIMEOUT_MS = 4_000;
/**
 * The same for UDP, which does not even report a program that has ended. The client reconnects to
 * another server within 3 s. A false alarm costs only one log-in.
 */
export const IDLE_UDP_PING_AFTER_MS = 1_000;
export const IDLE_UDP_PING_TIMEOUT_MS = 750;
export const IDLE_UDP_CONNECT_TIMEOUT_MS = 750;
