/**
 * Bounds of the program that several files or a test need, each with its reason. Tests try each one
 * at its edge.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

// Cost of a request on the event loop: never its length times the data. Besides its own bytes,
// - history, pins, catch-up: 1 MiB of lines in steps of 64 KiB (at most 3 ms); threads match the
//   rest of a search.
// - rooms: 10,000 rooms in 5 ms. who: 100,000 sorted names, at most a twentieth of the time.
// - readers: ROOM_MEMBERS_MAX. invites, bans: INVITES_MAX and BANS_MAX, without sorting.
// - erase-all, retention: a page of ERASED_PER_ORDER_MAX. edit, erase, pin, reaction: one block.
// - inclusion: PROOFS_PER_REQUEST_MAX groups of 256 heads, each between two reads.
// - group-commit: GROUP_DEVICES_MAX look-ups, and one hash. key-packages: KEY_PACKAGES_MAX.
// - a post: PUSH_SEARCHED_CHARS of it for a push, PRINTED_CHARS_MAX for a screen of `chat serve`.
// - for operators only: accounts, all-rooms and all-files sort all of them (100,000 in 0.2 s);
//   decisions search DECISIONS_SEARCHED_MAX records.

// Texts and names.
/** A long letter; it is still one screen of JSON, and 1,000 readers of it fit in memory. */
export const TEXT_BYTES_MAX = 64 * KIB;
/** Length of a topic: a line above the room. */
export const TOPIC_BYTES_MAX = 512;
/** Name of a user or a room: shown in each of their lines, and typed by hand. */
export const NAME_CHARS_MAX = 32;
/** Name of a server: shown in prompts and lists, where it must fit one line. */
export const SERVER_NAME_BYTES_MAX = 128;
/** A few lines of greeting, which `serve --welcome` shows to each new user. */
export const WELCOME_BYTES_MAX = 4 * KIB;
/** Passwords are hashed whole; longer ones only cost time. */
export const PASSWORD_BYTES_MAX = 1 * KIB;
/** Minimum length of a new password, in characters (NIST SP 800-63B, section 5.1.1). */
export const PASSWORD_CHARS_MIN = 8;
/** An emoji with its modifiers, or a short word. */
export const REACTION_BYTES_MAX = 64;
/** Users mentioned in the body of one message. */
export const MENTIONS_MAX = 64;
/** Name of an imported message's author elsewhere; other chats have shorter names. */
export const IMPORTED_NAME_BYTES_MAX = 256;

/** Message or remedy of a fault: one sentence, with text quoted from other parties. */
export const FAULT_TEXT_BYTES_MAX = 4 * KIB;
/** A fault's message or remedy as in the source, with `{}` for each value. */
export const TEMPLATE_BYTES_MAX = 512;
/** Values of one template. */
export const TEMPLATE_VALUES_MAX = 8;
/** Longer values are cut. */
export const TEMPLATE_VALUE_BYTES_MAX = 256;

// Frames.
/** A chunk of a file (256 KiB) or a text escaped six-fold fits with its header. */
export const MESSAGE_BYTES_MAX = 1 * MIB + 4 * KIB;
/** The longest honest message before log-in is `register` with a long password. */
export const MESSAGE_BEFORE_LOGIN_BYTES_MAX = 8 * KIB;
/** Our schemas nest four deep; eight leaves room for later fields. */
export const NESTING_MAX = 8;
/** Entries of one msgpack map or array: a page of history is the longest list. */
export const ENTRIES_MAX = 4096;
/** Bytes of recent records of one room in memory: a room of long texts is read from the disk. */
export const RECENT_ROOM_BYTES_MAX = 256 * KIB;
/** For all rooms: about 300 busy ones. */
export const RECENT_BYTES_MAX = 16 * MIB;
/** Interval of presence messages, one per room. */
export const PRESENCE_INTERVAL_MS = 100;
/** Accounts that one such message lists as online, and as offline. */
export const PRESENCE_ACCOUNTS_MAX = 500;
/** Larger rooms get no presence: nobody watches it, and its cost grows with the square. */
export const PRESENCE_MEMBERS_MAX = 500;
/** Interval of typing messages, one per room, and of refreshes by a user who keeps typing. */
export const TYPING_INTERVAL_MS = 1_000;
/** A typing indicator expires after this long without a refresh. */
export const TYPING_MS = 8_000;
/** Accounts named as typing: those that began last. Three or more are shown as "several". */
export const TYPING_NAMED_MAX = 4;
/** Larger rooms get no typing indicators: someone is always typing there. */
export const TYPING_MEMBERS_MAX = 200;
/** Pinned messages of one room: messages to find again, not a second history. */
export const PINS_MAX = 50;
/** Readers of a message listed by name; the count includes all. */
export const READERS_NAMED_MAX = 100;
/** Records of one room in one message; as many as a page of history has. */
export const RECORDS_PER_MESSAGE_MAX = 1_000;

