/**
 * Limits that several files or a test use, each with its reason. A test checks each limit at its
 * boundary.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

// Cost of requests on the event loop. No request may cost its length times the size of the data:
// - history, pins, catch-up: 1 MiB of lines in steps of 64 KiB (at most 3 ms). Threads search the
//   remaining data.
// - rooms: 10,000 rooms in 5 ms. who: 100,000 sorted names in at most a twentieth of the time.
// - readers: ROOM_MEMBERS_MAX. invites, bans: INVITES_MAX and BANS_MAX, without sorting.
// - erase-all, retention: a page of ERASED_PER_ORDER_MAX. edit, erase, pin, reaction: one block.
// - inclusion: PROOFS_PER_REQUEST_MAX groups of 256 heads, in separate turns of the event loop.
// - group-commit: GROUP_DEVICES_MAX look-ups and one hash. key-packages: KEY_PACKAGES_MAX.
// - post: PUSH_SEARCHED_CHARS for a push, PRINTED_CHARS_MAX for the output of `chat serve`.
// - Requests of operators: accounts, all-rooms and all-files sort the complete list (100,000 in
//   0.2 s). decisions searches DECISIONS_SEARCHED_MAX records.

// Texts and names.
/** Size of a message: a long letter, of which 1,000 readers' copies fit in memory. */
export const TEXT_BYTES_MAX = 64 * KIB;
/** Size of a topic: a line above the room. */
export const TOPIC_BYTES_MAX = 512;
/** Length of a user or room name, which is displayed in lines and typed by hand. */
export const NAME_CHARS_MAX = 32;
/** Size of a server name, which must fit on one line of prompts and lists. */
export const SERVER_NAME_BYTES_MAX = 128;
/** Size of the greeting that `serve --welcome` shows to new users: a few lines. */
export const WELCOME_BYTES_MAX = 4 * KIB;
/** Maximum size of a password. Longer ones would only take more time to hash. */
export const PASSWORD_BYTES_MAX = 1 * KIB;
/** Minimum length of a new password, in characters (NIST SP 800-63B, section 5.1.1). */
export const PASSWORD_CHARS_MIN = 8;
/** Size of a reaction: an emoji with its modifiers, or a short word. */
export const REACTION_BYTES_MAX = 64;
/** Users mentioned in the body of one message. */
export const MENTIONS_MAX = 64;
/** Size of an imported author's name. Names in other chat programs are shorter. */
export const IMPORTED_NAME_BYTES_MAX = 256;

/** Size of a fault's message or remedy: one sentence, which may quote other parties. */
export const FAULT_TEXT_BYTES_MAX = 4 * KIB;
/** Size of a fault's message or remedy in the source, with `{}` for each value. */
export const TEMPLATE_BYTES_MAX = 512;
export const TEMPLATE_VALUES_MAX = 8;
/** Longer values are cut. */
export const TEMPLATE_VALUE_BYTES_MAX = 256;

// Frames.
/**
 * Size of a message. A chunk of a file (256 KiB) fits with its header, as does a text escaped
 * six-fold.
 */
export const MESSAGE_BYTES_MAX = 1 * MIB + 4 * KIB;
/**
 * Size of a message before log-in. The longest legitimate one is `register` with a long password.
 */
export const MESSAGE_BEFORE_LOGIN_BYTES_MAX = 8 * KIB;
/** Maximum nesting of a message. The schemas use four levels; the others are for future fields. */
export const NESTING_MAX = 8;
/** Entries of one msgpack map or array. The longest list is a page of history. */
export const ENTRIES_MAX = 4096;
/**
 * Bytes of recent records of one room in memory. Rooms with longer texts are read from the disk.
 */
export const RECENT_ROOM_BYTES_MAX = 256 * KIB;
/** The same for all rooms: about 300 busy rooms. */
export const RECENT_BYTES_MAX = 16 * MIB;
/** Interval of presence messages per room. */
export const PRESENCE_INTERVAL_MS = 100;
/** Accounts that one presence message lists as online, and as offline. */
export const PRESENCE_ACCOUNTS_MAX = 500;
/** Larger rooms have no presence: it is of little use there, and its cost grows quadratically. */
export const PRESENCE_MEMBERS_MAX = 500;
/** Interval of typing messages per room, and of refreshes while a user keeps typing. */
export const TYPING_INTERVAL_MS = 1_000;
/** A typing indicator expires after this long without a refresh. */
export const TYPING_MS = 8_000;
/** Accounts named as typing: the latest ones. A UI displays three or more as "several". */
export const TYPING_NAMED_MAX = 4;
/** Larger rooms have no typing indicators: someone is always typing there. */
export const TYPING_MEMBERS_MAX = 200;
/** Maximum pinned messages of one room. */
export const PINS_MAX = 50;
/** Readers of a message listed by name. The count includes all readers. */
export const READERS_NAMED_MAX = 100;
/** Records of one room in one message: the size of a history page. */
export const RECORDS_PER_MESSAGE_MAX = 1_000;

