/**
 * Limits shared by several files or used by a test, each with its reason. Tests check the
 * boundaries.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

// Cost of requests on the event loop. The cost of a request must never be the product of its length
// and the size of the stored data:
// - history, pins, catch-up: 1 MiB of lines in steps of 64 KiB (at most 3 ms each). Worker threads
//   search older data.
// - rooms: 10,000 rooms in 5 ms. who: 100,000 sorted names in at most a twentieth of the time.
// - readers: ROOM_MEMBERS_MAX. invites, bans: INVITES_MAX and BANS_MAX, without sorting.
// - erase-all, retention: a page of ERASED_PER_ORDER_MAX. edit, erase, pin, reaction: one block.
// - inclusion: PROOFS_PER_REQUEST_MAX groups of 256 heads, in separate turns of the event loop.
// - group-commit: GROUP_DEVICES_MAX look-ups and one hash. key-packages: KEY_PACKAGES_MAX.
// - post: PUSH_SEARCHED_CHARS for a push, PRINTED_CHARS_MAX for the output of `chat serve`.
// - Operators' requests: accounts, all-rooms and all-files sort the complete list (100,000 entries
//   in 0.2 s). decisions searches DECISIONS_SEARCHED_MAX records.

// Texts and names.
/** Maximum size of a message's text. 1,000 queued copies of such a text still fit in memory. */
export const TEXT_BYTES_MAX = 64 * KIB;
/** Maximum size of a topic, which is shown as one line above the room. */
export const TOPIC_BYTES_MAX = 512;
/** Maximum length of a user or room name, which users read in lists and type by hand. */
export const NAME_CHARS_MAX = 32;
/** Maximum size of a server name, which must fit on one line of prompts and lists. */
export const SERVER_NAME_BYTES_MAX = 128;
/** Maximum size of the greeting that `serve --welcome` shows to new users. */
export const WELCOME_BYTES_MAX = 4 * KIB;
/** Maximum size of a password. A longer password would only take more time to hash. */
export const PASSWORD_BYTES_MAX = 1 * KIB;
/** Minimum length of a new password, in code points (NIST SP 800-63B, section 5.1.1). */
export const PASSWORD_CHARS_MIN = 8;
/** Maximum size of a reaction: an emoji with its modifiers, or a short word. */
export const REACTION_BYTES_MAX = 64;
/** Maximum number of users mentioned in the body of one message. */
export const MENTIONS_MAX = 64;
/** Maximum size of an imported author's name. Names in other chat programs are shorter. */
export const IMPORTED_NAME_BYTES_MAX = 256;

/** Maximum size of a fault's message or remedy, which may quote a path, name or other error. */
export const FAULT_TEXT_BYTES_MAX = 4 * KIB;
/** Maximum size of a fault's message or remedy in the source, with `{}` in place of each value. */
export const TEMPLATE_BYTES_MAX = 512;
export const TEMPLATE_VALUES_MAX = 8;
/** Maximum size of a value inserted into a fault's text. A longer value is cut. */
export const TEMPLATE_VALUE_BYTES_MAX = 256;

// Frames.
/**
 * Maximum size of a message after log-in. A chunk of a file (256 KiB) fits with its header, and so
 * does the longest text if JSON escapes every character as six bytes.
 */
export const MESSAGE_BYTES_MAX = 1 * MIB + 4 * KIB;
/**
 * Maximum size of a message before log-in. The longest legitimate message is `register` with a long
 * password.
 */
export const MESSAGE_BEFORE_LOGIN_BYTES_MAX = 8 * KIB;
/**
 * Maximum nesting depth of a message. The schemas use four levels; four are spare for future
 * fields.
 */
export const NESTING_MAX = 8;
/**
 * Maximum number of entries of one msgpack map or array. The longest legitimate list is a page of
 * history.
 */
export const ENTRIES_MAX = 4096;
/**
 * Maximum bytes of one room's recent records that the server keeps in memory. Older records are
 * read from the disk.
 */
export const RECENT_ROOM_BYTES_MAX = 256 * KIB;
/** Maximum bytes of recent records in memory, over all rooms. Suffices for about 300 busy rooms. */
export const RECENT_BYTES_MAX = 16 * MIB;
/** Minimum interval between presence messages of one room. */
export const PRESENCE_INTERVAL_MS = 100;
/** Maximum number of accounts that one presence message lists as online, and as offline. */
export const PRESENCE_ACCOUNTS_MAX = 500;
/**
 * Maximum number of members of a room with presence. In larger rooms presence is of little use, and
 * its cost grows quadratically.
 */
export const PRESENCE_MEMBERS_MAX = 500;
/**
 * Minimum interval between typing messages of one room, and interval of refreshes while a user
 * types.
 */
export const TYPING_INTERVAL_MS = 1_000;
/** Time without a refresh after which a typing indicator expires. */
export const TYPING_MS = 8_000;
/**
 * Maximum number of accounts named as typing; the latest are named. A UI displays three or more
 * names as "several".
 */
export const TYPING_NAMED_MAX = 4;
/**
 * Maximum number of members of a room with typing indicators. In larger rooms someone is always
 * typing.
 */