// The log.
/**
 * A text of 65,536 control characters is 393,216 bytes of JSON; the rest is head and room to grow.
 */
export const LINE_BYTES_MAX = 1 * MIB;
/** Bytes queued for a sync; beyond it the disk is slower than its writers and reports it. */
export const APPEND_QUEUE_BYTES_MAX = 64 * MIB;
/** Bytes of a write and sync. Readers get a batch in one tick: it must fit their queues. */
export const BATCH_BYTES_MAX = 512 * KIB;
/** Above this a batch is written off the event loop. */
export const BATCH_SYNC_BYTES_MAX = 256 * KIB;
/** Freed when the disk is full, so that erasing and stopping cleanly still have room. */
export const RESERVE_BYTES = 1 * MIB;
/** Origin, size and root take 90 bytes, a signature 130: room for those of witnesses. */
export const NOTE_BYTES_MAX = 2 * KIB;
/** A log has fewer than 10^12 records: 40 levels of the tree, and one hash to start with. */
export const PROOF_HASHES_MAX = 41;
/** Maximum delay of the checkpoint after a record, and minimum interval of checkpoints. */
export const CHECKPOINT_INTERVAL_MS = 1_000;
/** Interval of records with a checkpoint: a copy without the checkpoint file has some. */
export const CHECKPOINT_INTERVAL_RECORDS = 1_000;
/** Records of one request for proofs: their paths take some 90 KB. */
export const PROOFS_PER_REQUEST_MAX = 64;

// Links.
/** A reader this far behind is disconnected and resumes by `seq`. */
export const SEND_QUEUE_BYTES_MAX = 8 * MIB;
/** Below this a paused sender continues. */
export const SEND_QUEUE_LOW_BYTES = 1 * MIB;
/**
 * Sockets of one address that have not logged in: a class behind one NAT arrives within seconds.
 */
export const LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX = 16;
export const LINKS_PER_ADDRESS_MAX = 512;
/**
 * Links in all without an account; beyond it the oldest goes. WebSocket holds a message of up to
 * MESSAGE_BYTES_MAX for each before it can be looked at (Bun 1.4.4 has one bound for all links),
 * and an honest log-in is over within a second.
 */
export const LINKS_BEFORE_LOGIN_MAX = 1_024;
/** Total: about 110 MiB of sockets with TLS at 5.5 KiB each. */
export const LINKS_MAX = 20_000;
/** Not available to connections: for the log, files, and the log-ins of operators. */
export const DESCRIPTORS_RESERVED = 32;
/** Connections of one address without a first request; this machine is exempt. */
export const HALF_OPEN_PER_ADDRESS_MAX = 32;
/** The same, for any address, when descriptors are short. */
export const HALF_OPEN_WHEN_SHORT_MAX = 4;
/** From the acceptance of a connection to its first request: TLS takes three round trips. */
export const FIRST_REQUEST_TIMEOUT_MS = 10_000;
/** Interval of checks for half-open connections, and the one when descriptors are short. */
export const HALF_OPEN_CHECK_INTERVAL_MS = 1_000;
export const HALF_OPEN_CHECK_SHORT_INTERVAL_MS = 100;
/** Connections beyond LINKS_MAX for loopback: the operator can log in to a full server. */
export const LINKS_RESERVED = 16;
/** Unanswered requests of one session. */
export const REQUESTS_IN_FLIGHT_MAX = 1024;
/**
 * Received messages of one connection that wait for their turn; a connection that queues more is
 * closed. A full window of chunks (TRANSFER_WINDOW_BYTES_MAX) fits with its overhead, and so does
 * every request that may be in flight.
 */