// The log.
/**
 * Size of a line. A text of 65,536 control characters takes 393,216 bytes of JSON; the remaining
 * space is for the head and future fields.
 */
export const LINE_BYTES_MAX = 1 * MIB;
/** Bytes queued for a sync. Above this, the disk is slower than its writers and reports a fault. */
export const APPEND_QUEUE_BYTES_MAX = 64 * MIB;
/**
 * Bytes written and synced together. Readers receive a batch in one tick, so it must fit their
 * queues.
 */
export const BATCH_BYTES_MAX = 512 * KIB;
/** Larger batches are written in another thread. */
export const BATCH_SYNC_BYTES_MAX = 256 * KIB;
/**
 * Size of a reserve file, deleted when the disk is full so that messages can still be erased and
 * the server can stop cleanly.
 */
export const RESERVE_BYTES = 1 * MIB;
/**
 * Size of a signed note. Origin, size and root take 90 bytes, each signature 130, including those
 * of witnesses.
 */
export const NOTE_BYTES_MAX = 2 * KIB;
/** Hashes of a proof: 40 levels of a tree with fewer than 10^12 records, and the initial hash. */
export const PROOF_HASHES_MAX = 41;
/** Maximum delay of the checkpoint after a record, and minimum interval of checkpoints. */
export const CHECKPOINT_INTERVAL_MS = 1_000;
/**
 * Interval of records that contain a checkpoint, for copies of the log without the checkpoint file.
 */
export const CHECKPOINT_INTERVAL_RECORDS = 1_000;
/** Records per request for proofs. Their paths take about 90 KB. */
export const PROOFS_PER_REQUEST_MAX = 64;

// Links.
/** A reader whose queue is longer is disconnected and resumes by `seq`. */
export const SEND_QUEUE_BYTES_MAX = 8 * MIB;
/** A paused sender continues below this. */
export const SEND_QUEUE_LOW_BYTES = 1 * MIB;
/** Connections of one address before log-in. A class behind one NAT arrives within seconds. */
export const LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX = 16;
export const LINKS_PER_ADDRESS_MAX = 512;
/**
 * Connections without an account in total. The oldest is closed when there are more. Bun's
 * WebSocket buffers up to MESSAGE_BYTES_MAX for each (Bun 1.4.4 has one setting for all links), and
 * a legitimate log-in takes less than a second.
 */
export const LINKS_BEFORE_LOGIN_MAX = 1_024;
/** Connections in total: 110 MiB of sockets with TLS at 5.5 KiB each. */
export const LINKS_MAX = 20_000;
/** Descriptors reserved for the log, files, and log-ins of operators. */
export const DESCRIPTORS_RESERVED = 32;
/** Connections of one address without a first request. Loopback is exempt. */
export const HALF_OPEN_PER_ADDRESS_MAX = 32;
/** The same for each address while descriptors are short. */
export const HALF_OPEN_WHEN_SHORT_MAX = 4;
/** Time between accepting a connection and its first request. TLS takes three round trips. */
export const FIRST_REQUEST_TIMEOUT_MS = 10_000;
/** Intervals of checks for half-open connections: normal, and while descriptors are short. */
export const HALF_OPEN_CHECK_INTERVAL_MS = 1_000;
export const HALF_OPEN_CHECK_SHORT_INTERVAL_MS = 100;
/** Connections beyond LINKS_MAX for loopback, so that the operator can log in to a full server. */
export const LINKS_RESERVED = 16;
/** Unanswered requests of one session. */
export const REQUESTS_IN_FLIGHT_MAX = 1024;
/**
 * Received messages queued per connection. A connection that queues more is closed. A full window
 * of chunks (TRANSFER_WINDOW_BYTES_MAX) fits with its overhead, as do all requests in flight.
 */
export const RECEIVE_QUEUE_PER_LINK_BYTES_MAX = 18 * MIB;
/** Queued bytes of all connections: TRANSFERS_BYTES_MAX and 32 MiB of other messages. */
export const RECEIVE_QUEUES_BYTES_MAX = 160 * MIB;
/** Messages of one connection before log-in. A legitimate log-in takes fewer than ten. */
export const MESSAGES_BEFORE_LOGIN_MAX = 64;
/**
 * Rate of one account's messages that change nothing: pings, and refused or unknown requests.
 * During a long paste a client resends OUTBOX_IN_FLIGHT_MAX posts about ten times a second until
 * the server accepts them.
 */
