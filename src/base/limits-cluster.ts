/** Limits of several servers that share one stream; see limits.ts. */

const KIB = 1024;

/**
 * Records of each log whose changes are remembered. A decision based on an older state is repeated:
 * a node that lags this far behind cannot tell what has changed since.
 */
export const CLUSTER_WINDOW_RECORDS = 100_000;
/**
 * Attempts of a decision that other servers overtake: three servers that change one room without
 * pause each succeed long before.
 */
export const CONFLICT_TRIES_MAX = 64;
/** NATS accepts messages of 1 MiB: a larger decision is impossible. */
export const CLUSTER_DECISION_BYTES_MAX = 1000 * KIB;
/** Concurrent decisions are sent in one message of up to this size. */
export const CLUSTER_MESSAGE_BYTES_MAX = 512 * KIB;
export const CLUSTER_MESSAGE_PROPOSALS_MAX = 4_000;
/** Bytes read from the stream and queued for the disk; reading pauses above it. */
export const CLUSTER_RECEIVE_QUEUE_BYTES_MAX = 8 * 1024 * KIB;
/** Without a majority for this long, queued posts are refused: clients keep and retry them. */
export const CLUSTER_MAJORITY_TIMEOUT_MS = 3_000;
/** NATS servers that have just started elect a leader: a starting server waits this long. */
export const CLUSTER_START_TIMEOUT_MS = 20_000;
/** A request to NATS is repeated after this time without an answer: the leader may have changed. */
export const CLUSTER_ANSWER_TIMEOUT_MS = 1_000;
/**
 * Followers without contact to a leader for this long may elect another one (the shortest election
 * time-out of NATS). A leader in contact with a majority since then is the only one.
 */
export const CLUSTER_LEASE_MS = 4_000;
/** Interval of the majority check; clients learn of a lost majority within 10 seconds. */
export const MAJORITY_CHECK_INTERVAL_MS = 1_000;
/** Without a leader for this long there is no majority: most elections are shorter. */
export const CLUSTER_ELECTION_MS = 8_000;
/** A stream that is ahead but delivers nothing for this long is reopened. */
export const CLUSTER_STALLED_MS = 1_500;
/** Messages requested before they are applied. */
export const CLUSTER_MESSAGES_AHEAD = 256;
/** Chunks of one file, so that other files progress as well. */
export const CLUSTER_CHUNKS_PER_FILE_MAX = 8;
/** Chunks from the store queued for the disk, over all files: 64 MiB, or one a file. */
export const CLUSTER_CHUNKS_QUEUED_MAX = 256;
/** NATS elects a new leader within some seconds: requests for content are repeated this long. */
export const CLUSTER_CONTENT_TIMEOUT_MS = 20_000;
/** Interval of presence messages to the other servers, without changes: a message may be lost. */
export const SIBLING_PRESENCE_INTERVAL_MS = 3_000;
/** Changes within this time are sent together. */
export const SIBLING_BATCH_MS = 100;
/** An answer to a new server has arrived by then, including the time of collecting changes. */
export const SIBLINGS_ANSWER_TIMEOUT_MS = 3 * SIBLING_BATCH_MS;
/** A server that is silent for this long has nobody online: it has missed three messages. */
export const SIBLING_FORGET_MS = 10_000;
/** Online accounts that one server reports to the others: their ids fit one message of NATS. */
export const SIBLING_ONLINE_MAX = 20_000;
/**
 * Interval of requests for the console data of other servers while an operator watches. With
 * several operators no server answers more than twice as often: an answer has some 500 KB with 500
 * clients and 500 files.
 */
export const SIBLING_CONSOLE_INTERVAL_MS = 1_500;
/** Servers whose presence is stored. */
export const SIBLINGS_MAX = 64;
/** Characters of an id, a device's key, a name or an address with its prefix. */
export const SIBLING_KEY_CHARS_MAX = 128;
/** The server with the transfer to cancel answers within this time; otherwise there is none. */
export const SIBLING_CANCEL_TIMEOUT_MS = 2_000;
/** Servers that have not reported their state by then are not listed. */
export const NODES_ANSWER_TIMEOUT_MS = 500;
/** A node behind the state that a reader has seen has this long to catch up. */
export const CLUSTER_CATCH_UP_TIMEOUT_MS = 5_000;
/**
 * Size of the messages that copy an existing log: a starting server has CLUSTER_MESSAGES_AHEAD of
 * them in memory, and requests all within CLUSTER_ANSWER_TIMEOUT_MS.
 */
export const CLUSTER_COPY_BYTES_MAX = 64 * KIB;
/** Interval of the cluster's metrics: one request to all servers. */
export const CLUSTER_METRICS_INTERVAL_MS = 5_000;
/** A node more messages behind is slow, or was offline; normal lag is some hundred messages. */
export const CLUSTER_LAG_HIGH = 1_000;
/**
 * Server addresses that a client receives, stores and tries, and that an invite contains. A cluster
 * has three or five servers; larger ones are reached through these.
 */
export const CLUSTER_ADDRESSES_MAX = 8;
/** If an address is silent this long, the next one is tried in parallel. Allows two within 3 s. */
export const NEXT_ADDRESS_DELAY_MS = 1_000;
/**
 * Addresses from a server that a client dials: some rounds over all of them, then one a second, so
 * that no server directs a crowd of clients at other machines.
 */
export const ADVERTISED_DIALS_BURST = 32;
export const ADVERTISED_DIALS_PER_SECOND = 1;
/** A GroupInfo of 256 devices has 115 KiB, the key packages of a device 137 KiB at most. */
export const BUCKET_VALUE_BYTES_MAX = 256 * KIB;
/** Unused values older than this are deleted: a commit takes seconds. */
export const BUCKET_SWEEP_MS = 60 * 60_000;
/**
 * A client with other servers to use sends a ping after this silence over TCP, which reports a
 * machine without power only after minutes. A thousand idle clients then each send a few bytes that
 * often.
 */
export const IDLE_PING_AFTER_MS = 4_000;
/** … and if that is not answered, it tests whether the server accepts another connection, … */
export const IDLE_PING_TIMEOUT_MS = 2_000;
/** … which takes less than this on a slow line. */
export const IDLE_CONNECT_TIMEOUT_MS = 4_000;
/**
 * The same over UDP, which does not report even a program that has ended: the client reconnects
 * elsewhere within 3 s. A false alarm costs one log-in at another server.
 */
export const IDLE_UDP_PING_AFTER_MS = 1_000;
export const IDLE_UDP_PING_TIMEOUT_MS = 750;
export const IDLE_UDP_CONNECT_TIMEOUT_MS = 750;
