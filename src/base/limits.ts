/** Limits shared by several files or used by tests. */

const KIB = 1024;
const MIB = 1024 * KIB;

// The cost of a request on the event loop must never be the product of its length and the size of
// the stored data. Pages are read in steps of 64 KiB (at most 3 ms), worker threads search older
// data, and only operators' requests sort complete lists (100,000 entries in 0.2 s).

// Texts and names.
/** 1,000 queued copies of the longest text fit in memory. */
export const TEXT_BYTES_MAX = 64 * KIB;
export const TOPIC_BYTES_MAX = 512;
export const NAME_CHARS_MAX = 32;
export const SERVER_NAME_BYTES_MAX = 128;
export const WELCOME_BYTES_MAX = 4 * KIB;
/** A longer password would only take more time to hash. */
export const PASSWORD_BYTES_MAX = 1 * KIB;
/** Code points (NIST SP 800-63B, section 5.1.1). */
export const PASSWORD_CHARS_MIN = 8;
/** An emoji with its modifiers, or a short word. */
export const REACTION_BYTES_MAX = 64;
export const MENTIONS_MAX = 64;
export const IMPORTED_NAME_BYTES_MAX = 256;

/** A fault's text may quote a path, name or other error. */
export const FAULT_TEXT_BYTES_MAX = 4 * KIB;
export const TEMPLATE_BYTES_MAX = 512;
export const TEMPLATE_VALUES_MAX = 8;
/** Longer values in a fault's text are cut. */
export const TEMPLATE_VALUE_BYTES_MAX = 256;

// Frames.
/**
 * Fits a file chunk (256 KiB) with its header, and the longest text if JSON escapes every character
 * as six bytes.
 */
export const MESSAGE_BYTES_MAX = 1 * MIB + 4 * KIB;
/** The longest legitimate message is `register` with a long password. */
export const MESSAGE_BEFORE_LOGIN_BYTES_MAX = 8 * KIB;
/** The schemas use four levels; four are spare for future fields. */
export const NESTING_MAX = 8;
/** Per msgpack map or array. The longest legitimate list is a page of history. */
export const ENTRIES_MAX = 4096;
/** Older records are read from the disk. */
export const RECENT_ROOM_BYTES_MAX = 256 * KIB;
/** Suffices for about 300 busy rooms. */
export const RECENT_BYTES_MAX = 16 * MIB;
export const PRESENCE_INTERVAL_MS = 100;
export const PRESENCE_ACCOUNTS_MAX = 500;
/** In larger rooms presence is of little use, and its cost grows quadratically. */
export const PRESENCE_MEMBERS_MAX = 500;
/** Also the interval at which a client refreshes a typing indicator. */
export const TYPING_INTERVAL_MS = 1_000;
/** Time without a refresh after which a typing indicator expires. */
export const TYPING_MS = 8_000;
/** A UI displays three or more names as "several". */
export const TYPING_NAMED_MAX = 4;
/** In larger rooms someone is always typing. */
export const TYPING_MEMBERS_MAX = 200;
export const PINS_MAX = 50;
/** The count includes all readers. */
export const READERS_NAMED_MAX = 100;
/** Size of a history page. */
export const RECORDS_PER_MESSAGE_MAX = 1_000;

// The log.
/** A text of 65,536 control characters takes 393,216 bytes of JSON; the rest is for fields. */
export const LINE_BYTES_MAX = 1 * MIB;
/** A longer queue means that the disk is too slow, and is a fault. */
export const APPEND_QUEUE_BYTES_MAX = 64 * MIB;
/** Readers receive a batch in one tick, so a batch must fit their send queues. */
export const BATCH_BYTES_MAX = 512 * KIB;
/** A worker thread writes larger batches. */
export const BATCH_SYNC_BYTES_MAX = 256 * KIB;
/**
 * The server deletes the reserve file when the disk is full, so that messages can still be erased
 * and the server can stop cleanly.
 */