export const IDLE_MESSAGES_PER_SECOND = 3_000;
export const IDLE_MESSAGES_BURST = 8_192;
/** Rate of WebSocket pings and pongs. Normal peers send one every 20 s. */
export const CONTROL_FRAMES_PER_SECOND = 1;
export const CONTROL_FRAMES_BURST = 64;
/**
 * Rate of received bytes without files, per account or, before log-in, per address. Exceeds the
 * maximum size of texts allowed by POSTS_PER_SECOND and POSTS_BURST.
 */
export const RECEIVED_BYTES_PER_SECOND = 32 * MIB;
export const RECEIVED_BYTES_BURST = 32 * MIB;
/**
 * Bytes and messages accepted from a closing connection: the number of bytes that it had sent
 * before, within this range. A full window of chunks fits.
 */
export const BYTES_AFTER_CLOSE_MIN = 1 * MIB;
export const BYTES_AFTER_CLOSE_MAX = 17 * MIB;
export const MESSAGES_AFTER_CLOSE_MAX = 128;
/** A longer message before log-in closes its connection without an answer. */
export const MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX = 64 * KIB;
/** Rate of HTTP requests of one address. A page load takes 40. Loopback is exempt. */
export const HTTP_REQUESTS_PER_SECOND = 200;
export const HTTP_REQUESTS_BURST = 1_000;
/**
 * Requests in one turn of the event loop, per connection (browsers do not pipeline) and in total.
 */
export const HTTP_REQUESTS_PIPELINED_MAX = 4;
export const HTTP_REQUESTS_PER_TURN_MAX = 64;
/** An account or address disconnected for flooding is refused for this long. */
export const FLOOD_REFUSED_MS = 10_000;
/** Refused accounts and addresses. The oldest is forgotten. */
export const FLOODERS_MAX = 10_000;
/**
 * Rate of a session's requests other than posts: the speed at which programs page through history.
 */
export const REQUESTS_PER_SECOND = 200;
/** Twice the requests in flight, so that a client that sends them together is not slowed. */
export const REQUESTS_BURST = 2_048;

// Times in milliseconds.
export const HELLO_TIMEOUT_MS = 10_000;
/** Time for a person to find the password. A program needs a second. */
export const LOGIN_TIMEOUT_MS = 120_000;
export const PING_INTERVAL_MS = 20_000;
/** Two ping intervals and a slow network. The peer counts as lost afterwards. */
export const IDLE_TIMEOUT_MS = 45_000;
export const CONNECT_TIMEOUT_MS = 10_000;
export const RECONNECT_FIRST_MS = 250;
export const RECONNECT_MAX_MS = 60_000;
/** Maximum reconnection delay while a message or file is pending: the user may be watching. */
export const RECONNECT_PENDING_MAX_MS = 15_000;
/** Time for a stopping server to send its last answers. */
export const DRAIN_TIMEOUT_MS = 5_000;