export const RECEIVE_QUEUE_PER_LINK_BYTES_MAX = 18 * MIB;
/** Maximum queued bytes of all connections: TRANSFERS_BYTES_MAX and 32 MiB of other messages. */
export const RECEIVE_QUEUES_BYTES_MAX = 160 * MIB;
/** Messages of one connection before it is logged in: an honest log-in takes fewer than ten. */
export const MESSAGES_BEFORE_LOGIN_MAX = 64;
/**
 * Messages of one account that do nothing: pings, and requests that are refused or unknown. A
 * client repeats the OUTBOX_IN_FLIGHT_MAX posts of a long paste about ten times a second until each
 * is taken.
 */
export const IDLE_MESSAGES_PER_SECOND = 3_000;
export const IDLE_MESSAGES_BURST = 8_192;
/** WebSocket pings and pongs: honest peers send one every 20 s. */
export const CONTROL_FRAMES_PER_SECOND = 1;
export const CONTROL_FRAMES_BURST = 64;
/**
 * Bytes of one account's sessions, files aside, and of one address before log-in: more than
 * POSTS_PER_SECOND and POSTS_BURST allow in texts of POST_CHARS.
 */
export const RECEIVED_BYTES_PER_SECOND = 32 * MIB;
export const RECEIVED_BYTES_BURST = 32 * MIB;
/**
 * Bytes and messages that a closing connection may still send: as many bytes as it had sent before,
 * within this range. A full window of chunks fits.
 */
export const BYTES_AFTER_CLOSE_MIN = 1 * MIB;
export const BYTES_AFTER_CLOSE_MAX = 17 * MIB;
export const MESSAGES_AFTER_CLOSE_MAX = 128;
/** A longer message before log-in ends its connection without an answer. */
export const MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX = 64 * KIB;
/** HTTP requests of one address; a page load takes 40. This machine is exempt. */
export const HTTP_REQUESTS_PER_SECOND = 200;
export const HTTP_REQUESTS_BURST = 1_000;
/** In one turn of the event loop: per connection (browsers do not pipeline), and in total. */
export const HTTP_REQUESTS_PIPELINED_MAX = 4;
export const HTTP_REQUESTS_PER_TURN_MAX = 64;
/** An account or address disconnected for a flood is refused for this long. */
export const FLOOD_REFUSED_MS = 10_000;
/** Refused accounts and addresses; the oldest is forgotten. */
export const FLOODERS_MAX = 10_000;
/** Per session, without posts: programs page through history about this fast. */
export const REQUESTS_PER_SECOND = 200;
/** Twice the requests in flight: a client that sends them all immediately is not slowed. */
export const REQUESTS_BURST = 2_048;

// Times, in milliseconds.
export const HELLO_TIMEOUT_MS = 10_000;
/** A person looks for the password; a program needs a second. */
export const LOGIN_TIMEOUT_MS = 120_000;
export const PING_INTERVAL_MS = 20_000;
/** Two pings and a slow network; after that the peer is gone. */
export const IDLE_TIMEOUT_MS = 45_000;
export const CONNECT_TIMEOUT_MS = 10_000;
export const RECONNECT_FIRST_MS = 250;
export const RECONNECT_MAX_MS = 60_000;
/** While a message or file waits for the link: the user may be watching. */
export const RECONNECT_PENDING_MAX_MS = 15_000;
/** Time for the last answers of a stopping server. */
export const DRAIN_TIMEOUT_MS = 5_000;