export const TYPING_MEMBERS_MAX = 200;
/** Maximum number of pinned messages of one room. */
export const PINS_MAX = 50;
/** Maximum number of a message's readers listed by name. The count includes all readers. */
export const READERS_NAMED_MAX = 100;
/** Maximum number of one room's records in one message: the size of a history page. */
export const RECORDS_PER_MESSAGE_MAX = 1_000;

// The log.
/**
 * Maximum size of a line. A text of 65,536 control characters takes 393,216 bytes of JSON; the
 * remaining space is for the line's other fields, present and future.
 */
export const LINE_BYTES_MAX = 1 * MIB;
/**
 * Maximum bytes queued for a disk sync. A longer queue means that the disk is too slow, and is a
 * fault.
 */
export const APPEND_QUEUE_BYTES_MAX = 64 * MIB;
/**
 * Maximum bytes written and synced together. Readers receive a batch in one tick, so a batch must
 * fit their send queues.
 */
export const BATCH_BYTES_MAX = 512 * KIB;
/** Maximum size of a batch that the main thread writes. A worker thread writes larger batches. */
export const BATCH_SYNC_BYTES_MAX = 256 * KIB;
/**
 * Size of the reserve file. The server deletes it when the disk is full, so that messages can still
 * be erased and the server can stop cleanly.
 */
export const RESERVE_BYTES = 1 * MIB;
/**
 * Maximum size of a signed note. Origin, size and root take 90 bytes; each signature, including
 * those of witnesses, takes 130.
 */
export const NOTE_BYTES_MAX = 2 * KIB;
/**
 * Maximum number of hashes in a proof: the initial hash and 40 levels, for fewer than 10^12
 * records.
 */
export const PROOF_HASHES_MAX = 41;
/** Maximum delay between a record and its checkpoint, and minimum interval between checkpoints. */
export const CHECKPOINT_INTERVAL_MS = 1_000;
/**
 * Number of records between records that contain a checkpoint, so that a copy of the log without
 * its checkpoint file can be verified.
 */
export const CHECKPOINT_INTERVAL_RECORDS = 1_000;
/** Maximum number of records in one request for proofs. The answer takes about 90 KB. */
export const PROOFS_PER_REQUEST_MAX = 64;

// Links.
/**
 * Maximum bytes queued for one reader. The server disconnects a slower reader, which resumes by
 * `seq`.
 */
export const SEND_QUEUE_BYTES_MAX = 8 * MIB;
/** Number of queued bytes below which a paused sender continues. */
export const SEND_QUEUE_LOW_BYTES = 1 * MIB;
/**
 * Maximum number of connections from one address before log-in. A class behind one NAT connects
 * within seconds.
 */
export const LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX = 16;
export const LINKS_PER_ADDRESS_MAX = 512;
/**
 * Maximum number of connections before log-in, from all addresses. Beyond it, the server closes the
 * oldest. Bun's WebSocket buffers up to MESSAGE_BYTES_MAX for each connection (Bun 1.4.4 has one
 * setting for all connections), and a legitimate log-in takes less than a second.
 */
export const LINKS_BEFORE_LOGIN_MAX = 1_024;
/** Maximum number of connections. With TLS, each socket takes 5.5 KiB: 110 MiB in total. */
export const LINKS_MAX = 20_000;
/** Number of file descriptors reserved for the log, for files, and for operators who log in. */
export const DESCRIPTORS_RESERVED = 32;
/**
 * Maximum number of connections from one address that have not sent a request. Loopback is exempt.
 */
export const HALF_OPEN_PER_ADDRESS_MAX = 32;
/**
 * Maximum number of connections from one address without a request while file descriptors are
 * short.
 */
export const HALF_OPEN_WHEN_SHORT_MAX = 4;
/**
 * Maximum time between accepting a connection and its first request. TLS takes three round trips.
 */
export const FIRST_REQUEST_TIMEOUT_MS = 10_000;
/**
 * Intervals between checks for connections without a request: normally, and while descriptors are
 * short.
 */
export const HALF_OPEN_CHECK_INTERVAL_MS = 1_000;
export const HALF_OPEN_CHECK_SHORT_INTERVAL_MS = 100;
/**
 * Number of loopback connections allowed beyond LINKS_MAX, so that the operator can log in to a
 * full server.
 */
export const LINKS_RESERVED = 16;
/** Maximum number of unanswered requests of one session. */
export const REQUESTS_IN_FLIGHT_MAX = 1024;
/**
 * Maximum bytes of received messages queued per connection. The server closes a connection that
 * queues more. A full transfer window (TRANSFER_WINDOW_BYTES_MAX) with its headers fits, and so do
 * REQUESTS_IN_FLIGHT_MAX requests.
 */
export const RECEIVE_QUEUE_PER_LINK_BYTES_MAX = 18 * MIB;
/** Maximum queued bytes over all connections: TRANSFERS_BYTES_MAX and 32 MiB of other messages. */
export const RECEIVE_QUEUES_BYTES_MAX = 160 * MIB;
/**
 * Maximum number of messages of one connection before log-in. A legitimate log-in takes fewer than
 * ten messages.
 */
export const MESSAGES_BEFORE_LOGIN_MAX = 64;
/**
 * Maximum rate of one account's messages that change nothing: pings, and refused or unknown
 * requests. During a long paste a client resends OUTBOX_IN_FLIGHT_MAX posts about ten times a
 * second until the server accepts them.
 */