// Accounts and rooms.
export const ACCOUNTS_MAX = 100_000;
/** Part of ACCOUNTS_MAX reserved for users whom operators invite. */
export const ACCOUNTS_RESERVED = 1_000;
/** Accounts registered per hour from one address: a large school behind one NAT. */
export const ACCOUNTS_PER_ADDRESS_HOUR_MAX = 1_000;
/** Accounts registered per hour with invites of one member: the maximum of one invite. */
export const ACCOUNTS_PER_INVITER_HOUR_MAX = 1_000;
export const DEVICES_PER_ACCOUNT_MAX = 32;
/** Addresses in an invite. Few machines have more reachable ones. */
export const INVITE_ADDRESSES_MAX = 16;
/** Pending offers of `link-device`. Each holds a session and some bytes. */
export const LINK_OFFERS_MAX = 1_000;
/** Lifetime of a link code: time to walk to the other machine and type 27 letters. */
export const LINK_CODE_MS = 10 * 60_000;
/** Former keys of a server. A client that missed more changes must ask the owner. */
export const PREDECESSORS_MAX = 8;
/** Size of a device label in its owner's list: a program and a system. */
export const DEVICE_LABEL_BYTES_MAX = 64;
/** Interval of saving notes. They change once a day, and a crash loses at most this much. */
export const DEVICE_NOTES_SAVE_INTERVAL_MS = 10_000;
export const SESSIONS_PER_ACCOUNT_MAX = 64;
export const ROOMS_MAX = 10_000;
/** Part of ROOMS_MAX reserved for operators. */
export const ROOMS_RESERVED = 500;
/** Existing rooms created by one account, and rooms that it may create per hour. */
export const ROOMS_PER_ACCOUNT_MAX = 1_000;
export const ROOMS_PER_HOUR_MAX = 100;
/** Former names of accounts that still resolve. The same number applies to rooms. */
export const FORMER_NAMES_MAX = 10_000;
export const ROOM_MEMBERS_MAX = 20_000;
/** Joined rooms of one account. Each is a subscription and a catch-up at log-in. */
export const JOINED_ROOMS_MAX = 1_000;
/** Users ignored by one account. Each device receives the complete list. */
export const IGNORED_MAX = 256;
/** Rooms with settings of one account: more than users arrange, in half a page. */
export const PREFS_ROOMS_MAX = 512;
/** Saved messages of one account. Each device receives all, at 40 bytes each. */
export const SAVED_MAX = 500;
/** Settings records of one account. When there are more, they are merged into one and blanked. */
export const PREFS_RECORDS_MAX = 256;
/** Rate of one account's settings changes: faster than by hand. */
export const PREFS_PER_SECOND = 2;
export const PREFS_BURST = 120;
/** Read positions in memory and in `marks.json`, about 30 bytes each in the file. */
export const READ_POSITIONS_MAX = 200_000;
/** Counted unread messages of one room, 16 bytes each. A larger number would not be more useful. */
export const UNREAD_COUNTED_MAX = 10_000;
/** Twice the size of READ_POSITIONS_MAX positions. A larger file is not from this program. */
export const READ_POSITIONS_BYTES_MAX = 16 * MIB;
export const READ_POSITIONS_SAVE_INTERVAL_MS = 2_000;
/** Interval at which an account's other devices are notified of its read position. */
export const READ_NOTICE_INTERVAL_MS = 1_000;

// Resets.
/** Default lifetime of a reset code. Its user usually receives it within a day. */
export const RESET_MS = 24 * 60 * 60_000;
/**
 * Maximum lifetime of a reset code, for a user who is away for a week. A code that is valid longer
 * would be a second password.
 */
export const RESET_MS_MAX = 7 * 24 * 60 * 60_000;

// Guessing.
/** Consecutive wrong secrets after which the link is closed. */
export const WRONG_SECRETS_MAX = 3;
/** Wrong guesses of one account or address that are answered immediately. */
export const GUESSES_FREE = 3;
export const GUESS_DELAY_FIRST_MS = 1_000;
export const GUESS_DELAY_MAX_MS = 20_000;
/**
 * Delayed wrong answers of one address. Above this, correct secrets from that address are also
 * delayed; below it, a class behind one NAT does not suffer from a neighbour's typing errors.
 */
export const GUESSES_DELAYED_PER_ADDRESS_MAX = 8;
/**
 * Wrong guesses are forgotten after this long without another one from the same account or address.
 */
export const GUESS_FORGET_MS = 10 * 60_000;
/** Accounts and addresses with remembered guesses. The oldest is forgotten. */
export const GUESS_KEYS_MAX = 10_000;
/**
 * Wrong guesses per minute at one shared secret (the server's password or a room's) over all
 * clients. A class that mistypes it stays below this, a thousand guessing machines do not. Further
 * guesses are queued at this rate for at most GUESS_DELAY_MAX_MS.
 */
export const SHARED_GUESSES_PER_MINUTE = 100;
/** Concurrent password checks. argon2id takes 17 to 70 ms and 19 MiB each. */
export const PASSWORD_CHECKS_MAX = 2;
export const PASSWORD_CHECKS_QUEUED_MAX = 32;

// Posts.
/**
 * Sustained posts per second of one account over all its sessions, and the burst for a paste or a
 * script. Faster than people read, and other accounts are not slowed.
 */
export const POSTS_PER_SECOND = 500;
export const POSTS_BURST = 2_500;
/**
 * Characters per post for the rate limit: a longer text counts as several posts. Ciphertexts,
 * commits and key packages count by their bytes: 4 MB per second (`posts` of a request row).
 */