// Accounts and rooms.
export const ACCOUNTS_MAX = 100_000;
/** Part of ACCOUNTS_MAX reserved for users whom operators invite. */
export const ACCOUNTS_RESERVED = 1_000;
/** Accounts registered per hour from one address (a large school behind one NAT) … */
export const ACCOUNTS_PER_ADDRESS_HOUR_MAX = 1_000;
/** … and with the invites of one member: as many as one invite allows. */
export const ACCOUNTS_PER_INVITER_HOUR_MAX = 1_000;
export const DEVICES_PER_ACCOUNT_MAX = 32;
/** Addresses in an invite: few machines have more that others can reach. */
export const INVITE_ADDRESSES_MAX = 16;
/** Pending offers of `link-device`: each holds a session and some bytes. */
export const LINK_OFFERS_MAX = 1_000;
/** Long enough to walk to the other machine and type 27 letters. */
export const LINK_CODE_MS = 10 * 60_000;
/** Former keys of a server: a client that missed more changes must ask the owner. */
export const PREDECESSORS_MAX = 8;
/** Label of a device in its owner's list: a program and a system. */
export const DEVICE_LABEL_BYTES_MAX = 64;
/** Notes change once a day, and a crash loses no more than this. */
export const DEVICE_NOTES_SAVE_INTERVAL_MS = 10_000;
export const SESSIONS_PER_ACCOUNT_MAX = 64;
export const ROOMS_MAX = 10_000;
/** Part of ROOMS_MAX reserved for operators. */
export const ROOMS_RESERVED = 500;
/** Existing rooms that one account created, and rooms that it may create per hour. */
export const ROOMS_PER_ACCOUNT_MAX = 1_000;
export const ROOMS_PER_HOUR_MAX = 100;
/** Former names of accounts, and as many of rooms, which still resolve. */
export const FORMER_NAMES_MAX = 10_000;
export const ROOM_MEMBERS_MAX = 20_000;
/** Each joined room is one topic to follow and one catch-up at log-in. */
export const JOINED_ROOMS_MAX = 1_000;
/** Users that one account ignores; the whole list goes to each device. */
export const IGNORED_MAX = 256;
/** Rooms with settings of one account: more than anybody arranges, and half a page. */
export const PREFS_ROOMS_MAX = 512;
/** Saved messages of one account; all go to each device, 40 bytes each. */
export const SAVED_MAX = 500;
/** Records of one account's settings before they are merged into one and blanked. */
export const PREFS_RECORDS_MAX = 256;
/** Changes of one account's settings: nobody is faster by hand. */
export const PREFS_PER_SECOND = 2;
export const PREFS_BURST = 120;
/** Read positions in memory and in `marks.json`, some 30 bytes each in the file. */
export const READ_POSITIONS_MAX = 200_000;
/** Unread messages of one room that are counted: 16 bytes each, and more says nothing more. */
export const UNREAD_COUNTED_MAX = 10_000;
/** Twice the size of READ_POSITIONS_MAX positions; a larger file is not ours. */
export const READ_POSITIONS_BYTES_MAX = 16 * MIB;
export const READ_POSITIONS_SAVE_INTERVAL_MS = 2_000;
/** Interval at which other devices learn that one has read on. */
export const READ_NOTICE_INTERVAL_MS = 1_000;

// Resets.
/** Default lifetime of a reset code: its user gets it today or tomorrow. */
export const RESET_MS = 24 * 60 * 60_000;
/** Until a user who is away for a week returns; a longer one would be a second password. */
export const RESET_MS_MAX = 7 * 24 * 60 * 60_000;

// Guessing.
/** Consecutive wrong secrets before the link is closed. */
export const WRONG_SECRETS_MAX = 3;
/** Wrong guesses of one account or address that are answered immediately. */
export const GUESSES_FREE = 3;
export const GUESS_DELAY_FIRST_MS = 1_000;
export const GUESS_DELAY_MAX_MS = 20_000;
/**
 * Delayed wrong answers of one address. Right guesses of that address are delayed only beyond
 * it: a class behind one NAT must not pay for a neighbour's typing errors.
 */
export const GUESSES_DELAYED_PER_ADDRESS_MAX = 8;
/** Wrong guesses of an account or address are forgotten after this long without one. */
export const GUESS_FORGET_MS = 10 * 60_000;
/** Accounts and addresses with remembered guesses; the oldest is forgotten. */
export const GUESS_KEYS_MAX = 10_000;
/**
 * Wrong guesses per minute at one shared secret (the server's password, or a room's) over all
 * clients: a class that mistypes it stays below, a thousand guessing machines do not. Further
 * ones are queued at that rate, and none waits longer than GUESS_DELAY_MAX_MS.
 */
export const SHARED_GUESSES_PER_MINUTE = 100;
/** argon2id takes 17 to 70 ms and 19 MiB each: two leave room for the event loop and in memory. */
export const PASSWORD_CHECKS_MAX = 2;
export const PASSWORD_CHECKS_QUEUED_MAX = 32;

// Posts.
/**
 * Sustained posts per second of one account, over all sessions, and the burst that a paste or
 * a script may send. More than can be read; other accounts are not slowed.
 */
export const POSTS_PER_SECOND = 500;
export const POSTS_BURST = 2_500;
/**
 * A longer text counts as several posts, one per this many characters begun. Ciphertexts,
 * commits and key packages count by their bytes: 4 MB per second (`posts` of a request row).
 */