export const IDLE_MESSAGES_PER_SECOND = 3_000;
export const IDLE_MESSAGES_BURST = 8_192;
/**
 * Maximum rate of WebSocket pings and pongs from a client. A normal client sends one ping every 20
 * s.
 */
export const CONTROL_FRAMES_PER_SECOND = 1;
export const CONTROL_FRAMES_BURST = 64;
/**
 * Maximum rate of received bytes, excluding files, per account or, before log-in, per address.
 * Exceeds the size of the longest texts at POSTS_PER_SECOND and POSTS_BURST.
 */
export const RECEIVED_BYTES_PER_SECOND = 32 * MIB;
export const RECEIVED_BYTES_BURST = 32 * MIB;
/**
 * Limits on the data accepted from a closing connection: as many bytes as the client had already
 * sent, but at least BYTES_AFTER_CLOSE_MIN and at most BYTES_AFTER_CLOSE_MAX. A full transfer
 * window fits.
 */
export const BYTES_AFTER_CLOSE_MIN = 1 * MIB;
export const BYTES_AFTER_CLOSE_MAX = 17 * MIB;
export const MESSAGES_AFTER_CLOSE_MAX = 128;
/**
 * Maximum size of a message before log-in that is answered with a fault. After a longer message,
 * the server closes the connection without an answer.
 */
export const MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX = 64 * KIB;
/**
 * Maximum rate of HTTP requests from one address. A page load takes 40 requests. Loopback is
 * exempt.
 */
export const HTTP_REQUESTS_PER_SECOND = 200;
export const HTTP_REQUESTS_BURST = 1_000;
/**
 * Maximum number of HTTP requests in one turn of the event loop: per connection (browsers do not
 * pipeline), and in total.
 */
export const HTTP_REQUESTS_PIPELINED_MAX = 4;
export const HTTP_REQUESTS_PER_TURN_MAX = 64;
/** Time for which an account or address that was disconnected for flooding is refused. */
export const FLOOD_REFUSED_MS = 10_000;
/** Maximum number of refused accounts and addresses. Beyond it, the oldest is forgotten. */
export const FLOODERS_MAX = 10_000;
/**
 * Maximum rate of a session's requests, excluding posts. Allows a program to page through history.
 */
export const REQUESTS_PER_SECOND = 200;
/**
 * Maximum burst of a session's requests: twice REQUESTS_IN_FLIGHT_MAX, so that a client that sends
 * all of its requests together is not slowed.
 */
export const REQUESTS_BURST = 2_048;

// Times in milliseconds.
export const HELLO_TIMEOUT_MS = 10_000;
/** Maximum time between connecting and logging in: a user has to find the password. */
export const LOGIN_TIMEOUT_MS = 120_000;
export const PING_INTERVAL_MS = 20_000;
/**
 * Time without a message after which the peer counts as lost: two ping intervals and a margin for a
 * slow network.
 */
export const IDLE_TIMEOUT_MS = 45_000;
export const CONNECT_TIMEOUT_MS = 10_000;
export const RECONNECT_FIRST_MS = 250;
export const RECONNECT_MAX_MS = 60_000;
/**
 * Maximum reconnection delay while a message or file is pending, because the user may be watching.
 */
export const RECONNECT_PENDING_MAX_MS = 15_000;
/** Maximum time for a stopping server to send its last answers. */
export const DRAIN_TIMEOUT_MS = 5_000;

// Accounts and rooms.
export const ACCOUNTS_MAX = 100_000;
/** Number of accounts within ACCOUNTS_MAX that are reserved for users whom operators invite. */
export const ACCOUNTS_RESERVED = 1_000;
/**
 * Maximum number of accounts registered per hour from one address. A large school shares one NAT.
 */
export const ACCOUNTS_PER_ADDRESS_HOUR_MAX = 1_000;
/** Maximum number of accounts registered per hour with one member's invites: INVITE_USES_MAX. */
export const ACCOUNTS_PER_INVITER_HOUR_MAX = 1_000;
export const DEVICES_PER_ACCOUNT_MAX = 32;
/** Maximum number of addresses in an invite. Few machines have more reachable addresses. */
export const INVITE_ADDRESSES_MAX = 16;
/** Maximum number of pending `link-device` offers. Each offer occupies a session. */
export const LINK_OFFERS_MAX = 1_000;
/** Lifetime of a link code: time to walk to the other machine and type 27 letters. */
export const LINK_CODE_MS = 10 * 60_000;
/**
 * Maximum number of former keys of a server. A client that missed more key changes must ask the
 * owner.
 */
export const PREDECESSORS_MAX = 8;
/** Maximum size of a device label, which names a program and an operating system. */
export const DEVICE_LABEL_BYTES_MAX = 64;
/**
 * Interval at which changed device notes are saved. A crash loses at most the changes of this
 * interval, and notes change only once a day.
 */