export const POST_CHARS = 8 * KIB;
/** Accounts with remembered rates. A forgotten account starts with a new burst. */
export const POST_RATES_MAX = 20_000;
/** Unanswered posts of one outbox. The server remembers the same number. */
export const OUTBOX_IN_FLIGHT_MAX = 256;
export const OUTBOXES_PER_ACCOUNT_MAX = 64;
/** The server forgets an outbox after this long without a post. */
export const OUTBOX_FORGET_MS = 30 * 24 * 60 * 60_000;
/** A client gives up unsent posts a day before the server would accept repetitions as new posts. */
export const OUTBOX_KEEP_MS = 29 * 24 * 60 * 60_000;
/** Posts that a client stores while offline. Further ones are refused. */
export const OUTBOX_PENDING_MAX = 10_000;
/** Posts over HTTP queued for the disk, and rate of those with one token. */
export const HTTP_POSTS_QUEUED_MAX = 256;
export const HTTP_POSTS_PER_SECOND = 10;
/** Messages that an automated build may send together. */
export const HTTP_POSTS_BURST = 60;
/**
 * Size of a webhook's JSON, which contains much besides its text. Several hundred grouped alerts
 * fit.
 */
export const WEBHOOK_BYTES_MAX = 512 * KIB;
/**
 * Programs that read a room over HTTP, per token, address and account, and in total. Each costs a
 * socket and sometimes a page of history. The server does not buffer for slow readers.
 */
export const READERS_PER_TOKEN_MAX = 4;
export const READERS_PER_ADDRESS_MAX = 32;
export const READERS_PER_ACCOUNT_MAX = 64;
export const READERS_MAX = 256;
/** Maximum time that one request waits for new messages. The program then sends another request. */
export const READ_WAIT_SECONDS_MAX = 120;
/** A reader that accepts no data for this long is disconnected. */
export const READ_STALL_MS = 30_000;
/** Records in a page for an HTTP reader. */
export const READ_PAGE_RECORDS_MAX = 100;
export const READ_PAGE_BYTES_MAX = 256 * KIB;
/** Messages of a room that are returned if the request has no position, as in `chat history`. */
export const READ_RECORDS_DEFAULT = 50;
/** Size of the key that identifies a repeated post over HTTP. */
export const HTTP_POST_KEY_BYTES_MAX = 128;

/** Long texts fill the memory before the number of posts reaches OUTBOX_PENDING_MAX. */
export const OUTBOX_PENDING_CHARS_MAX = 32 * MIB;
/**
 * At three bytes per character, all posts in flight fit a link's queue, which closes the link when
 * it is full.
 */
export const OUTBOX_IN_FLIGHT_CHARS_MAX = 1 * MIB;

// History.
/** Records that a device receives of a room at its first log-in. */
export const FIRST_RECORDS = 50;
/**
 * Records that a device receives of a room after an absence. The history command returns the
 * others.
 */
export const CATCH_UP_RECORDS_MAX = 500;
export const PAGE_BYTES_MAX = 256 * KIB;
export const PAGE_RECORDS_MAX = 1_000;
/** Newest records of each room that `chat verify` reads from a server, in some seconds. */
export const VERIFIED_RECORDS_MAX = 10_000;
/**
 * History that one account may read per day, in bytes of the log: ten times a history of a million
 * messages. Stops a client that reads the complete history repeatedly.
 */
export const HISTORY_BYTES_PER_DAY = 4 * 1024 * MIB;
/**
 * Size of a search text. Longer texts are pasted by mistake. The first 16 letters select the lines
 * to parse.
 */
export const GREP_BYTES_MAX = 1 * KIB;
/** Record kinds of one search: twice the number of visible kinds. */
export const SEARCHED_KINDS_MAX = 32;
/**
 * Records that one order erases, besides their edits. The order's line stays far below
 * LINE_BYTES_MAX.
 */
export const ERASED_PER_ORDER_MAX = 500;
/** Range of a room's retention: the time needed to read a message, up to a century. */
export const RETENTION_MS_MIN = 60_000;
export const RETENTION_MS_MAX = 100 * 365 * 86_400_000;
/** Interval of retention checks, and therefore the maximum delay of an erasure. */
export const RETENTION_CHECK_INTERVAL_MS = 60_000;
/** Requests queued while a room's membership changes: a busy room during one disk sync. */
export const ROOM_LOCK_QUEUE_MAX = 16_384;
/**
 * Outboxes with held posts per session. A process uses one. Posts of a client with more lose only
 * their order.
 */
export const OUTBOXES_HELD_MAX = 16;
/** Bytes of one room's catch-up for one device. The history command returns the others. */
export const CATCH_UP_BYTES_MAX = 8 * MIB;
/** Pages read from the disk in parallel. */
export const CONCURRENT_PAGE_READS_MAX = 4;
/** Page reads of one account: a user who searches a lot leaves capacity for others. */
export const PAGE_READS_PER_ACCOUNT_MAX = 2;
/** Pause of an account after a page read, as a multiple of its duration, and its maximum. */
export const PAGE_PAUSE_FACTOR = 3;
export const PAGE_PAUSE_MS_MAX = 200;
export const PAGE_READS_QUEUED_MAX = 4_096;
/**
 * Bytes queued for a terminal or pipe that does not read. Further lines are omitted and counted.
 */