export const RESERVE_BYTES = 1 * MIB;
/** Origin, size and root take 90 bytes; each signature takes 130. */
export const NOTE_BYTES_MAX = 2 * KIB;
/** The initial hash and 40 levels, for fewer than 10^12 records. */
export const PROOF_HASHES_MAX = 41;
/** Maximum delay of a checkpoint, and minimum interval between checkpoints. */
export const CHECKPOINT_INTERVAL_MS = 1_000;
/** A copy of the log without its checkpoint file can be verified by these records. */
export const CHECKPOINT_INTERVAL_RECORDS = 1_000;
/** The answer takes about 90 KB. */
export const PROOFS_PER_REQUEST_MAX = 64;

// Links.
/** The server disconnects a slower reader, which resumes by `seq`. */
export const SEND_QUEUE_BYTES_MAX = 8 * MIB;
/** A paused sender continues below this size. */
export const SEND_QUEUE_LOW_BYTES = 1 * MIB;
/** A class behind one NAT connects within seconds. */
export const LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX = 16;
export const LINKS_PER_ADDRESS_MAX = 512;
/**
 * Maximum over all addresses; the server closes the oldest connection. Bun's WebSocket buffers up
 * to MESSAGE_BYTES_MAX for each connection (Bun 1.4.4 has one setting for all connections).
 */
export const LINKS_BEFORE_LOGIN_MAX = 1_024;
/** With TLS, each socket takes 5.5 KiB: 110 MiB in total. */
export const LINKS_MAX = 20_000;
/** Reserved for the log, for files, and for operators who log in. */
export const DESCRIPTORS_RESERVED = 32;
/** Connections from one address that have not sent a request. Loopback is exempt. */
export const HALF_OPEN_PER_ADDRESS_MAX = 32;
/** Maximum while file descriptors are short. */
export const HALF_OPEN_WHEN_SHORT_MAX = 4;
/** TLS takes three round trips. */
export const FIRST_REQUEST_TIMEOUT_MS = 10_000;
/** Intervals in normal operation, and while file descriptors are short. */
export const HALF_OPEN_CHECK_INTERVAL_MS = 1_000;
export const HALF_OPEN_CHECK_SHORT_INTERVAL_MS = 100;
/** Loopback connections beyond LINKS_MAX, so that the operator can log in to a full server. */
export const LINKS_RESERVED = 16;
export const REQUESTS_IN_FLIGHT_MAX = 1024;
/** A full transfer window with its headers fits, and so do REQUESTS_IN_FLIGHT_MAX requests. */
export const RECEIVE_QUEUE_PER_LINK_BYTES_MAX = 18 * MIB;
/** TRANSFERS_BYTES_MAX and 32 MiB of other messages. */
export const RECEIVE_QUEUES_BYTES_MAX = 160 * MIB;
/** A legitimate log-in takes fewer than ten messages. */
export const MESSAGES_BEFORE_LOGIN_MAX = 64;
/**
 * Maximum rate of messages that change nothing. During a long paste a client resends
 * OUTBOX_IN_FLIGHT_MAX posts about ten times a second until the server accepts them.
 */
export const IDLE_MESSAGES_PER_SECOND = 3_000;
export const IDLE_MESSAGES_BURST = 8_192;
/** A normal client sends one WebSocket ping every 20 s. */
export const CONTROL_FRAMES_PER_SECOND = 1;
export const CONTROL_FRAMES_BURST = 64;
/** Excludes files. Exceeds the size of the longest texts at POSTS_PER_SECOND. */
export const RECEIVED_BYTES_PER_SECOND = 32 * MIB;
export const RECEIVED_BYTES_BURST = 32 * MIB;
/**
 * A closing connection may deliver as many bytes as the client had already sent, within these two
 * limits. A full transfer window fits.
 */
export const BYTES_AFTER_CLOSE_MIN = 1 * MIB;
export const BYTES_AFTER_CLOSE_MAX = 17 * MIB;
export const MESSAGES_AFTER_CLOSE_MAX = 128;
/** The server closes the connection after a longer message. */
export const MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX = 64 * KIB;
/** A page load takes 40 requests. */
export const HTTP_REQUESTS_PER_SECOND = 200;
export const HTTP_REQUESTS_BURST = 1_000;
/** Per turn of the event loop: for one connection (browsers do not pipeline), and in total. */
export const HTTP_REQUESTS_PIPELINED_MAX = 4;
export const HTTP_REQUESTS_PER_TURN_MAX = 64;
/** Time for which an account or address that was disconnected for flooding is refused. */
export const FLOOD_REFUSED_MS = 10_000;
export const FLOODERS_MAX = 10_000;
/** Allows a program to page through history. */
export const REQUESTS_PER_SECOND = 200;
/** A client that sends REQUESTS_IN_FLIGHT_MAX requests together is not slowed. */
export const REQUESTS_BURST = 2_048;