export const DEVICE_NOTES_SAVE_INTERVAL_MS = 10_000;
export const SESSIONS_PER_ACCOUNT_MAX = 64;
export const ROOMS_MAX = 10_000;
/** Number of rooms within ROOMS_MAX that are reserved for operators. */
export const ROOMS_RESERVED = 500;
/** Maximum number of existing rooms created by one account, and of rooms created by it per hour. */
export const ROOMS_PER_ACCOUNT_MAX = 1_000;
export const ROOMS_PER_HOUR_MAX = 100;
/** Maximum number of former account names that still resolve, and of former room names. */
export const FORMER_NAMES_MAX = 10_000;
export const ROOM_MEMBERS_MAX = 20_000;
/**
 * Maximum number of rooms joined by one account. Each room costs a subscription and a catch-up at
 * log-in.
 */
export const JOINED_ROOMS_MAX = 1_000;
/**
 * Maximum number of users ignored by one account. Each of the account's devices receives the
 * complete list.
 */
export const IGNORED_MAX = 256;
/**
 * Maximum number of rooms for which one account has settings. The list takes half a page of the
 * log.
 */
export const PREFS_ROOMS_MAX = 512;
/**
 * Maximum number of saved messages of one account. Each device receives the list, at 40 bytes per
 * message.
 */
export const SAVED_MAX = 500;
/**
 * Maximum number of settings records of one account. Beyond it, the server merges them into one
 * record and blanks the merged ones.
 */
export const PREFS_RECORDS_MAX = 256;
/** Maximum rate of one account's settings changes, higher than a user can reach by hand. */
export const PREFS_PER_SECOND = 2;
export const PREFS_BURST = 120;
/**
 * Maximum number of read positions in memory and in `marks.json`. Each position takes about 30
 * bytes of the file.
 */
export const READ_POSITIONS_MAX = 200_000;
/**
 * Maximum number of unread messages counted in one room, at 16 bytes each. Users need no larger
 * number.
 */
export const UNREAD_COUNTED_MAX = 10_000;
/**
 * Maximum size of the file of read positions: twice the size of READ_POSITIONS_MAX positions. A
 * larger file is not from this program.
 */
export const READ_POSITIONS_BYTES_MAX = 16 * MIB;
export const READ_POSITIONS_SAVE_INTERVAL_MS = 2_000;
/** Interval at which the server sends an account's read position to its other devices. */
export const READ_NOTICE_INTERVAL_MS = 1_000;

// Resets.
/** Default lifetime of a reset code. The user usually receives the code within a day. */
export const RESET_MS = 24 * 60 * 60_000;
/**
 * Maximum lifetime of a reset code, for a user who is away for a week. A longer-lived code would be
 * a second password.
 */
export const RESET_MS_MAX = 7 * 24 * 60 * 60_000;

// Guessing.
/**
 * Maximum number of consecutive wrong secrets. After the last, the server closes the connection.
 */
export const WRONG_SECRETS_MAX = 3;
/** Number of wrong guesses per account or address that the server answers without delay. */
export const GUESSES_FREE = 3;
export const GUESS_DELAY_FIRST_MS = 1_000;
export const GUESS_DELAY_MAX_MS = 20_000;
/**
 * Maximum number of delayed wrong answers per address. Above it, the server also delays correct
 * secrets from that address; below it, one pupil's typing errors do not delay a class behind one
 * NAT.
 */
export const GUESSES_DELAYED_PER_ADDRESS_MAX = 8;
/**
 * Time after the last wrong guess from an account or address after which the server forgets its
 * guesses.
 */
export const GUESS_FORGET_MS = 10 * 60_000;
/**
 * Maximum number of accounts and addresses with remembered guesses. Beyond it, the oldest is
 * forgotten.
 */
export const GUESS_KEYS_MAX = 10_000;
/**
 * Maximum number of wrong guesses per minute at one shared secret (the server's password or a
 * room's), over all clients. A class that mistypes the secret stays below the limit; a thousand
 * guessing machines exceed it. Further guesses are answered at this rate, after at most
 * GUESS_DELAY_MAX_MS.
 */
export const SHARED_GUESSES_PER_MINUTE = 100;
/** Maximum number of concurrent password checks. argon2id takes 17 to 70 ms and 19 MiB for each. */
export const PASSWORD_CHECKS_MAX = 2;
export const PASSWORD_CHECKS_QUEUED_MAX = 32;

// Posts.
/**
 * Maximum sustained rate of one account's posts over all its sessions, and maximum burst, for a
 * paste or a script. The rate exceeds reading speed but does not slow other accounts.
 */
export const POSTS_PER_SECOND = 500;
export const POSTS_BURST = 2_500;
/**
 * Number of characters that count as one post for the rate limit; a longer text counts as several
 * posts. Ciphertexts, commits and key packages count by their bytes (`posts` in the request table),
 * which allows 4 MB per second.
 */
export const POST_CHARS = 8 * KIB;
/**
 * Maximum number of accounts with remembered rates. A forgotten account starts with a new burst.
 */
export const POST_RATES_MAX = 20_000;
/**
 * Maximum number of unanswered posts of one outbox. The server remembers the same number of posts,
 * to recognise repetitions.
 */
export const OUTBOX_IN_FLIGHT_MAX = 256;
export const OUTBOXES_PER_ACCOUNT_MAX = 64;
/** Time without a post after which the server forgets an outbox. */
export const OUTBOX_FORGET_MS = 30 * 24 * 60 * 60_000;
/**
 * Time after which a client discards an unsent post: a day before the server would accept a
 * repetition as a new post.
 */
