/** Bounds of several servers that share one stream; see limits.ts. */

const KIB = 1024;

/**
 * Records of each log whose changes are remembered. What was decided longer ago than that is
 * decided again: a node that lags this far behind cannot tell what has changed since.
 */
export const CLUSTER_WINDOW_RECORDS = 100_000;
/**
 * A decision that other servers have overtaken is made anew so often: three of them that change
 * one room without pause let each other in long before.
 */
export const CONFLICT_TRIES_MAX = 64;
/** NATS takes messages of 1 MiB: more than that cannot be decided at once. */
export const CLUSTER_DECISION_BYTES_MAX = 1000 * KIB;
/** What is decided meanwhile goes together, up to this. */
export const CLUSTER_MESSAGE_BYTES_MAX = 512 * KIB;
export const CLUSTER_MESSAGE_PROPOSALS_MAX = 4_000;
/** What waits for the stream; beyond it the cluster is slower than its writers and says so. */
export const CLUSTER_QUEUE_BYTES_MAX = 32 * 1024 * KIB;
/** What was read from the stream and waits for the disk; the stream is not read further then. */
export const CLUSTER_ARRIVED_BYTES_MAX = 8 * 1024 * KIB;
/** Without a majority for so long, what waits is refused: its sender keeps it, and asks again. */
export const CLUSTER_WITHIN_MS = 3_000;
/** NATS servers that have just started choose who leads: a server that starts waits so long. */
export const CLUSTER_START_WITHIN_MS = 20_000;
/** A NATS server that has not answered by then is asked again: another one may lead by now. */
export const CLUSTER_ANSWER_MS = 1_000;
/**
 * Followers that have not heard of a leader for so long may choose another one (the shortest
 * election time-out of NATS). A leader that was heard by a majority since is the only one.
 */
export const CLUSTER_LEASE_MS = 4_000;
/** Interval of the majority check; clients learn of a lost majority within 10 seconds. */
export const MAJORITY_LOOK_EVERY_MS = 1_000;
/** Machines without a leader for so long have no majority: most elections are shorter. */
export const CLUSTER_ELECTION_MS = 8_000;
/** A stream that is ahead, and brings nothing for so long, is read anew. */
export const CLUSTER_STALLED_MS = 1_500;
/** Messages that are asked for before they are applied. */
export const CLUSTER_MESSAGES_AHEAD = 256;
/** Chunks of files that one server sends to NATS or asks it for at the same time: 4 MiB. */
export const CLUSTER_CHUNKS_AT_ONCE = 16;
/** Of one file: others come in between. */
export const CLUSTER_FILE_CHUNKS_AT_ONCE = 8;
/** Chunks that came from the store and wait for the disk, over all files: 64 MiB, or one a file. */
export const CLUSTER_CHUNKS_HELD = 256;
/** NATS agrees on a new leader within some seconds: for so long content is asked for again. */
export const CLUSTER_CONTENT_WITHIN_MS = 20_000;
/** Who is in is told to the other servers so often, whatever happens: a message may be lost. */
export const SIBLING_TELL_EVERY_MS = 3_000;
/** What changes within this time is told at once. */
export const SIBLING_GATHER_MS = 100;
/** What a newcomer is answered with is here by then: it is gathered first. */
export const SIBLINGS_ANSWER_MS = 3 * SIBLING_GATHER_MS;
/** A server that was not heard for so long has nobody online: it has missed three tellings. */
export const SIBLING_FORGET_MS = 10_000;
/** Accounts online at one server that the others are told of: their ids fit one message of NATS. */
export const SIBLING_ONLINE_MAX = 20_000;
/**
 * While an operator looks, the other servers are asked to show themselves this often; where
 * operators look at several, none does so more than twice as often: one showing has some 500 KB
 * with 500 clients and 500 files.
 */
export const SIBLING_WINDOW_EVERY_MS = 1_500;
/** Servers whose presence is kept. */
export const SIBLINGS_MAX = 64;
/** An id, a device's key, a name or an address with what it is. */
export const SIBLING_KEY_CHARS_MAX = 128;
/** A server that has a transfer which is to end answers within this, or nobody has it. */
export const SIBLING_CANCEL_MS = 2_000;
/** Servers that have not said how they are by then are not shown. */
export const NODES_ANSWER_MS = 500;
/** A node that a reader finds behind what others have shown it waits so long to catch up. */
export const CLUSTER_BEHIND_MS = 5_000;
/**
 * A log that was there before is brought in messages of this size: a server that begins has
 * CLUSTER_MESSAGES_AHEAD of them in memory, and asks for all within CLUSTER_ANSWER_MS.
 */
export const CLUSTER_COPY_BYTES_MAX = 64 * KIB;
/** A server looks at its cluster so often, for its metrics: one question to all. */
export const CLUSTER_LOOK_EVERY_MS = 5_000;
/** Maximum size of a page of a NATS server's monitoring; usual pages have 5 KiB. */
export const NATS_MONITOR_BYTES_MAX = 1024 * KIB;
/** Who is more messages behind than this is slow, or was away; a moment's work is some hundred. */
export const CLUSTER_LAG_HIGH = 1_000;
/**
 * Addresses of servers that a client is told, keeps and tries, and that an invite names. A cluster
 * has three or five; one that has more is reached by these.
 */
export const CLUSTER_PLACES_MAX = 8;
/** An address that is silent so long: the next is tried beside it. Two may be, within 3 s. */
export const NEXT_PLACE_AFTER_MS = 1_000;
/**
 * What a client dials of that which a server has told it: some rounds over all of them, then one
 * a second. So no server makes its clients a crowd before somebody else's door.
 */
export const TOLD_DIALS_BURST = 32;
export const TOLD_DIALS_PER_SECOND = 1;
/** A GroupInfo of 256 devices has 115 KiB, the key packages of a device 137 KiB at most. */
export const BUCKET_VALUE_BYTES_MAX = 256 * KIB;
/** What nobody keeps, and was written so long ago, is left over: a commit takes seconds. */
export const BUCKET_SWEEP_MS = 60 * 60_000;
/**
 * A client that may go elsewhere asks after so much silence over TCP, which tells of a machine
 * without power after minutes. Each of a thousand idle clients then sends a few bytes that often.
 */
export const SILENT_ASK_AFTER_MS = 4_000;
/** … and when that is not answered, whether the machine takes another connection, … */
export const SILENT_ANSWER_MS = 2_000;
/** … which a slow line does within this. */
export const SILENT_CONNECT_MS = 4_000;
/**
 * The same over UDP, which does not even tell of a program that has ended: elsewhere within 3 s.
 * Where nothing comes through for so long that it is a false alarm, it costs a log-in elsewhere.
 */
export const SILENT_UDP_ASK_AFTER_MS = 1_000;
export const SILENT_UDP_ANSWER_MS = 750;
export const SILENT_UDP_CONNECT_MS = 750;