export const HELLO_TIMEOUT_MS = 10_000;
/** The user has to find the password. */
export const LOGIN_TIMEOUT_MS = 120_000;
export const PING_INTERVAL_MS = 20_000;
/** Two ping intervals and a margin for a slow network. */
export const IDLE_TIMEOUT_MS = 45_000;
export const CONNECT_TIMEOUT_MS = 10_000;
export const RECONNECT_FIRST_MS = 250;
export const RECONNECT_MAX_MS = 60_000;
/** Shorter while a message or file is pending, because the user may be watching. */
export const RECONNECT_PENDING_MAX_MS = 15_000;
export const DRAIN_TIMEOUT_MS = 5_000;

// Accounts and rooms.
export const ACCOUNTS_MAX = 100_000;
/** Reserved within ACCOUNTS_MAX for users whom operators invite. */
export const ACCOUNTS_RESERVED = 1_000;
/** A large school shares one NAT. */
export const ACCOUNTS_PER_ADDRESS_HOUR_MAX = 1_000;
export const ACCOUNTS_PER_INVITER_HOUR_MAX = 1_000;
export const DEVICES_PER_ACCOUNT_MAX = 32;
export const INVITE_ADDRESSES_MAX = 16;
export const LINK_OFFERS_MAX = 1_000;
/** Time to walk to the other machine and type 27 letters. */
export const LINK_CODE_MS = 10 * 60_000;
/** A client that missed more key changes must ask the owner. */
export const PREDECESSORS_MAX = 8;
export const DEVICE_LABEL_BYTES_MAX = 64;
/** A crash loses at most the changes of this interval, and notes change only once a day. */
export const DEVICE_NOTES_SAVE_INTERVAL_MS = 10_000;
export const SESSIONS_PER_ACCOUNT_MAX = 64;
export const ROOMS_MAX = 10_000;
/** Reserved within ROOMS_MAX for operators. */
export const ROOMS_RESERVED = 500;
/** Maximum number of existing rooms created by one account, and of rooms created per hour. */
export const ROOMS_PER_ACCOUNT_MAX = 1_000;
export const ROOMS_PER_HOUR_MAX = 100;
export const FORMER_NAMES_MAX = 10_000;
export const ROOM_MEMBERS_MAX = 20_000;
/** Each room costs a subscription and a catch-up at log-in. */
export const JOINED_ROOMS_MAX = 1_000;
/** Each of the account's devices receives the complete list. */
export const IGNORED_MAX = 256;
/** The list takes half a page of the log. */
export const PREFS_ROOMS_MAX = 512;
/** Each device receives the list, at 40 bytes per message. */
export const SAVED_MAX = 500;
/** Beyond this number, the server merges an account's settings records into one. */
export const PREFS_RECORDS_MAX = 256;
/** Higher than a user can reach by hand. */
export const PREFS_PER_SECOND = 2;
export const PREFS_BURST = 120;
/** Each position takes about 30 bytes of `marks.json`. */
export const READ_POSITIONS_MAX = 200_000;
/** Each message takes 16 bytes. Users need no larger number. */
export const UNREAD_COUNTED_MAX = 10_000;
/** Twice the size of READ_POSITIONS_MAX positions. */
export const READ_POSITIONS_BYTES_MAX = 16 * MIB;
export const READ_POSITIONS_SAVE_INTERVAL_MS = 2_000;
export const READ_NOTICE_INTERVAL_MS = 1_000;

/** The user usually receives the code within a day. */
export const RESET_MS = 24 * 60 * 60_000;
/** Allows for a user who is away for a week. A longer-lived code would be a second password. */
export const RESET_MS_MAX = 7 * 24 * 60 * 60_000;