export const POST_CHARS = 8 * KIB;
/** Accounts with remembered rates; a forgotten one starts with a new burst. */
export const POST_RATES_MAX = 20_000;
/** Unanswered posts of one outbox; the server remembers as many. */
export const OUTBOX_IN_FLIGHT_MAX = 256;
export const OUTBOXES_PER_ACCOUNT_MAX = 64;
/** A server forgets an outbox after this long without a post. */
export const OUTBOX_FORGET_MS = 30 * 24 * 60 * 60_000;
/** A client gives up unsent posts a day before the server would treat them as new. */
export const OUTBOX_KEEP_MS = 29 * 24 * 60 * 60_000;
/** Posts that a client stores while offline; further ones are refused. */
export const OUTBOX_PENDING_MAX = 10_000;
/** Posts over HTTP queued for the disk, and those of one token per second. */
export const HTTP_POSTS_QUEUED_MAX = 256;
export const HTTP_POSTS_PER_SECOND = 10;
/** Messages that a build may send together. */
export const HTTP_POSTS_BURST = 60;
/** A webhook's JSON has much besides its text; a group of some hundred alerts fits. */
export const WEBHOOK_BYTES_MAX = 512 * KIB;
/**
 * Programs that read a room over HTTP: per token, address and account, and in total. Each
 * costs a socket and sometimes a page of history; nothing is buffered for slow ones.
 */
export const READERS_PER_TOKEN_MAX = 4;
export const READERS_PER_ADDRESS_MAX = 32;
export const READERS_PER_ACCOUNT_MAX = 64;
export const READERS_MAX = 256;
/** Maximum wait of one request for new messages; then the program asks again. */
export const READ_WAIT_SECONDS_MAX = 120;
/** A reader that accepts nothing for this long is disconnected. */
export const READ_STALL_MS = 30_000;
/** Size of a reader's page. */
export const READ_PAGE_RECORDS_MAX = 100;
export const READ_PAGE_BYTES_MAX = 256 * KIB;
/** Messages of a room that are returned if no position is given, as by `chat history`. */
export const READ_RECORDS_DEFAULT = 50;
/** Key by which a repeated post over HTTP is recognized. */
export const HTTP_POST_KEY_BYTES_MAX = 128;

/** Long texts fill memory before OUTBOX_PENDING_MAX posts do. */
export const OUTBOX_PENDING_CHARS_MAX = 32 * MIB;
/** At three bytes a character, all posts in flight fit a link's queue; more would close it. */
export const OUTBOX_IN_FLIGHT_CHARS_MAX = 1 * MIB;

// History.
/** Records that a device gets of a room it has not seen before. */
export const FIRST_RECORDS = 50;
/** Records that a device gets of a room after an absence; the history command has the rest. */
export const CATCH_UP_RECORDS_MAX = 500;
export const PAGE_BYTES_MAX = 256 * KIB;
export const PAGE_RECORDS_MAX = 1_000;
/** Newest records of each room that `chat verify` reads from a server: some seconds. */
export const VERIFIED_RECORDS_MAX = 10_000;
/**
 * History that one account may read per day, in bytes of the log: ten times that of a million
 * messages. Stops a client that reads the whole history repeatedly.
 */
export const HISTORY_BYTES_PER_DAY = 4 * 1024 * MIB;
/** Search text; longer ones are pasted by mistake. 16 letters of it choose what is parsed. */
export const GREP_BYTES_MAX = 1 * KIB;
/** Record kinds of one search: all visible ones, and as many future ones. */
export const SEARCHED_KINDS_MAX = 32;
/** Records that one order erases, besides their edits: its line stays far below LINE_BYTES_MAX. */
export const ERASED_PER_ORDER_MAX = 500;
/**
 * Retention of a room: nobody could read messages kept for less than a minute; more than the
 * maximum is forever.
 */
export const RETENTION_MS_MIN = 60_000;
export const RETENTION_MS_MAX = 100 * 365 * 86_400_000;
/** Interval of retention checks: a message may stay this much longer. */
export const RETENTION_CHECK_INTERVAL_MS = 60_000;
/** Requests queued while a room's membership changes: one disk sync's worth of a busy room. */
export const ROOM_LOCK_QUEUE_MAX = 16_384;
/**
 * Outboxes with held posts per session. A process uses one; a client with more in parallel
 * loses only their order.
 */