export const OUTBOX_KEEP_MS = 29 * 24 * 60 * 60_000;
/** Maximum number of posts that a client stores while offline. The client refuses further posts. */
export const OUTBOX_PENDING_MAX = 10_000;
/**
 * Maximum number of HTTP posts queued for the disk, and maximum rate of HTTP posts with one token.
 */
export const HTTP_POSTS_QUEUED_MAX = 256;
export const HTTP_POSTS_PER_SECOND = 10;
/**
 * Maximum burst of HTTP posts with one token. An automated build may send this many messages
 * together.
 */
export const HTTP_POSTS_BURST = 60;
/**
 * Maximum size of a webhook's JSON, most of which is not its text. Several hundred grouped alerts
 * fit.
 */
export const WEBHOOK_BYTES_MAX = 512 * KIB;
/**
 * Maximum number of programs that read a room over HTTP: per token, address and account, and in
 * total. Each program costs a socket and sometimes a page of history. The server does not buffer
 * for slow readers.
 */
export const READERS_PER_TOKEN_MAX = 4;
export const READERS_PER_ADDRESS_MAX = 32;
export const READERS_PER_ACCOUNT_MAX = 64;
export const READERS_MAX = 256;
/** Maximum time that one request waits for new messages before the program has to send another. */
export const READ_WAIT_SECONDS_MAX = 120;
/** Time after which an HTTP reader that accepts no data is disconnected. */
export const READ_STALL_MS = 30_000;
/** Maximum number of records in a page for an HTTP reader. */
export const READ_PAGE_RECORDS_MAX = 100;
export const READ_PAGE_BYTES_MAX = 256 * KIB;
/** Number of a room's messages returned if the request has no position, as in `chat history`. */
export const READ_RECORDS_DEFAULT = 50;
/** Maximum size of the key that identifies a repeated post over HTTP. */
export const HTTP_POST_KEY_BYTES_MAX = 128;

/**
 * Maximum length of all pending posts in an outbox, in UTF-16 code units. Long texts would fill the
 * memory before the number of posts reaches OUTBOX_PENDING_MAX.
 */
export const OUTBOX_PENDING_CHARS_MAX = 32 * MIB;
/**
 * Maximum length of all posts in flight, in UTF-16 code units. At three bytes per code unit, these
 * posts fit a link's send queue; a full queue closes the link.
 */
export const OUTBOX_IN_FLIGHT_CHARS_MAX = 1 * MIB;

// History.
/** Number of a room's records that a device receives at its first log-in. */
export const FIRST_RECORDS = 50;
/**
 * Maximum number of a room's records that a device receives after an absence. The remaining records
 * are available through the history command.
 */
export const CATCH_UP_RECORDS_MAX = 500;
export const PAGE_BYTES_MAX = 256 * KIB;
export const PAGE_RECORDS_MAX = 1_000;
/**
 * Number of newest records of each room that `chat verify` reads from a server within some seconds.
 */
export const VERIFIED_RECORDS_MAX = 10_000;
/**
 * Maximum history that one account may read per day, in bytes of the log: ten times a history of a
 * million messages. Stops a client that reads the complete history repeatedly.
 */
export const HISTORY_BYTES_PER_DAY = 4 * 1024 * MIB;
/**
 * Maximum size of a search text. Longer texts are usually pasted by mistake. The first 16
 * characters select the lines to parse.
 */
export const GREP_BYTES_MAX = 1 * KIB;
/** Maximum number of record kinds in one search: twice the number of visible kinds. */
export const SEARCHED_KINDS_MAX = 32;
/**
 * Maximum number of records that one order erases, not counting their edits. Keeps the order's line
 * far below LINE_BYTES_MAX.
 */
export const ERASED_PER_ORDER_MAX = 500;
/** Minimum and maximum retention of a room: from the time needed to read a message to a century. */
export const RETENTION_MS_MIN = 60_000;
export const RETENTION_MS_MAX = 100 * 365 * 86_400_000;
/** Interval between retention checks, and therefore the maximum delay of an erasure. */
export const RETENTION_CHECK_INTERVAL_MS = 60_000;
/**
 * Maximum number of requests queued while a room's membership changes: the requests of a busy room
 * during one disk sync.
 */
export const ROOM_LOCK_QUEUE_MAX = 16_384;
/**
 * Maximum number of outboxes per session whose posts the server can hold back. A process uses one
 * outbox. If a client uses more outboxes than the maximum, only the order of its posts can change.
 */
export const OUTBOXES_HELD_MAX = 16;
/**
 * Maximum bytes sent to a device to catch up with one room. The remaining messages are available
 * through the history command.
 */
export const CATCH_UP_BYTES_MAX = 8 * MIB;
/** Maximum number of pages read from the disk in parallel. */
export const CONCURRENT_PAGE_READS_MAX = 4;
/**
 * Maximum number of one account's page reads in parallel, so that a user who searches a lot leaves
 * capacity for other users.
 */
export const PAGE_READS_PER_ACCOUNT_MAX = 2;
/**
 * Time for which an account's page reads pause after each read: a multiple of the read's duration,
 * up to a maximum.
 */