export const OUTPUT_QUEUE_BYTES_MAX = 4 * MIB;
/** Characters of one message that `chat serve` prints for people. */
export const PRINTED_CHARS_MAX = 1_000;
/**
 * Rate of printed characters: 2,000 messages a second. Wrapping for a terminal takes up to 1.2 us
 * per character.
 */
export const PRINTED_CHARS_PER_SECOND = 128 * KIB;

// Moderation.
/** Maximum bans: a list that one person can still review. Expired bans do not count. */
export const BANS_MAX = 10_000;
/** Usable invites per account, per operator, and in total. */
export const INVITES_PER_ACCOUNT_MAX = 100;
export const INVITES_PER_OPERATOR_MAX = 2_000;
export const INVITES_MAX = 10_000;
/** Part of INVITES_MAX reserved for operators. */
export const INVITES_RESERVED = 1_000;
/** Invites created per hour by one account, and by one operator. Each is a permanent record. */
export const INVITES_PER_HOUR_MAX = 100;
export const INVITES_PER_HOUR_OPERATOR_MAX = 2_000;
/** Bans or invites in one answer: at most 120 KB, and more rows than a window displays. */
export const MODERATION_PAGE_MAX = 200;
/** Maximum uses of a member's invite. Operators can choose any number. */
export const INVITE_USES_MAX = 1_000;
/** Remembered used or revoked invites, whose holders receive the reason. */
export const INVITES_SPENT_MAX = 10_000;
/** Maximum edits of one record. Each is a record, and an erasure lists all of them. */
export const EDITS_PER_RECORD_MAX = 100;

// UDP.
/**
 * Receive buffer for 100 ms of a fast transfer, so that datagrams are not lost while the program is
 * busy.
 */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * MIB;
/** Bytes in flight of one stream: 34 MB/s at 50 ms and 5 % loss, compared with 5 MB/s for 1 MiB. */
export const UDP_STREAM_WINDOW_BYTES = 16 * MIB;
/** Unsent bytes that QUIC buffers per stream. A longer buffer would delay messages behind files. */
export const UDP_QUEUE_BYTES = 64 * KIB;
/**
 * Streams of one connection: the link, DATA_CHANNELS_PER_SESSION_MAX data channels, and some that
 * are closing.
 */
export const UDP_STREAMS_MAX = 40;
/** Connections without a link. The oldest is closed when there are more. */
export const UDP_HALF_OPEN_MAX = 1_024;
/**
 * Idle timeout of a connection, in seconds as QUIC requires. Longer than a network failure of 10 s,
 * and short enough to detect a killed server.
 */
export const QUIC_IDLE_TIMEOUT_SECONDS = 20;
/** Ping interval of a client over UDP, because a killed server sends nothing. */
export const UDP_PING_INTERVAL_MS = 2_000;
/** A client reconnects after this long without an answer. Shorter gaps have no effect. */
export const UDP_IDLE_TIMEOUT_MS = 4_000;
/**
 * A client also tries the other transport if one has not answered after this long, so that it
 * connects within 3 s.
 */
export const TRANSPORT_FALLBACK_DELAY_MS = 1_500;
/**
 * Refusals within this time after the loss of a working transport are retried: a restarting server
 * is back by then.
 */
export const TRANSPORT_REFUSAL_GRACE_MS = 5_000;
/** A port that has sent no packet within this time counts as blocked. */
export const UDP_ANSWER_TIMEOUT_MS = 3_000;

// LAN.
/**
 * Size of a datagram that no local network fragments. Losing one fragment would lose the datagram.
 */
export const LAN_DATAGRAM_BYTES_MAX = 1_200;
/** Size of a text: the space besides head, name, seal and signature. */
export const LAN_TEXT_BYTES_MAX = 960;
/**
 * Size of a query. Longer than the longest answer, so that a query cannot be used for amplification
 * by one peer.
 */