// Guessing.
/** After the last wrong secret, the server closes the connection. */
export const WRONG_SECRETS_MAX = 3;
/** Wrong guesses per account or address that the server answers without delay. */
export const GUESSES_FREE = 3;
export const GUESS_DELAY_FIRST_MS = 1_000;
export const GUESS_DELAY_MAX_MS = 20_000;
/**
 * Above this number, the server also delays correct secrets from the address. Below it, one pupil's
 * typing errors do not delay a class behind one NAT.
 */
export const GUESSES_DELAYED_PER_ADDRESS_MAX = 8;
export const GUESS_FORGET_MS = 10 * 60_000;
export const GUESS_KEYS_MAX = 10_000;
/**
 * Wrong guesses at one shared secret (the server's password or a room's), over all clients. A class
 * that mistypes the secret stays below the limit; a thousand guessing machines exceed it. Further
 * guesses are answered at this rate, after at most GUESS_DELAY_MAX_MS.
 */
export const SHARED_GUESSES_PER_MINUTE = 100;
/** Each argon2id check takes 17 to 70 ms and 19 MiB. */
export const PASSWORD_CHECKS_MAX = 2;
export const PASSWORD_CHECKS_QUEUED_MAX = 32;

// Posts.
/** Exceeds reading speed but does not slow other accounts. The burst is for a paste or a script. */
export const POSTS_PER_SECOND = 500;
export const POSTS_BURST = 2_500;
/**
 * A longer text counts as several posts. Ciphertexts, commits and key packages count by their
 * bytes, which allows 4 MB per second.
 */
export const POST_CHARS = 8 * KIB;
/** A forgotten account starts with a new burst. */
export const POST_RATES_MAX = 20_000;
/** The server remembers as many posts of an outbox, to recognise repetitions. */
export const OUTBOX_IN_FLIGHT_MAX = 256;
export const OUTBOXES_PER_ACCOUNT_MAX = 64;
export const OUTBOX_FORGET_MS = 30 * 24 * 60 * 60_000;
/**
 * A client discards an unsent post a day before the server would accept a repetition as a new post.
 */
export const OUTBOX_KEEP_MS = 29 * 24 * 60 * 60_000;
/** The client refuses further posts while offline. */
export const OUTBOX_PENDING_MAX = 10_000;
export const HTTP_POSTS_QUEUED_MAX = 256;
export const HTTP_POSTS_PER_SECOND = 10;
/** An automated build may send this many messages together. */
export const HTTP_POSTS_BURST = 60;
/** Most of the JSON is not text. Several hundred grouped alerts fit. */
export const WEBHOOK_BYTES_MAX = 512 * KIB;
/**
 * Maximum number of programs that read a room over HTTP: per token, address and account, and in
 * total. Each program costs a socket and sometimes a page of history.
 */
export const READERS_PER_TOKEN_MAX = 4;
export const READERS_PER_ADDRESS_MAX = 32;
export const READERS_PER_ACCOUNT_MAX = 64;
export const READERS_MAX = 256;
export const READ_WAIT_SECONDS_MAX = 120;
export const READ_STALL_MS = 30_000;
export const READ_PAGE_RECORDS_MAX = 100;
export const READ_PAGE_BYTES_MAX = 256 * KIB;
/** Number of records returned if the request has no position, as in `chat history`. */
export const READ_RECORDS_DEFAULT = 50;
export const HTTP_POST_KEY_BYTES_MAX = 128;

/** UTF-16 code units. Long texts would fill the memory before OUTBOX_PENDING_MAX posts. */
export const OUTBOX_PENDING_CHARS_MAX = 32 * MIB;
/** UTF-16 code units. At three bytes each, these posts fit a link's send queue. */
export const OUTBOX_IN_FLIGHT_CHARS_MAX = 1 * MIB;

// History.
/** Records of a room that a device receives at its first log-in. */
export const FIRST_RECORDS = 50;
/** Records of a room that a device receives after an absence. The client requests the rest. */
export const CATCH_UP_RECORDS_MAX = 500;
export const PAGE_BYTES_MAX = 256 * KIB;
export const PAGE_RECORDS_MAX = 1_000;
/** Newest records of each room that `chat verify` reads within some seconds. */
export const VERIFIED_RECORDS_MAX = 10_000;
/**
 * Ten times a history of a million messages. Stops a client that reads the complete history
 * repeatedly.
 */