export const OUTBOXES_HELD_MAX = 16;
/** Catch-up of one room for one device; the history command has the rest. */
export const CATCH_UP_BYTES_MAX = 8 * MIB;
/** Pages read from the disk in parallel. */
export const CONCURRENT_PAGE_READS_MAX = 4;
/** Maximum per account: a user who searches much leaves room for others. */
export const PAGE_READS_PER_ACCOUNT_MAX = 2;
/** Each of these then pauses for this many times the duration of its page, up to a maximum. */
export const PAGE_PAUSE_FACTOR = 3;
export const PAGE_PAUSE_MS_MAX = 200;
export const PAGE_READS_QUEUED_MAX = 4_096;
/** Lines queued for a window or pipe that does not read; further ones are omitted and counted. */
export const OUTPUT_QUEUE_BYTES_MAX = 4 * MIB;
/** Characters of one message that `chat serve` prints for people. */
export const PRINTED_CHARS_MAX = 1_000;
/** 2,000 messages a second. The worst characters take 1.2 us each to wrap for a terminal. */
export const PRINTED_CHARS_PER_SECOND = 128 * KIB;

// Moderation.
/** A list that one person can still look through; expired bans do not count. */
export const BANS_MAX = 10_000;
/** Usable invites: per account, per operator, and in total. */
export const INVITES_PER_ACCOUNT_MAX = 100;
export const INVITES_PER_OPERATOR_MAX = 2_000;
export const INVITES_MAX = 10_000;
/** Part of INVITES_MAX reserved for operators. */
export const INVITES_RESERVED = 1_000;
/** Created per hour by one account, and by one operator: each is a permanent record. */
export const INVITES_PER_HOUR_MAX = 100;
export const INVITES_PER_HOUR_OPERATOR_MAX = 2_000;
/** Bans or invites in one answer: 120 KB at most, and more rows than a window shows. */
export const MODERATION_PAGE_MAX = 200;
/** Users that one invite of a member may admit; operators set their own bound, or none. */
export const INVITE_USES_MAX = 1_000;
/** Remembered revoked and used invites, whose holders learn why they are invalid. */
export const INVITES_SPENT_MAX = 10_000;
/** Each edit is a record, and an erasure lists them all. */
export const EDITS_PER_RECORD_MAX = 100;

// UDP.
/** Some 100 ms of a fast transfer: datagrams are not lost while the program is busy. */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * MIB;
/** Bytes in flight of one stream: 34 MB/s at 50 ms and 5 % loss; 1 MiB gave 5. */
export const UDP_STREAM_WINDOW_BYTES = 16 * MIB;
/** Unsent bytes given to QUIC per stream: more would only delay messages behind files. */
export const UDP_QUEUE_BYTES = 64 * KIB;
/** The link, DATA_CHANNELS_PER_SESSION_MAX data channels, and some that are closing. */
export const UDP_STREAMS_MAX = 40;
/** Connections without a link; beyond it the oldest is closed: honest ones are quick. */
export const UDP_HALF_OPEN_MAX = 1_024;
/**
 * Silence after which a connection is closed, in seconds as QUIC has it: longer than a path
 * that is gone for 10 s, and short enough to notice a killed server.
 */
export const QUIC_IDLE_TIMEOUT_SECONDS = 20;
/** Ping interval of a client: a killed server sends nothing over UDP. */
export const UDP_PING_INTERVAL_MS = 2_000;
/** … after which it reconnects; a shorter gap costs nothing. */
export const UDP_IDLE_TIMEOUT_MS = 4_000;
/**
 * If one transport has not answered by then, the other is tried in parallel, so that one
 * connects within 3 s.
 */
export const TRANSPORT_FALLBACK_DELAY_MS = 1_500;
/** A transport that has worked may refuse this long: a restarting server is back by then. */
export const TRANSPORT_REFUSAL_GRACE_MS = 5_000;
/** A port that has sent no packet by then is considered dead. */
export const UDP_ANSWER_TIMEOUT_MS = 3_000;