export const PAGE_PAUSE_FACTOR = 3;
export const PAGE_PAUSE_MS_MAX = 200;
export const PAGE_READS_QUEUED_MAX = 4_096;
/**
 * Maximum bytes queued for a terminal or pipe that does not read. Further lines are omitted and
 * counted.
 */
export const OUTPUT_QUEUE_BYTES_MAX = 4 * MIB;
/** Maximum number of characters of one message that `chat serve` prints on a terminal. */
export const PRINTED_CHARS_MAX = 1_000;
/**
 * Maximum rate of printed characters, for 2,000 messages a second. Wrapping for a terminal takes up
 * to 1.2 µs per character.
 */
export const PRINTED_CHARS_PER_SECOND = 128 * KIB;

// Moderation.
/** Maximum number of bans: a list that one person can still review. Expired bans do not count. */
export const BANS_MAX = 10_000;
/** Maximum number of usable invites: per account, per operator, and in total. */
export const INVITES_PER_ACCOUNT_MAX = 100;
export const INVITES_PER_OPERATOR_MAX = 2_000;
export const INVITES_MAX = 10_000;
/** Number of invites within INVITES_MAX that are reserved for operators. */
export const INVITES_RESERVED = 1_000;
/**
 * Maximum number of invites created per hour by one account, and by one operator. Each invite is a
 * permanent record.
 */
export const INVITES_PER_HOUR_MAX = 100;
export const INVITES_PER_HOUR_OPERATOR_MAX = 2_000;
/**
 * Maximum number of bans or invites in one answer: at most 120 KB, and more rows than a window
 * displays.
 */
export const MODERATION_PAGE_MAX = 200;
/** Maximum number of uses of a member's invite. An operator's invite has no limit. */
export const INVITE_USES_MAX = 1_000;
/**
 * Maximum number of used or revoked invites that the server remembers, to report the reason to a
 * holder.
 */
export const INVITES_SPENT_MAX = 10_000;
/** Maximum number of edits of one record. Each edit is a record, and an erasure lists them all. */
export const EDITS_PER_RECORD_MAX = 100;

// UDP.
/**
 * Size of the receive buffer: 100 ms of a fast transfer, so that no datagram is lost while the
 * program is busy.
 */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * MIB;
/**
 * Maximum bytes in flight of one stream. At 50 ms and 5 % loss, 16 MiB allows 34 MB/s; 1 MiB allows
 * 5 MB/s.
 */
export const UDP_STREAM_WINDOW_BYTES = 16 * MIB;
/**
 * Maximum unsent bytes that QUIC buffers per stream. A longer buffer would delay messages behind
 * files.
 */
export const UDP_QUEUE_BYTES = 64 * KIB;
/**
 * Maximum number of streams of one connection: the link, DATA_CHANNELS_PER_SESSION_MAX data
 * channels, and some that are closing.
 */
export const UDP_STREAMS_MAX = 40;
/**
 * Maximum number of connections that have not yet opened a link. Beyond it, the oldest is closed.
 */
export const UDP_HALF_OPEN_MAX = 1_024;
/**
 * Time without a packet after which QUIC closes a connection, in seconds as QUIC requires. Longer
 * than a network failure of 10 s, and short enough to detect a killed server.
 */
export const QUIC_IDLE_TIMEOUT_SECONDS = 20;
/**
 * Interval between a client's pings over UDP. Pings are needed because a killed server sends
 * nothing.
 */
export const UDP_PING_INTERVAL_MS = 2_000;
/**
 * Time without an answer after which a client over UDP reconnects. Shorter network failures have no
 * effect.
 */
export const UDP_IDLE_TIMEOUT_MS = 4_000;
/**
 * Time without an answer after which a client also tries the other transport. Connecting through it
 * then takes less than 3 s.
 */
export const TRANSPORT_FALLBACK_DELAY_MS = 1_500;
/**
 * Time after the loss of a working transport during which refused connections are retried. A
 * restarting server is back by then.
 */
export const TRANSPORT_REFUSAL_GRACE_MS = 5_000;
/** Time without a packet from a server's UDP port after which the port counts as blocked. */
export const UDP_ANSWER_TIMEOUT_MS = 3_000;

// LAN.
/**
 * Maximum size of a datagram, which no local network fragments. Losing one fragment would lose the
 * whole datagram.
 */
export const LAN_DATAGRAM_BYTES_MAX = 1_200;
/** Maximum size of a text: the space left by header, name, seal and signature. */
export const LAN_TEXT_BYTES_MAX = 960;
/**
 * Size of a query. A query is longer than the longest answer, so a forged query cannot be used for
 * amplification by one peer.
 */
export const LAN_QUERY_BYTES = 256;
/**
 * Number of sequence numbers within which datagrams may arrive out of order. Older datagrams count
 * as repetitions.
 */