export const HISTORY_BYTES_PER_DAY = 4 * 1024 * MIB;
/** Longer texts are usually pasted by mistake. */
export const GREP_BYTES_MAX = 1 * KIB;
/** Twice the number of visible kinds. */
export const SEARCHED_KINDS_MAX = 32;
/** Keeps the order's line far below LINE_BYTES_MAX. */
export const ERASED_PER_ORDER_MAX = 500;
/** From the time needed to read a message to a century. */
export const RETENTION_MS_MIN = 60_000;
export const RETENTION_MS_MAX = 100 * 365 * 86_400_000;
/** Also the maximum delay of an erasure. */
export const RETENTION_CHECK_INTERVAL_MS = 60_000;
/** Requests of a busy room during one disk sync. */
export const ROOM_LOCK_QUEUE_MAX = 16_384;
/** With more outboxes than this number, only the order of a client's posts can change. */
export const OUTBOXES_HELD_MAX = 16;
export const CATCH_UP_BYTES_MAX = 8 * MIB;
export const CONCURRENT_PAGE_READS_MAX = 4;
/** A user who searches a lot leaves capacity for other users. */
export const PAGE_READS_PER_ACCOUNT_MAX = 2;
/** After each read, an account's reads pause for a multiple of its duration, up to a maximum. */
export const PAGE_PAUSE_FACTOR = 3;
export const PAGE_PAUSE_MS_MAX = 200;
export const PAGE_READS_QUEUED_MAX = 4_096;
/** Queue for a terminal or pipe that does not read. Further lines are omitted and counted. */
export const OUTPUT_QUEUE_BYTES_MAX = 4 * MIB;
export const PRINTED_CHARS_MAX = 1_000;
/** 2,000 messages a second. Wrapping for a terminal takes up to 1.2 µs per character. */
export const PRINTED_CHARS_PER_SECOND = 128 * KIB;

// Moderation.
/** A list that one person can still review. Expired bans do not count. */
export const BANS_MAX = 10_000;
export const INVITES_PER_ACCOUNT_MAX = 100;
export const INVITES_PER_OPERATOR_MAX = 2_000;
export const INVITES_MAX = 10_000;
/** Reserved within INVITES_MAX for operators. */
export const INVITES_RESERVED = 1_000;
/** Each invite is a permanent record. */
export const INVITES_PER_HOUR_MAX = 100;
export const INVITES_PER_HOUR_OPERATOR_MAX = 2_000;
/** At most 120 KB, and more rows than a window displays. */
export const MODERATION_PAGE_MAX = 200;
/** An operator's invite has no limit. */
export const INVITE_USES_MAX = 1_000;
/** Used or revoked invites remembered to report the reason to a holder. */
export const INVITES_SPENT_MAX = 10_000;
/** Each edit is a record, and an erasure lists them all. */
export const EDITS_PER_RECORD_MAX = 100;

// UDP.
/** 100 ms of a fast transfer, so that no datagram is lost while the program is busy. */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * MIB;
/** At 50 ms and 5 % loss, 16 MiB allows 34 MB/s; 1 MiB allows 5 MB/s. */
export const UDP_STREAM_WINDOW_BYTES = 16 * MIB;
/** A longer QUIC queue would delay messages behind files. */
export const UDP_QUEUE_BYTES = 64 * KIB;
/** The link, DATA_CHANNELS_PER_SESSION_MAX data channels, and some that are closing. */
export const UDP_STREAMS_MAX = 40;
export const UDP_HALF_OPEN_MAX = 1_024;
/** Longer than a network failure of 10 s, and short enough to detect a killed server. */
export const QUIC_IDLE_TIMEOUT_SECONDS = 20;
/** A killed server sends nothing over UDP. */
export const UDP_PING_INTERVAL_MS = 2_000;
/** Shorter network failures have no effect. */
export const UDP_IDLE_TIMEOUT_MS = 4_000;
/** The client also tries the other transport. Connecting through it takes less than 3 s. */
export const TRANSPORT_FALLBACK_DELAY_MS = 1_500;
/** Refused connections are retried for this long, because a server may be restarting. */
export const TRANSPORT_REFUSAL_GRACE_MS = 5_000;
/** A server's UDP port without a packet for this long counts as blocked. */
export const UDP_ANSWER_TIMEOUT_MS = 3_000;