export const LAN_QUERY_BYTES = 256;
/** Window for datagrams that arrive out of order. Older ones are treated as repetitions. */
export const LAN_WINDOW = 64;
/** Maximum difference of clocks. A captured datagram cannot be replayed later. */
export const LAN_CLOCK_SKEW_MS = 120_000;
/** Remembered sessions. A session silent for LAN_FORGET_MS is replaced. */
export const LAN_SENDERS_MAX = 256;
/** Remembered sessions per address, so that one host cannot fill the table. */
export const LAN_SENDERS_PER_ADDRESS_MAX = 32;
/** Sessions per key: the open windows of one person. */
export const LAN_SESSIONS_PER_KEY_MAX = 8;
/** Names pinned to keys. Further names are displayed as unverified. */
export const LAN_NAMES_MAX = 1_024;
/** Rate per source (address and port), and its burst: a paste, and presence. */
export const LAN_PACKETS_PER_SECOND = 20;
export const LAN_PACKETS_BURST = 40;
/** Rate per address: ten programs on one machine. */
export const LAN_ADDRESS_PACKETS_PER_SECOND = 200;
/** Sources and addresses with remembered rates. The least recently used is dropped. */
export const LAN_SOURCES_MAX = 256;
/** Rate of signature checks over all senders: about a tenth of one core. */
export const LAN_CHECKS_PER_SECOND = 1_000;
/**
 * Rate of sent texts: half of what receivers accept from one source. A longer paste is slowed down.
 */
export const LAN_TEXTS_PER_SECOND = 10;
export const LAN_TEXTS_BURST = 20;
export const LAN_ANNOUNCE_INTERVAL_MS = 30_000;
/** Three announcement intervals and a margin. The peer counts as offline afterwards. */
export const LAN_PEER_TIMEOUT_MS = 95_000;
/** Twice LAN_CLOCK_SKEW_MS: a session's datagrams can no longer be replayed. */
export const LAN_FORGET_MS = 240_000;
/** Queries within this time share one answer. */
export const LAN_ANSWER_INTERVAL_MS = 1_000;
/** Range of the random delay of answers to one query. */
export const LAN_ANSWER_SPREAD_MS = 500;
/** Multicast is considered broken if the program's own datagrams do not return within this time. */
export const LAN_ECHO_TIMEOUT_MS = 3_000;

// Discovery.
/** Servers on one network: as many as a person can review. Most further ones are forged. */
export const SERVERS_FOUND_MAX = 256;
/** Servers per sender. A machine runs a few servers, a forger runs thousands. */
export const SERVERS_FOUND_PER_SENDER_MAX = 8;
/** Names read before listening ends, because the library stores each of them. */
export const ANNOUNCEMENTS_READ_MAX = 1_024;
/** Size of a multicast DNS datagram (RFC 6762, section 17). */
export const MDNS_DATAGRAM_BYTES_MAX = 9_000;
/**
 * Questions and records of one datagram. An announcement has ten. The cost of an answer is
 * quadratic.
 */
export const MDNS_ENTRIES_MAX = 64;
/** Questions of one datagram. Each may cause an answer to all hosts. */
export const MDNS_QUESTIONS_MAX = 8;
/** Rate of datagrams. A school full of printers sends fewer. */
export const MDNS_DATAGRAMS_PER_SECOND = 200;
/** Rate of answers, because all hosts on the network receive each of them. */
export const MDNS_ANSWERS_PER_SECOND = 10;
/** Numbered servers of one name, and names that one start may try. */
export const SAME_NAME_MAX = 64;
/** Time for the slowest answer (RFC 6762, section 6) and a lost one. */
export const DISCOVER_MS = 2_000;

// Doctor.
/** Timeout per hop on the path to a server. A slower hop is reported as the problem. */
export const CHECK_TIMEOUT_MS = 3_000;
/**
 * Maximum clock difference. Beyond it, logs of two machines cannot be compared, and `chat lan`
 * refuses packets.
 */
export const CLOCK_SKEW_MS_MAX = 120_000;
/** Free space that a busy server uses in a day. Below this the operator should act. */
export const FREE_BYTES_LOW = 256 * MIB;
/**
 * Duration of a sync that is reported as slow. Each message waits for one sync, and users notice
 * ten times this duration.
 */
export const SYNC_MS_SLOW = 50;

// Files.
/**
 * Size of a chunk. Fixed, so that the same bytes always have the same digest. As fast as 1 MiB in
 * measurements.
 */
export const CHUNK_BYTES = 256 * KIB;
/** Length of `f` and 64 bits in base64url. */
export const FILE_ID_LENGTH = 12;
/** Maximum size of a file: above any disk, and below 2^53 so that every offset is exact. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024 * MIB;
/** Size of a name as sent. Receivers cut it to the maximum of their own disk. */
export const FILE_NAME_BYTES_MAX = 1 * KIB;
/** Size of a caption: a paragraph or two. */
export const FILE_TEXT_BYTES_MAX = 4 * KIB;
/** Size of a path inside a folder: the maximum of Linux. */
export const PATH_BYTES_MAX = 4 * KIB;
/** Targets of one file. Each gets one record when the file is complete. */
export const FILE_TARGETS_MAX = 64;
/**
 * Entries of a folder: a source tree with its packages. The manifest of a larger one would take too
 * much memory.
 */