// LAN.
/** Fits every path of a local network in one piece: one lost piece would lose the whole. */
export const LAN_DATAGRAM_BYTES_MAX = 1_200;
/** Left besides head, name, seal and signature. */
export const LAN_TEXT_BYTES_MAX = 960;
/** More than the longest answer: a request is at least as long as the answer of one peer. */
export const LAN_QUERY_BYTES = 256;
/** Distance by which datagrams may overtake each other and still be distinguished from repeats. */
export const LAN_WINDOW = 64;
/** Clocks on a network agree better; a captured datagram is worthless after it. */
export const LAN_CLOCK_SKEW_MS = 120_000;
/** Remembered sessions; one that is silent for LAN_FORGET_MS makes room. */
export const LAN_SENDERS_MAX = 256;
/** Maximum per address: no host fills the table alone. */
export const LAN_SENDERS_PER_ADDRESS_MAX = 32;
/** Maximum per key: the open windows of one person. */
export const LAN_SESSIONS_PER_KEY_MAX = 8;
/** Names pinned to keys; a further name is shown as not verified. */
export const LAN_NAMES_MAX = 1_024;
/** Per source (address and port), and its burst: a paste, and its presence. */
export const LAN_PACKETS_PER_SECOND = 20;
export const LAN_PACKETS_BURST = 40;
/** Per address: ten programs on one machine. */
export const LAN_ADDRESS_PACKETS_PER_SECOND = 200;
/** Sources and addresses with remembered rates; the least recently used is dropped. */
export const LAN_SOURCES_MAX = 256;
/** Signatures checked over all senders: about a tenth of one core. */
export const LAN_CHECKS_PER_SECOND = 1_000;
/** Half of what others accept from one source; a longer paste is slowed down to it. */
export const LAN_TEXTS_PER_SECOND = 10;
export const LAN_TEXTS_BURST = 20;
export const LAN_ANNOUNCE_INTERVAL_MS = 30_000;
/** Three announces and some; after that the peer is gone. */
export const LAN_PEER_TIMEOUT_MS = 95_000;
/** Twice the clock's bound: none of its datagrams can be replayed after that. */
export const LAN_FORGET_MS = 240_000;
/** Time in which one answer serves all queries. */
export const LAN_ANSWER_INTERVAL_MS = 1_000;
/** The answers to one query are spread over this time. */
export const LAN_ANSWER_SPREAD_MS = 500;
/** Our own datagrams return within it, or multicast does not work here. */
export const LAN_ECHO_TIMEOUT_MS = 3_000;

// Discovery.
/** Servers on one network that a person can look through; more are mostly forged. */
export const SERVERS_FOUND_MAX = 256;
/** Per sender: a machine runs a few servers, a forger runs thousands. */
export const SERVERS_FOUND_PER_SENDER_MAX = 8;
/** Names read before listening ends; the library stores each of them. */
export const ANNOUNCEMENTS_READ_MAX = 1_024;
/** RFC 6762, section 17; a longer datagram is not multicast DNS. */
export const MDNS_DATAGRAM_BYTES_MAX = 9_000;
/** Questions and records of one datagram: an announcement has ten; answers cost their square. */
export const MDNS_ENTRIES_MAX = 64;
/** Questions of one datagram: each may be answered, to all hosts. */
export const MDNS_QUESTIONS_MAX = 8;
/** Datagrams read per second: a school full of printers sends fewer. */
export const MDNS_DATAGRAMS_PER_SECOND = 200;
/** Answers per second: all hosts on the network receive each of them. */
export const MDNS_ANSWERS_PER_SECOND = 10;
/** Numbered servers of one name, and names that one start may try. */
export const SAME_NAME_MAX = 64;
/** Time for the slowest answer (RFC 6762, section 6) and a lost one. */
export const DISCOVER_MS = 2_000;

// The doctor.
/** Per hop on the path to a server: a slower hop is the problem. */
export const CHECK_TIMEOUT_MS = 3_000;
/** Beyond it logs of two machines cannot be compared, and `chat lan` refuses packets. */
export const CLOCK_SKEW_MS_MAX = 120_000;
/** A day of a busy server; below it the operator should act. */
export const FREE_BYTES_LOW = 256 * MIB;
/** Each confirmed message waits for one sync: users notice ten times this. */
export const SYNC_MS_SLOW = 50;