// LAN.
/** No local network fragments such a datagram. Losing one fragment would lose all of it. */
export const LAN_DATAGRAM_BYTES_MAX = 1_200;
/** The space left by header, name, seal and signature. */
export const LAN_TEXT_BYTES_MAX = 960;
/** Longer than the longest answer, so that a forged query cannot be used for amplification. */
export const LAN_QUERY_BYTES = 256;
/** Datagrams may arrive out of order within this window. Older ones count as repetitions. */
export const LAN_WINDOW = 64;
/** A captured datagram cannot be replayed later. */
export const LAN_CLOCK_SKEW_MS = 120_000;
export const LAN_SENDERS_MAX = 256;
/** Prevents one host from filling the table. */
export const LAN_SENDERS_PER_ADDRESS_MAX = 32;
export const LAN_SESSIONS_PER_KEY_MAX = 8;
/** Further names are displayed as unverified. */
export const LAN_NAMES_MAX = 1_024;
/** Per source (address and port). The burst is for a paste and presence. */
export const LAN_PACKETS_PER_SECOND = 20;
export const LAN_PACKETS_BURST = 40;
/** Suffices for ten programs on one machine. */
export const LAN_ADDRESS_PACKETS_PER_SECOND = 200;
export const LAN_SOURCES_MAX = 256;
/** Signature checks over all senders: about a tenth of one core. */
export const LAN_CHECKS_PER_SECOND = 1_000;
/** Half of the rate that receivers accept from one source. */
export const LAN_TEXTS_PER_SECOND = 10;
export const LAN_TEXTS_BURST = 20;
export const LAN_ANNOUNCE_INTERVAL_MS = 30_000;
/** Three announcement intervals and a margin. */
export const LAN_PEER_TIMEOUT_MS = 95_000;
/** Twice LAN_CLOCK_SKEW_MS, after which a session's datagrams can no longer be replayed. */
export const LAN_FORGET_MS = 240_000;
/** Queries within this time share one answer. */
export const LAN_ANSWER_INTERVAL_MS = 1_000;
/** Random delay, so that peers do not all answer a query simultaneously. */
export const LAN_ANSWER_SPREAD_MS = 500;
/** Multicast counts as broken if the program does not receive its own datagrams. */
export const LAN_ECHO_TIMEOUT_MS = 3_000;

// Discovery.
/** As many as a user can review. Most servers beyond this number are forged. */
export const SERVERS_FOUND_MAX = 256;
/** A machine runs a few servers; a forger announces thousands. */
export const SERVERS_FOUND_PER_SENDER_MAX = 8;
/** The mDNS library stores every name that it receives. */
export const ANNOUNCEMENTS_READ_MAX = 1_024;
/** RFC 6762, section 17. */
export const MDNS_DATAGRAM_BYTES_MAX = 9_000;
/** An announcement has ten records. The cost of an answer is quadratic in this number. */
export const MDNS_ENTRIES_MAX = 64;
/** Each question may cause an answer to all hosts. */
export const MDNS_QUESTIONS_MAX = 8;
/** A school full of printers sends fewer. */
export const MDNS_DATAGRAMS_PER_SECOND = 200;
/** Every host on the network receives each answer. */
export const MDNS_ANSWERS_PER_SECOND = 10;
export const SAME_NAME_MAX = 64;
/** Time for the slowest answer (RFC 6762, section 6) and for one repetition after a loss. */
export const DISCOVER_MS = 2_000;

/** A slower hop on the path to a server is reported as the problem. */
export const CHECK_TIMEOUT_MS = 3_000;
/** Above it, the logs of two machines cannot be compared, and `chat lan` refuses packets. */
export const CLOCK_SKEW_MS_MAX = 120_000;
/** A busy server uses this much in a day. */
export const FREE_BYTES_LOW = 256 * MIB;
/** Each message waits for one sync, and users notice ten times this duration. */
export const SYNC_MS_SLOW = 50;