export const FOLDER_ENTRIES_MAX = 100_000;
export const MANIFEST_BYTES_MAX = 16 * MIB;
/** Initial window: four chunks saturate a loopback link. */
export const TRANSFER_WINDOW_FIRST_BYTES = 1 * MIB;
/** Maximum window: 100 ms at 1.3 Gbit/s. The receiver closes a data channel that exceeds it. */
export const TRANSFER_WINDOW_BYTES_MAX = 16 * MIB;
/** Chunks queued for the server's disk, over all uploads. */
export const TRANSFERS_BYTES_MAX = 128 * MIB;
/** Bytes that may be sent again after a crash. More frequent syncs reduce the speed. */
export const TRANSFER_SYNC_BYTES = 16 * MIB;
/** Parallel transfers of one session. */
export const DATA_CHANNELS_PER_SESSION_MAX = 32;
export const DATA_CHANNELS_PER_ACCOUNT_MAX = 64;
/** Lifetime of a ticket, from the request to the second connection. */
export const TICKET_MS = 30_000;
/** Uploads that are not resumed for this long are deleted. */
export const UPLOAD_KEEP_MS = 7 * 24 * 60 * 60_000;
/** A data channel that is silent for this long is replaced by a new one for the same file. */
export const UPLOAD_IDLE_TIMEOUT_MS = 10_000;
/** Unfinished uploads of one account. */
export const UPLOADS_PER_ACCOUNT_MAX = 1_000;
/** Space reserved for the log, which shares the disk with the files. */
export const FREE_BYTES_MIN = 256 * MIB;
/** Files of one server that a device can complete by id: more than a list shows. */
export const KNOWN_FILES_MAX = 500;
/** Names of one kind that completion searches: more than a person reads. */
export const KNOWN_NAMES_MAX = 1_000;
/** Candidates passed to a shell: a screen of them. */
export const COMPLETIONS_MAX = 200;
/** The UI displays longer pauses of a transfer with their cause. */
export const STALL_REPORTED_AFTER_MS = 3_000;
/** Renamed entries of a received folder that are listed, as examples. */
export const RENAMED_LISTED_MAX = 10;
/** Ids that `get-file --follow` remembers beyond its cursor: far more than arrive together. */
export const RECEIVED_FILES_MAX = 10_000;
/** Queued files of `get-file --follow`. It reads further records when some are finished. */
export const INCOMING_FILES_MAX = 1_000;
/** Parallel downloads. More would share the same line. */
export const CONCURRENT_DOWNLOADS_MAX = 4;
/** Received chunks of one file that are not yet synced: 256 MiB. */
export const UNSYNCED_CHUNKS_MAX = 1_024;
/** Time that `chat receive` waits for a lost share: longer than a router's restart. */
export const RECEIVE_TIMEOUT_MS = 60_000;
/** Small files of a folder that are read or synced in parallel. More would not be faster. */
export const CONCURRENT_FILES_MAX = 16;
/** Maximum numbered names (`NAME (1)`, `NAME (2)`, …). */
export const SAME_NAMES_MAX = 1_000;
/** Chunks retained of a source that cannot be read again: the unsynced bytes and a full window. */
export const STREAM_RETAINED_CHUNKS_MAX = 128;
/** Chunk buffers for reuse: a queue of a link, and the chunks read ahead. */
export const SPARE_BUFFERS_MAX = 16;
/** Maximum path component on common file systems. */
export const PATH_SEGMENT_BYTES_MAX = 255;
/**
 * Code points of one grapheme cluster. A family with four skin tones needs 11. More marks would
 * overlap other lines.
 */
export const CLUSTER_CODE_POINTS_MAX = 16;
/** Length of a page title or notification. Systems cut longer ones. */
export const NOTICE_CODE_POINTS_MAX = 120;
/** Size of a device certificate. One with maximum fields takes under 300 bytes. */
export const DEVICE_CERT_BYTES_MAX = 512;
/** Buffered events: a catch-up of a few rooms. A slower reader closes the link and resumes. */
export const EVENTS_BUFFERED_MAX = 8_192;
/** Records read but not yet stored by a device: a busy room can be faster than a slow disk. */
export const UNSTORED_RECORDS_MAX = 1_024;