export const LAN_WINDOW = 64;
/** Maximum clock difference between two peers. A captured datagram cannot be replayed later. */
export const LAN_CLOCK_SKEW_MS = 120_000;
/** Maximum number of remembered sessions. A session silent for LAN_FORGET_MS is replaced. */
export const LAN_SENDERS_MAX = 256;
/** Maximum number of remembered sessions per address, so that one host cannot fill the table. */
export const LAN_SENDERS_PER_ADDRESS_MAX = 32;
/** Maximum number of sessions per key: the open windows of one person. */
export const LAN_SESSIONS_PER_KEY_MAX = 8;
/** Maximum number of names pinned to keys. Further names are displayed as unverified. */
export const LAN_NAMES_MAX = 1_024;
/**
 * Maximum rate of datagrams per source (address and port), and maximum burst: a paste and presence.
 */
export const LAN_PACKETS_PER_SECOND = 20;
export const LAN_PACKETS_BURST = 40;
/** Maximum rate of datagrams per address. Suffices for ten programs on one machine. */
export const LAN_ADDRESS_PACKETS_PER_SECOND = 200;
/**
 * Maximum number of sources and addresses with remembered rates. Beyond it, the least recently used
 * is dropped.
 */
export const LAN_SOURCES_MAX = 256;
/** Maximum rate of signature checks over all senders. Uses about a tenth of one core. */
export const LAN_CHECKS_PER_SECOND = 1_000;
/**
 * Maximum rate of sent texts: half of the rate that receivers accept from one source. A longer
 * paste is sent slowly.
 */
export const LAN_TEXTS_PER_SECOND = 10;
export const LAN_TEXTS_BURST = 20;
export const LAN_ANNOUNCE_INTERVAL_MS = 30_000;
/**
 * Time without an announcement after which a peer counts as offline: three intervals and a margin.
 */
export const LAN_PEER_TIMEOUT_MS = 95_000;
/**
 * Time after which a silent session can be forgotten: twice LAN_CLOCK_SKEW_MS, after which its
 * datagrams can no longer be replayed.
 */
export const LAN_FORGET_MS = 240_000;
/** Minimum interval between answers. Queries within this time share one answer. */
export const LAN_ANSWER_INTERVAL_MS = 1_000;
/** Maximum random delay of an answer, so that peers do not all answer a query simultaneously. */
export const LAN_ANSWER_SPREAD_MS = 500;
/**
 * Time within which the program must receive its own datagrams. Otherwise multicast is considered
 * broken.
 */
export const LAN_ECHO_TIMEOUT_MS = 3_000;

// Discovery.
/**
 * Maximum number of servers found on one network: as many as a user can review. Most servers beyond
 * this number are forged.
 */
export const SERVERS_FOUND_MAX = 256;
/**
 * Maximum number of servers found per sender. A machine runs a few servers; a forger announces
 * thousands.
 */
export const SERVERS_FOUND_PER_SENDER_MAX = 8;
/**
 * Maximum number of names read before listening ends. The mDNS library stores every name that it
 * receives.
 */
export const ANNOUNCEMENTS_READ_MAX = 1_024;
/** Maximum size of a multicast DNS datagram (RFC 6762, section 17). */
export const MDNS_DATAGRAM_BYTES_MAX = 9_000;
/**
 * Maximum number of questions and records in one datagram. An announcement has ten records. The
 * cost of an answer is quadratic in this number.
 */
export const MDNS_ENTRIES_MAX = 64;
/** Maximum number of questions in one datagram. Each question may cause an answer to all hosts. */
export const MDNS_QUESTIONS_MAX = 8;
/** Maximum rate of received datagrams. A school full of printers sends fewer. */
export const MDNS_DATAGRAMS_PER_SECOND = 200;
/** Maximum rate of sent answers, because every host on the network receives each answer. */
export const MDNS_ANSWERS_PER_SECOND = 10;
/**
 * Maximum number of servers with the same name, which are numbered, and of names that a starting
 * server tries.
 */
export const SAME_NAME_MAX = 64;
/**
 * Time to wait for answers: long enough for the slowest answer (RFC 6762, section 6) and for one
 * repetition after a loss.
 */
export const DISCOVER_MS = 2_000;

// Doctor.
/** Maximum time per hop on the path to a server. A slower hop is reported as the problem. */
export const CHECK_TIMEOUT_MS = 3_000;
/**
 * Maximum clock difference. Beyond it, the logs of two machines cannot be compared, and `chat lan`
 * refuses packets.
 */
export const CLOCK_SKEW_MS_MAX = 120_000;
/**
 * Minimum free space. A busy server uses this much in a day, so with less the operator should act.
 */
export const FREE_BYTES_LOW = 256 * MIB;
/**
 * Minimum duration of a sync that is reported as slow. Each message waits for one sync, and users
 * notice ten times this duration.
 */
export const SYNC_MS_SLOW = 50;

// Files.
/**
 * Size of a chunk. The size is fixed so that equal files always have the same digest. Larger chunks
 * of 1 MiB were not faster in measurements.
 */
export const CHUNK_BYTES = 256 * KIB;
/** Length of a file id: `f` and 64 bits in base64url. */
export const FILE_ID_LENGTH = 12;
/** Maximum size of a file: larger than any disk, and below 2^53 so that every offset is exact. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024 * MIB;
/** Maximum size of a file name as sent. A receiver cuts it to the maximum of its own disk. */
export const FILE_NAME_BYTES_MAX = 1 * KIB;
/** Maximum size of a caption: a paragraph or two. */
export const FILE_TEXT_BYTES_MAX = 4 * KIB;
/** Maximum size of a path inside a folder, as in Linux. */
export const PATH_BYTES_MAX = 4 * KIB;
/** Maximum number of targets of one file. Each target gets one record when the file is complete. */
export const FILE_TARGETS_MAX = 64;
/**
 * Maximum number of entries of a folder. A source tree with its packages fits; the manifest of a
 * larger folder would take too much memory.
 */