// Files.
/** Fixed, so that equal files always have the same digest. Chunks of 1 MiB were not faster. */
export const CHUNK_BYTES = 256 * KIB;
/** `f` and 64 bits in base64url. */
export const FILE_ID_LENGTH = 12;
/** Larger than any disk, and below 2^53 so that every offset is exact. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024 * MIB;
/** A receiver cuts the name to the maximum of its own disk. */
export const FILE_NAME_BYTES_MAX = 1 * KIB;
export const FILE_TEXT_BYTES_MAX = 4 * KIB;
/** Maximum on Linux. */
export const PATH_BYTES_MAX = 4 * KIB;
/** Each target gets one record when the file is complete. */
export const FILE_TARGETS_MAX = 64;
/** A source tree with its packages fits. A larger manifest would take too much memory. */
export const FOLDER_ENTRIES_MAX = 100_000;
export const MANIFEST_BYTES_MAX = 16 * MIB;
/** Four chunks saturate a loopback link. */
export const TRANSFER_WINDOW_FIRST_BYTES = 1 * MIB;
/** 100 ms at 1.3 Gbit/s. The receiver closes a data channel that exceeds the window. */
export const TRANSFER_WINDOW_BYTES_MAX = 16 * MIB;
/** Chunks queued for the server's disk, over all uploads. */
export const TRANSFERS_BYTES_MAX = 128 * MIB;
/** Bytes that are sent again after a crash. More frequent syncs would reduce the speed. */
export const TRANSFER_SYNC_BYTES = 16 * MIB;
export const DATA_CHANNELS_PER_SESSION_MAX = 32;
export const DATA_CHANNELS_PER_ACCOUNT_MAX = 64;
/** Ticket for opening a requested data channel. */
export const TICKET_MS = 30_000;
export const UPLOAD_KEEP_MS = 7 * 24 * 60 * 60_000;
/** A client replaces a data channel that is silent for this long. */
export const UPLOAD_IDLE_TIMEOUT_MS = 10_000;
export const UPLOADS_PER_ACCOUNT_MAX = 1_000;
/** Free space for the log, which shares the disk with the files. */
export const FREE_BYTES_MIN = 256 * MIB;
export const KNOWN_FILES_MAX = 500;
export const KNOWN_NAMES_MAX = 1_000;
export const COMPLETIONS_MAX = 200;
/** Minimum duration of a pause in a transfer for which the UI displays the cause. */
export const STALL_REPORTED_AFTER_MS = 3_000;
export const RENAMED_LISTED_MAX = 10;
/** Ids that `get-file --follow` remembers beyond its cursor. */
export const RECEIVED_FILES_MAX = 10_000;
/** `get-file --follow` reads no further records until some files are finished. */
export const INCOMING_FILES_MAX = 1_000;
/** More downloads would only share the same network line. */
export const CONCURRENT_DOWNLOADS_MAX = 4;
/** Received chunks of one file: 256 MiB. */
export const UNSYNCED_CHUNKS_MAX = 1_024;
/** Longer than a router's restart. */
export const RECEIVE_TIMEOUT_MS = 60_000;
/** A folder's small files that are read or synced in parallel. More would not be faster. */
export const CONCURRENT_FILES_MAX = 16;
export const SAME_NAMES_MAX = 1_000;
/** The unsynced bytes and a full window of a source that cannot be read again. */
export const STREAM_RETAINED_CHUNKS_MAX = 128;
/** A send queue and the chunks read ahead. */
export const SPARE_BUFFERS_MAX = 16;
/** Maximum on common file systems. */
export const PATH_SEGMENT_BYTES_MAX = 255;
/** A family with four skin tones needs 11. Further combining marks would overlap other lines. */
export const CLUSTER_CODE_POINTS_MAX = 16;
export const NOTICE_CODE_POINTS_MAX = 120;
/** A certificate with maximum-length fields takes less than 300 bytes. */
export const DEVICE_CERT_BYTES_MAX = 512;
/** A catch-up of a few rooms. If the reader is slower, the client closes the link and resumes. */
export const EVENTS_BUFFERED_MAX = 8_192;
/** A busy room can be faster than a slow disk. */
export const UNSTORED_RECORDS_MAX = 1_024;