// Files.
/** Fixed, so that the same bytes have one digest; as fast as 1 MiB when measured. */
export const CHUNK_BYTES = 256 * KIB;
/** `f` and 64 bits in base64url. */
export const FILE_ID_LENGTH = 12;
/** Far above any disk; below 2^53, so that every offset is exact. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024 * MIB;
/** As sent; receivers cut names to what their own disk takes. */
export const FILE_NAME_BYTES_MAX = 1 * KIB;
/** Caption of a file: a paragraph or two. More is a message of its own. */
export const FILE_TEXT_BYTES_MAX = 4 * KIB;
/** A path inside a folder: the maximum of Linux. */
export const PATH_BYTES_MAX = 4 * KIB;
/** Each gets one record when the file is complete. */
export const FILE_TARGETS_MAX = 64;
/** A source tree with its packages; the manifest of more would not fit memory twice. */
export const FOLDER_ENTRIES_MAX = 100_000;
export const MANIFEST_BYTES_MAX = 16 * MIB;
/** Initial window: four chunks saturate a loopback. */
export const TRANSFER_WINDOW_FIRST_BYTES = 1 * MIB;
/** 100 ms at 1.3 Gbit/s; beyond it the other end closes the data channel. */
export const TRANSFER_WINDOW_BYTES_MAX = 16 * MIB;
/** Chunks queued for the server's disk, over all uploads. */
export const TRANSFERS_BYTES_MAX = 128 * MIB;
/** Bytes that may have to be sent again after a crash; more frequent syncs cost speed. */
export const TRANSFER_SYNC_BYTES = 16 * MIB;
/** Parallel transfers of one session. */
export const DATA_CHANNELS_PER_SESSION_MAX = 32;
export const DATA_CHANNELS_PER_ACCOUNT_MAX = 64;
/** From the request to the second connection. */
export const TICKET_MS = 30_000;
/** Uploads that are not continued for this long are deleted. */
export const UPLOAD_KEEP_MS = 7 * 24 * 60 * 60_000;
/** A data channel that is silent this long is replaced by another one with the same file. */
export const UPLOAD_IDLE_TIMEOUT_MS = 10_000;
/** Unfinished uploads of one account. */
export const UPLOADS_PER_ACCOUNT_MAX = 1_000;
/** Reserved for the log, which shares the disk with the files. */
export const FREE_BYTES_MIN = 256 * MIB;
/** Files of one server whose ids a device can complete: more than a list shows. */
export const KNOWN_FILES_MAX = 500;
/** Names of one kind searched by a completion: more than a person reads through. */
export const KNOWN_NAMES_MAX = 1_000;
/** Candidates that a shell gets: a screen of them. */
export const COMPLETIONS_MAX = 200;
/** Longer pauses of a transfer are shown with their cause. */
export const STALL_REPORTED_AFTER_MS = 3_000;
/** Listed names that a received folder had to change: enough to see their kind. */
export const RENAMED_LISTED_MAX = 10;
/** Ids that `get-file --follow` remembers beyond its cursor: far more than arrive together. */
export const RECEIVED_FILES_MAX = 10_000;
/** Known files that `get-file --follow` has not begun; it reads on when some are done. */
export const INCOMING_FILES_MAX = 1_000;
/** Parallel downloads: more would only share the same line. */
export const CONCURRENT_DOWNLOADS_MAX = 4;
/** Received chunks of one file that are not synced; rarer syncs would be of 256 MiB. */
export const UNSYNCED_CHUNKS_MAX = 1_024;
/** How long `chat receive` waits for a lost share: the restart of a router, and some. */
export const RECEIVE_TIMEOUT_MS = 60_000;
/** Small files of a folder read or synced in parallel; more do not make a disk faster. */
export const CONCURRENT_FILES_MAX = 16;
/** `NAME (1)`, `NAME (2)`, …: more are hardly intended. */
export const SAME_NAMES_MAX = 1_000;
/** 32 MiB of a source that cannot be read again: the unsynced bytes and a full window. */
export const STREAM_RETAINED_CHUNKS_MAX = 128;
/** Buffers of chunks for reuse: a queue of a link, and the chunks read ahead. */
export const SPARE_BUFFERS_MAX = 16;
/** Maximum of usual file systems for one part of a path; Windows counts less strictly. */
export const PATH_SEGMENT_BYTES_MAX = 255;
/** A family with four skin tones needs 11; more is a tower of marks over its neighbours' lines. */
export const CLUSTER_CODE_POINTS_MAX = 16;
/** Page title or notification: the system cuts longer ones. */
export const NOTICE_CODE_POINTS_MAX = 120;
/** A certificate of maximum fields is under 300 bytes; longer ones are not parsed. */
export const DEVICE_CERT_BYTES_MAX = 512;
/** A catch-up of a few rooms; a reader that stalls longer drops the link and resumes. */
export const EVENTS_BUFFERED_MAX = 8_192;
/** Read records that a device has not stored yet: a busy room outruns a slow disk. */
export const UNSTORED_RECORDS_MAX = 1_024;