export const FOLDER_ENTRIES_MAX = 100_000;
export const MANIFEST_BYTES_MAX = 16 * MIB;
/** Initial size of the transfer window. Four chunks saturate a loopback link. */
export const TRANSFER_WINDOW_FIRST_BYTES = 1 * MIB;
/**
 * Maximum size of the transfer window: 100 ms at 1.3 Gbit/s. The receiver closes a data channel
 * that exceeds it.
 */
export const TRANSFER_WINDOW_BYTES_MAX = 16 * MIB;
/** Maximum bytes of chunks queued for the server's disk, over all uploads. */
export const TRANSFERS_BYTES_MAX = 128 * MIB;
/**
 * Maximum bytes that have to be sent again after a crash. More frequent syncs would reduce the
 * speed.
 */
export const TRANSFER_SYNC_BYTES = 16 * MIB;
/** Maximum number of parallel transfers of one session. */
export const DATA_CHANNELS_PER_SESSION_MAX = 32;
export const DATA_CHANNELS_PER_ACCOUNT_MAX = 64;
/** Lifetime of a ticket, with which a client opens the data channel that it has requested. */
export const TICKET_MS = 30_000;
/** Time after which the server deletes an upload that is not resumed. */
export const UPLOAD_KEEP_MS = 7 * 24 * 60 * 60_000;
/** Time after which a client replaces a silent data channel by a new one for the same file. */
export const UPLOAD_IDLE_TIMEOUT_MS = 10_000;
/** Maximum number of unfinished uploads of one account. */
export const UPLOADS_PER_ACCOUNT_MAX = 1_000;
/** Minimum free space on the disk. Reserved for the log, which shares the disk with the files. */
export const FREE_BYTES_MIN = 256 * MIB;
/** Maximum number of one server's files whose ids a device can complete: more than a list shows. */
export const KNOWN_FILES_MAX = 500;
/** Maximum number of names of one kind that completion searches: more than a user reads. */
export const KNOWN_NAMES_MAX = 1_000;
/** Maximum number of candidates passed to a shell, which fill the screen. */
export const COMPLETIONS_MAX = 200;
/** Minimum duration of a pause in a transfer for which the UI displays the cause. */
export const STALL_REPORTED_AFTER_MS = 3_000;
/** Maximum number of renamed entries of a received folder that are listed as examples. */
export const RENAMED_LISTED_MAX = 10;
/**
 * Maximum number of ids that `get-file --follow` remembers beyond its cursor: far more than arrive
 * together.
 */
export const RECEIVED_FILES_MAX = 10_000;
/**
 * Maximum number of files queued by `get-file --follow`. The command stops reading records until
 * some files are finished.
 */
export const INCOMING_FILES_MAX = 1_000;
/** Maximum number of parallel downloads. More downloads would only share the same network line. */
export const CONCURRENT_DOWNLOADS_MAX = 4;
/** Maximum number of received chunks of one file that are not yet synced: 256 MiB. */
export const UNSYNCED_CHUNKS_MAX = 1_024;
/**
 * Time that `chat receive` waits after losing the connection to a share: longer than a router's
 * restart.
 */
export const RECEIVE_TIMEOUT_MS = 60_000;
/**
 * Maximum number of a folder's small files that are read or synced in parallel. More would not be
 * faster.
 */
export const CONCURRENT_FILES_MAX = 16;
/** Maximum number of numbered names that are tried (`NAME (1)`, `NAME (2)`, …). */
export const SAME_NAMES_MAX = 1_000;
/**
 * Maximum number of chunks kept in memory if a source cannot be read again: the unsynced bytes and
 * a full window.
 */
export const STREAM_RETAINED_CHUNKS_MAX = 128;
/** Maximum number of chunk buffers kept for reuse: one send queue and the chunks read ahead. */
export const SPARE_BUFFERS_MAX = 16;
/** Maximum size of a path component on common file systems. */
export const PATH_SEGMENT_BYTES_MAX = 255;
/**
 * Maximum number of code points of one grapheme cluster. A family with four skin tones needs 11.
 * Further combining marks would overlap other lines.
 */
export const CLUSTER_CODE_POINTS_MAX = 16;
/** Maximum length of a page title or notification, in code points. Systems cut longer texts. */
export const NOTICE_CODE_POINTS_MAX = 120;
/**
 * Maximum size of a device certificate. With every field at its maximum length, a certificate takes
 * less than 300 bytes.
 */
export const DEVICE_CERT_BYTES_MAX = 512;
/**
 * Maximum number of buffered events: a catch-up of a few rooms. If its reader is slower, the client
 * closes the link and resumes.
 */
export const EVENTS_BUFFERED_MAX = 8_192;
/**
 * Maximum number of records that a device has read but not stored. A busy room can be faster than a
 * slow disk.
 */
export const UNSTORED_RECORDS_MAX = 1_024;
