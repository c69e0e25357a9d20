/**
 * Every bound of the program, each with its reason. A bound that two files need stands here; a test
 * pushes against each one at its edge.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

// What a request may cost on the event loop: never its length times the data. Beside its own bytes,
// - history, pins, catch-up: 1 MiB of lines in steps of 64 KiB (3 ms at worst); threads match the
//   rest of a search.
// - rooms: 10,000 rooms in 5 ms. who: 100,000 sorted names, at most for a twentieth of the time.
// - readers: ROOM_MEMBERS_MAX. invites, bans: INVITES_MAX and BANS_MAX, without sorting.
// - erase-all, retention: a page of ERASED_AT_ONCE_MAX. edit, erase, pin, reaction: one block.
// - inclusion: PROOFS_TOGETHER_MAX groups of 256 heads, each between two reads.
// - group-commit: GROUP_DEVICES_MAX look-ups, and one hash. key-packages: KEY_PACKAGES_MAX.
// - a post: PUSH_READ_CHARS of it for a push, PRINTED_CHARS_MAX for a screen of `chat serve`.
// - operators alone: accounts, all-rooms and all-files sort all of them (100,000 in 0.2 s);
//   decisions look through DECISIONS_LOOKED_MAX records.

// Words.
/** A long letter; still one screen of JSON, and 1,000 readers of it fit in memory. */
export const TEXT_BYTES_MAX = 64 * KIB;
/** One line above the room; more is a text. */
export const TOPIC_BYTES_MAX = 512;
/** Of a user or a room: it stands in each line of theirs, and is typed by hand. */
export const NAME_CHARS_MAX = 32;
/** What a server calls itself: it stands in prompts and lists, where a line has to do. */
export const SERVER_NAME_BYTES_MAX = 128;
/** A few lines of greeting that `serve --welcome` shows each newcomer. */
export const WELCOME_BYTES_MAX = 4 * KIB;
/** A password is hashed whole; longer ones only cost time. */
export const PASSWORD_BYTES_MAX = 1 * KIB;
/** Minimum length of a new password, in characters (NIST SP 800-63B, section 5.1.1). */
export const PASSWORD_CHARS_MIN = 8;
/** One emoji with its modifiers, or a short word. */
export const REACTION_BYTES_MAX = 64;
/** People a message may call by name in its body. */
export const MENTIONS_MAX = 64;
/** What the author of an imported message was called there; other chats have shorter names. */
export const IMPORTED_NAME_BYTES_MAX = 256;

/** What a fault says, and what to do: a sentence each, with what it quotes of others. */
export const SENTENCE_BYTES_MAX = 4 * KIB;
/** A fault's message or remedy as the source has it, with `{}` for each value. */
export const TEMPLATE_BYTES_MAX = 512;
/** Values in one of them. */
export const TEMPLATE_VALUES_MAX = 8;
/** A longer value is cut. */
export const TEMPLATE_VALUE_BYTES_MAX = 256;

// Frames.
/** One chunk of a file (256 KiB) or one text escaped six-fold fits with its header. */
export const MESSAGE_BYTES_MAX = 1 * MIB + 4 * KIB;
/** The longest honest message before log-in is `register` with a long password. */
export const MESSAGE_BEFORE_LOGIN_BYTES_MAX = 8 * KIB;
/** Our schemas nest four deep; eight leaves room for later fields. */
export const NESTING_MAX = 8;
/** Entries of one msgpack map or array: a page of history is the longest list. */
export const ENTRIES_MAX = 4096;
/** Bytes of recent records of one room in memory: a room of long texts is read from the disk. */
export const RECENT_ROOM_BYTES_MAX = 256 * KIB;
/** Of all rooms: about 300 busy ones. */
export const RECENT_BYTES_MAX = 16 * MIB;
/** Who came and who went is told once in this time, in one message a room. */
export const PRESENCE_TOLD_EVERY_MS = 100;
/** Accounts that one such message names as come, and as gone. */
export const PRESENCES_TOGETHER_MAX = 500;
/** In larger rooms nobody watches names come and go, and the cost grows with the square. */
export const PRESENCE_MEMBERS_MAX = 500;
/** Who writes is told again in this time, in one message a room; and so often by who writes on. */
export const TYPING_TOLD_EVERY_MS = 1_000;
/** Without another word of it an account writes no longer: its program may be gone. */
export const TYPING_MS = 8_000;
/** Accounts that are named: those that began last. From three on they are "several". */
export const TYPING_NAMED_MAX = 4;
/** In larger rooms nobody is told: someone always writes there. */
export const TYPING_MEMBERS_MAX = 200;
/** Pinned messages of one room: what is to be found again, and no second history. */
export const PINS_MAX = 50;
/** Who has read a message, by name; the number says how many there are. */
export const READERS_NAMED_MAX = 100;
/** Records of one room that are told in one message; as many as a page of history has. */
export const RECORDS_TOGETHER_MAX = 1_000;

// The log.
/**
 * A text of 65,536 control characters is 393,216 bytes of JSON; the rest is head and room to grow.
 */
export const LINE_BYTES_MAX = 1 * MIB;
/** Large enough to be few, small enough to copy, check and drop one by one. */
export const SEGMENT_BYTES_MAX = 64 * MIB;
/** What waits for one sync; beyond it the store is slower than its writers and says so. */
export const APPEND_QUEUE_BYTES_MAX = 64 * MIB;
/** One write and one sync. A reader is told of a whole batch in one tick: it must fit its queue. */
export const BATCH_BYTES_MAX = 512 * KIB;
/** Above this a batch is written off the event loop. */
export const BATCH_SYNC_BYTES_MAX = 256 * KIB;
/** Freed when the disk is full, so that erasing and stopping cleanly still have room. */
export const RESERVE_BYTES = 1 * MIB;
/** Origin, size and root take 90 bytes, a signature 130: room for those of witnesses. */
export const NOTE_BYTES_MAX = 2 * KIB;
/** A log has fewer than 10^12 records, which is 40 levels of the tree, and one hash to start at. */
export const PROOF_HASHES_MAX = 41;
/** A checkpoint is signed this long after a record at the latest, and no sooner than that again. */
export const CHECKPOINT_EVERY_MS = 1_000;
/** Records of a history between two that carry a checkpoint: a copy without the file has some. */
export const CHECKPOINT_EVERY_RECORDS = 1_000;
/** Records of one request for proofs: their paths make some 90 KB. */
export const PROOFS_TOGETHER_MAX = 64;

// Links.
/** A reader this far behind is closed and resumes by `seq`. */
export const SEND_QUEUE_BYTES_MAX = 8 * MIB;
/** Below this a paused sender goes on. */
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
/** In all: about 110 MiB of sockets with TLS at 5.5 KiB each. */
export const LINKS_MAX = 20_000;
/** Kept free of connections: for the log, files, and the log-ins of operators. */
export const DESCRIPTORS_RESERVED = 32;
/** Connections of one address that have sent no request yet; this machine is exempt. */
export const HALF_OPEN_PER_ADDRESS_MAX = 32;
/** The same, of any address, when descriptors are short. */
export const HALF_OPEN_WHEN_SHORT_MAX = 4;
/** From the acceptance of a connection to its first request: TLS takes three round trips. */
export const REQUEST_WITHIN_MS = 10_000;
/** How often half-open connections are looked for, and how often when descriptors are short. */
export const HALF_OPEN_LOOK_EVERY_MS = 1_000;
export const HALF_OPEN_LOOK_SHORT_MS = 100;
/** Connections beyond LINKS_MAX for loopback: the operator can log in to a full server. */
export const LINKS_RESERVED = 16;
/** Requests of one session that have no answer yet. */
export const REQUESTS_IN_FLIGHT_MAX = 1024;
/**
 * Received messages of one connection that wait for their turn; a connection that queues more is
 * closed. A full window of chunks (TRANSFER_WINDOW_BYTES_MAX) fits with its overhead, and so does
 * every request that may be in flight.
 */
export const ARRIVALS_WAITING_EACH_BYTES_MAX = 18 * MIB;
/** Maximum queued bytes of all connections: TRANSFERS_BYTES_MAX and 32 MiB of other messages. */
export const ARRIVALS_WAITING_BYTES_MAX = 160 * MIB;
/** Messages of one connection before it is logged in: an honest log-in takes fewer than ten. */
export const MESSAGES_BEFORE_LOGIN_MAX = 64;
/**
 * Messages of one account that do nothing: pings, and requests that are refused or unknown. A
 * client repeats the OUTBOX_IN_FLIGHT_MAX posts of a long paste about ten times a second until each
 * is taken.
 */
export const IDLE_MESSAGES_PER_SECOND = 3_000;
export const IDLE_MESSAGES_BURST = 8_192;
/** WebSocket pings and pongs: honest ends send one every 20 s. */
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
/** HTTP requests of one address, a whole page load being 40; this machine is exempt. */
export const HTTP_REQUESTS_PER_SECOND = 200;
export const HTTP_REQUESTS_BURST = 1_000;
/** In one turn of the event loop: of one connection (browsers do not pipeline), and of all. */
export const HTTP_REQUESTS_PIPELINED_MAX = 4;
export const HTTP_REQUESTS_AT_ONCE_MAX = 64;
/** An account or address whose connection was closed for a flood is refused for this long. */
export const FLOOD_REFUSED_MS = 10_000;
/** Accounts and addresses that are refused for it; the oldest is forgotten. */
export const FLOODERS_MAX = 10_000;
/** Of one session, posts aside: programs page through history about as fast as that. */
export const REQUESTS_PER_SECOND = 200;
/** Twice what may be in flight: a client that asks that much at once is not slowed by it. */
export const REQUESTS_BURST = 2_048;

// Times, in milliseconds.
export const HELLO_WITHIN_MS = 10_000;
/** A person looks for the password; a program needs a second. */
export const LOGIN_WITHIN_MS = 120_000;
export const PING_EVERY_MS = 20_000;
/** Two pings and a slow network: then the other end is gone. */
export const SILENCE_MAX_MS = 45_000;
export const CONNECT_WITHIN_MS = 10_000;
export const RECONNECT_FIRST_MS = 250;
export const RECONNECT_MAX_MS = 60_000;
/** As long as a message or a file waits for the link: the user may be looking at it. */
export const RECONNECT_AWAITED_MAX_MS = 15_000;
/** How long a stopping server waits for its last answers to leave. */
export const DRAIN_WITHIN_MS = 5_000;

// People and rooms.
export const ACCOUNTS_MAX = 100_000;
/** Part of ACCOUNTS_MAX reserved for people whom operators invite. */
export const ACCOUNTS_RESERVED = 1_000;
/** Accounts registered in an hour from one address (a large school behind one NAT) … */
export const ACCOUNTS_PER_ADDRESS_HOUR_MAX = 1_000;
/** … and with the invites of one member: as many as one invite admits. */
export const ACCOUNTS_PER_INVITER_HOUR_MAX = 1_000;
export const DEVICES_PER_ACCOUNT_MAX = 32;
/** Where a server says that it is reached: few machines have more addresses that others can use. */
export const INVITE_PLACES_MAX = 16;
/** Offers of `link-device` that wait for a new device: each holds a session and some bytes. */
export const LINK_OFFERS_MAX = 1_000;
/** Long enough to walk to the other machine and type 27 letters. */
export const LINK_CODE_MS = 10 * 60_000;
/** Keys that a server had before: who was away for more changes than these asks its owner. */
export const PREDECESSORS_MAX = 8;
/** What a device is called in the list of its owner: a program and a system. */
export const DEVICE_LABEL_BYTES_MAX = 64;
/** Maximum size of the file of device notes; a larger file was not written by chat. */
export const DEVICE_NOTES_BYTES_MAX = 16 * MIB;
/** They change once a day, and a crash loses no more than that. */
export const DEVICE_NOTES_KEPT_EVERY_MS = 10_000;
export const SESSIONS_PER_ACCOUNT_MAX = 64;
export const ROOMS_MAX = 10_000;
/** Part of ROOMS_MAX reserved for operators. */
export const ROOMS_RESERVED = 500;
/** Existing rooms that one account created, and rooms that it creates in an hour. */
export const ROOMS_PER_ACCOUNT_MAX = 1_000;
export const ROOMS_PER_HOUR_MAX = 100;
/** Names that accounts had before, and as many of rooms: they still lead there. */
export const FORMER_NAMES_MAX = 10_000;
export const ROOM_MEMBERS_MAX = 20_000;
/** Each joined room is one topic to follow and one catch-up at log-in. */
export const JOINED_ROOMS_MAX = 1_000;
/** Whom one account ignores; its list goes whole to each device. */
export const IGNORED_MAX = 256;
/** Rooms of which one account has set something: as many as anybody arranges, and half a page. */
export const PREFS_ROOMS_MAX = 512;
/** Messages that one account has saved; they go whole to each device, 40 bytes each. */
export const SAVED_MAX = 500;
/** Changes of one account's settings on the log before they are told as one, and blanked. */
export const PREFS_RECORDS_MAX = 256;
/** An account changes its settings so often, and so often at once: by hand nobody is quicker. */
export const PREFS_PER_SECOND = 2;
export const PREFS_BURST = 120;
/** Read positions in memory and in `marks.json`: some 30 bytes each there. */
export const READ_POSITIONS_MAX = 200_000;
/** Unread words of one room are counted up to this: 16 bytes each, and more says nothing more. */
export const UNREAD_COUNTED_MAX = 10_000;
/** Twice of what READ_MARKS_MAX of them take; a larger file is none of ours. */
export const READ_POSITIONS_BYTES_MAX = 16 * MIB;
export const READ_POSITIONS_KEPT_EVERY_MS = 2_000;
/** One device reads on, the others are told this often. */
export const READ_TOLD_EVERY_MS = 1_000;

// Resets.
/** A reset code that says no more: the person is told of it today or tomorrow. */
export const RESET_MS = 24 * 60 * 60_000;
/** Until a user who is away for a week is back; longer it would be a second password. */
export const RESET_MS_MAX = 7 * 24 * 60 * 60_000;

// Guessing.
/** Wrong secrets in a row before the link is closed. */
export const WRONG_SECRETS_MAX = 3;
/** Wrong guesses of one account or address that are answered at once. */
export const GUESSES_FREE = 3;
export const GUESS_DELAY_FIRST_MS = 1_000;
export const GUESS_DELAY_MAX_MS = 20_000;
/**
 * Wrong answers of one address that may be held back at once. Only beyond it do right guesses of
 * that
 * address wait, too: a class behind one NAT must not pay for a neighbour's typing.
 */
export const GUESSES_HELD_PER_ADDRESS_MAX = 8;
/** After this without a guess an address or account starts anew. */
export const GUESS_FORGET_MS = 10 * 60_000;
/** Accounts and addresses whose guesses are remembered; the oldest is forgotten. */
export const GUESS_KEYS_MAX = 10_000;
/**
 * Wrong guesses at one shared secret (the room password, a room's own) that are looked at in a
 * minute, by all clients together: a class that types it wrong stays below, a thousand guessing
 * machines do not. Those beyond take turns at that pace, and none waits longer than
 * GUESS_DELAY_MAX_MS.
 */
export const SHARED_GUESSES_PER_MINUTE = 100;
/** argon2id takes 17 to 70 ms and 19 MiB each: two leave the event loop and the memory alone. */
export const PASSWORD_CHECKS_MAX = 2;
export const PASSWORD_CHECKS_WAITING_MAX = 32;

// Posts.
/**
 * Sustained posts a second of one account, however many sessions it has, and the burst that a paste
 * or a script may send. More than can be read; and beside it the others are served as ever.
 */
export const POSTS_PER_SECOND = 500;
export const POSTS_BURST = 2_500;
/**
 * A longer text counts as several posts, one for each of these characters that it begins. So do
 * ciphertexts, commits and key packages by their bytes: 4 MB a second (`posts` of a request row).
 */
export const POST_CHARS = 8 * KIB;
/** Accounts whose pace is remembered; one that is forgotten begins with a new burst. */
export const PACES_MAX = 20_000;
/** Posts of one outbox that may be unanswered; the server remembers as many. */
export const OUTBOX_IN_FLIGHT_MAX = 256;
export const OUTBOXES_PER_ACCOUNT_MAX = 64;
/** A server forgets an outbox after so long without a post: a client back by then is known. */
export const OUTBOX_FORGET_MS = 30 * 24 * 60 * 60_000;
/** A client gives up on unsent words a day before the server would take them for new ones. */
export const OUTBOX_KEEP_MS = 29 * 24 * 60 * 60_000;
/** Posts a client keeps while offline; further ones are refused with a sentence. */
export const OUTBOX_PENDING_MAX = 10_000;
/** Posts over HTTP that wait for the disk, and those of one token a second. */
export const CALLS_WAITING_MAX = 256;
export const CALLS_PER_SECOND = 10;
/** What a build may have to say at once. */
export const CALLS_BURST = 60;
/** A webhook's JSON says much beside its words; a group of some hundred alerts fits. */
export const WEBHOOK_BYTES_MAX = 512 * KIB;
/**
 * Programs that read a room over HTTP: of one token, address and account, and in all. Each costs a
 * socket and at times one page of the past; nothing is kept for those that are slow.
 */
export const READERS_PER_TOKEN_MAX = 4;
export const READERS_PER_ADDRESS_MAX = 32;
export const READERS_PER_ACCOUNT_MAX = 64;
export const READERS_MAX = 256;
/** The longest that one request waits for what is said; then it is asked again. */
export const READ_WAIT_SECONDS_MAX = 120;
/** A reader that takes nothing for so long is cut off. */
export const READ_STALL_MS = 30_000;
/** What a page of a reader holds. */
export const READ_PAGE_RECORDS_MAX = 100;
export const READ_PAGE_BYTES_MAX = 256 * KIB;
/** What is shown of a room's past when no place in it is named, as `chat history` does. */
export const READ_LAST = 50;
/** Repeats of a post over HTTP that are known as such; the oldest is forgotten. */
export const CALL_KEYS_MAX = 1_000;
export const CALL_KEY_BYTES_MAX = 128;

/** Long texts fill memory before OUTBOX_PENDING_MAX posts do. */
export const OUTBOX_PENDING_CHARS_MAX = 32 * MIB;
/** At three bytes a character all in flight fit a link's queue: more would close it, every time. */
export const OUTBOX_IN_FLIGHT_CHARS_MAX = 1 * MIB;

// The past.
/** What a device sees of a room it meets for the first time. */
export const FIRST_RECORDS = 50;
/** What a device is sent of a room after an absence; the history command has the rest. */
export const CATCH_UP_RECORDS_MAX = 500;
export const PAGE_BYTES_MAX = 256 * KIB;
export const PAGE_RECORDS_MAX = 1_000;
/** Records of each room that `chat verify` reads at a server: some seconds, and what is newest. */
export const VERIFIED_RECORDS_MAX = 10_000;
/**
 * History that one account reads in a day, in bytes of the log: ten times that of a million
 * messages. A client that reads the whole history again and again is stopped.
 */
export const HISTORY_BYTES_PER_DAY = 4 * 1024 * MIB;
/** A search text; longer needles are pasted by mistake. 16 letters of it choose what is parsed. */
export const GREP_BYTES_MAX = 1 * KIB;
/** Kinds of records that one search names: all that people read, and as many that are to come. */
export const KINDS_ASKED_MAX = 32;
/** Records that one order erases, and their edits: its line stays far below LINE_BYTES_MAX. */
export const ERASED_AT_ONCE_MAX = 500;
/** How long a room keeps what is said: below a minute nobody could read it, above is for good. */
export const RETENTION_MS_MIN = 60_000;
export const RETENTION_MS_MAX = 100 * 365 * 86_400_000;
/** How often what is too old is looked for: a word may stand so much longer. */
export const RETENTION_EVERY_MS = 60_000;
/** Requests that wait while a room's membership changes: one disk sync's worth of a busy room. */
export const LOCK_WAITING_MAX = 16_384;
/** One outbox a process run is the rule; a client that uses more at once loses only their order. */
export const OUTBOXES_HELD_MAX = 16;
/** Of one room at once to one device; beyond it the history command pages. */
export const CATCH_UP_BYTES_MAX = 8 * MIB;
/** Pages that the server reads from disk at once, and those that wait for their turn. */
export const PAGES_READ_MAX = 4;
/** Of those, for one account: a user who searches much leaves room for the others. */
export const PAGES_READ_PER_ACCOUNT_MAX = 2;
/** Each of these two then rests as many times as long as its page took, at most so long. */
export const PAGE_REST_TIMES = 3;
export const PAGE_REST_MS_MAX = 200;
export const PAGES_WAITING_MAX = 4_096;
/** Lines for a window or pipe that does not read; beyond it they are left out and counted. */
export const OUTPUT_QUEUE_BYTES_MAX = 4 * MIB;
/** Characters of one message that `chat serve` prints for people, and of all in a second. */
export const PRINTED_CHARS_MAX = 1_000;
/** 2,000 messages a second. The worst characters take 1.2 us each to wrap for a terminal. */
export const PRINTED_CHARS_PER_SECOND = 128 * KIB;

// Order in the house.
/** A list that one person can still look through; those that are over do not count. */
export const BANS_MAX = 10_000;
/** Invites that still admit a user: of one account, of one operator, and in all. */
export const INVITES_PER_ACCOUNT_MAX = 100;
export const INVITES_PER_OPERATOR_MAX = 2_000;
export const INVITES_MAX = 10_000;
/** Part of INVITES_MAX reserved for operators. */
export const INVITES_RESERVED = 1_000;
/** Made by one account, and by one operator: each is a record for good, revoked or not. */
export const INVITES_PER_HOUR_MAX = 100;
export const INVITES_PER_HOUR_OPERATOR_MAX = 2_000;
/** Bans or invites in one answer: 120 KB at their longest, and more rows than a window shows. */
export const HOUSE_PAGE_MAX = 200;
/** Newcomers that one invite of a member may admit; operators set their own bound, or none. */
export const INVITE_USES_MAX = 1_000;
/** Revoked and used invites that are remembered, so that a holder is told what became of it. */
export const INVITES_SPENT_MAX = 10_000;
/** Each edit is a record, and erasing names them all in one. */
export const EDITS_PER_RECORD_MAX = 100;

// UDP.
/** Some 100 ms of a fast transfer: what comes while the program is busy is kept, not lost. */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * MIB;
/** What one stream may have under way: 34 MB/s at 50 ms and 5 % loss; 1 MiB gave 5. */
export const UDP_STREAM_WINDOW_BYTES = 16 * MIB;
/** Of all streams of a connection: a file and the chat beside it. */
export const UDP_CONNECTION_WINDOW_BYTES = 24 * MIB;
/** Given to QUIC and not sent yet, for each stream: more would only make words wait for files. */
export const UDP_QUEUE_BYTES = 64 * KIB;
/** The link, LANES_PER_SESSION_MAX lanes, and some that are on their way out. */
export const UDP_STREAMS_MAX = 40;
/** Connections of which no link was made yet; beyond it the oldest goes: honest ones are quick. */
export const UDP_UNTAKEN_MAX = 1_024;
/**
 * Silence after which a connection is given up, in seconds as QUIC has it: long enough for a way
 * that is gone for 10 s, and soon enough for a server that was killed.
 */
export const UDP_IDLE_SECONDS = 20;
/** Keeps the ways through routers open; most forget a UDP flow after 30 s. */
export const UDP_KEEP_ALIVE_MS = 10_000;
/** A client asks after so much silence: a server that was killed says nothing over UDP. */
export const UDP_PING_EVERY_MS = 2_000;
/** … and comes back by another connection after this; a shorter gap costs nothing. */
export const UDP_SILENCE_MAX_MS = 4_000;
/** One way has not answered by then: the other is tried beside it, so that one is in within 3 s. */
export const OTHER_WAY_AFTER_MS = 1_500;
/** A way that has worked may refuse for so long: a server that starts again is back by then. */
export const OTHER_WAY_HELD_MS = 5_000;
/** A port that has not answered with one packet by then is taken for dead. */
export const UDP_ANSWER_WITHIN_MS = 3_000;

// LAN.
/** Fits every path of a local network in one piece: a piece that is lost would lose the whole. */
export const LAN_DATAGRAM_BYTES_MAX = 1_200;
/** What is left of it beside head, name, seal and signature. */
export const LAN_TEXT_BYTES_MAX = 960;
/** More than the longest answer: a request is at least as long as the answer of one peer. */
export const LAN_QUERY_BYTES = 256;
/** No UDP datagram over IPv4 can be larger; sending one fails. */
export const LAN_UDP_BYTES_MAX = 65_507;
/** How far datagrams may overtake each other and still be told from repeats. */
export const LAN_WINDOW = 64;
/** Clocks on a network agree better; a captured datagram is worth nothing after it. */
export const LAN_CLOCK_SKEW_MS = 120_000;
/** Sessions that are followed; one that is silent for LAN_FORGET_MS makes room. */
export const LAN_SENDERS_MAX = 256;
/** Of those, from one address: no host fills the room alone. */
export const LAN_SENDERS_PER_ADDRESS_MAX = 32;
/** Of those, of one key: the windows that one person has open. */
export const LAN_SESSIONS_PER_KEY_MAX = 8;
/** Names that are pinned to keys; one with a further name is shown as not verified. */
export const LAN_NAMES_MAX = 1_024;
/** Of one source (address and port), and what it may send at once: a paste, and its presence. */
export const LAN_PACKETS_PER_SECOND = 20;
export const LAN_PACKETS_BURST = 40;
/** Of one address: ten programs on one machine. */
export const LAN_ADDRESS_PACKETS_PER_SECOND = 200;
/** Sources and addresses whose pace is remembered; the one that was heard least lately goes. */
export const LAN_SOURCES_MAX = 256;
/** Signatures checked, of all senders: about a tenth of one core. */
export const LAN_CHECKS_PER_SECOND = 1_000;
/** Half of what the others take from one source; a longer paste is slowed down to it. */
export const LAN_TEXTS_PER_SECOND = 10;
export const LAN_TEXTS_BURST = 20;
export const LAN_ANNOUNCE_EVERY_MS = 30_000;
/** Three announces and some: then they are gone. */
export const LAN_SILENCE_MAX_MS = 95_000;
/** Twice the clock's bound: by then nothing that they ever sent can be taken again. */
export const LAN_FORGET_MS = 240_000;
/** One answer serves all who asked meanwhile. */
export const LAN_ANSWER_EVERY_MS = 1_000;
/** Over this time the answers to one question are spread. */
export const LAN_ANSWER_SPREAD_MS = 500;
/** Our own words come back within it, or multicast does not work here. */
export const LAN_ECHO_WITHIN_MS = 3_000;

// Discovery.
/** Servers on one network that a person still looks through; more are mostly forged. */
export const SERVERS_FOUND_MAX = 256;
/** Of one sender: a machine runs a few servers, a forger runs thousands. */
export const SERVERS_FOUND_PER_SENDER_MAX = 8;
/** Names that are looked at before one stops listening; the library keeps each of them. */
export const ANNOUNCEMENTS_READ_MAX = 1_024;
/** RFC 6762, section 17; a longer datagram is no multicast DNS. */
export const MDNS_DATAGRAM_BYTES_MAX = 9_000;
/** Questions and records of one datagram: an announcement has ten; answers cost their square. */
export const MDNS_ENTRIES_MAX = 64;
/** Questions of one datagram: each may be answered, to all hosts. */
export const MDNS_QUESTIONS_MAX = 8;
/** Datagrams a second that are read: a school full of printers says less. */
export const MDNS_DATAGRAMS_PER_SECOND = 200;
/** Answers a second: all hosts on the network receive each of them. */
export const MDNS_ANSWERS_PER_SECOND = 10;
/** Servers of one name that are numbered, and names that one start may go through. */
export const SAME_NAME_MAX = 64;
/** Long enough for the slowest answer (RFC 6762, section 6) and one that was lost. */
export const DISCOVER_MS = 2_000;

// The doctor.
/** Of each hop on the way to a server: what takes longer is what is wrong. */
export const CHECK_WITHIN_MS = 3_000;
/** Beyond it logs of two machines cannot be compared, and `chat lan` refuses packets. */
export const CLOCK_SKEW_MS_MAX = 120_000;
/** A day of a busy server; below it a person should act. */
export const FREE_BYTES_LOW = 256 * MIB;
/** Each confirmed message waits for one sync: people notice ten times this. */
export const SYNC_MS_SLOW = 50;

// Files.
/** One size, so that the same bytes have one digest; as fast as 1 MiB when measured. */
export const CHUNK_BYTES = 256 * KIB;
/** `f` and 64 bits in base64url. */
export const FILE_ID_LENGTH = 12;
/** Far above any disk; below 2^53, so that every offset is exact. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024 * MIB;
/** As sent; receivers cut names to what their own disk takes. */
export const FILE_NAME_BYTES_MAX = 1 * KIB;
/** What is said with a file: a paragraph or two. More is a message of its own. */
export const FILE_TEXT_BYTES_MAX = 4 * KIB;
/** A path inside a folder: what Linux takes at most. */
export const PATH_BYTES_MAX = 4 * KIB;
/** One record each when the file is whole. */
export const FILE_TARGETS_MAX = 64;
/** A source tree with its packages; the manifest of more would not fit memory twice. */
export const FOLDER_ENTRIES_MAX = 100_000;
export const MANIFEST_BYTES_MAX = 16 * MIB;
/** In flight at first: four chunks saturate a loopback. */
export const TRANSFER_WINDOW_FIRST_BYTES = 1 * MIB;
/** 100 ms at 1.3 Gbit/s; beyond it the other end closes the lane. */
export const TRANSFER_WINDOW_BYTES_MAX = 16 * MIB;
/** Chunks that wait for the server's disk, over all uploads. */
export const TRANSFERS_BYTES_MAX = 128 * MIB;
/** What may have to be sent again after a crash; syncing more often costs speed. */
export const TRANSFER_SYNC_BYTES = 16 * MIB;
/** Files that one session sends and fetches at once. */
export const LANES_PER_SESSION_MAX = 32;
export const LANES_PER_ACCOUNT_MAX = 64;
/** From the asking to the second connection. */
export const TICKET_MS = 30_000;
/** Uploads that are not continued for this long are given up. */
export const UPLOAD_KEEP_MS = 7 * 24 * 60 * 60_000;
/** A lane that says nothing this long gives way to another one that sends the same file. */
export const UPLOAD_SILENT_MS = 10_000;
/** Unfinished uploads of one account. */
export const UPLOADS_PER_ACCOUNT_MAX = 1_000;
/** The log must always find room on the disk that it shares with the files. */
export const FREE_BYTES_MIN = 256 * MIB;
/** Files of one server whose ids a device can complete: more than a list shows. */
export const SEEN_FILES_MAX = 500;
/** Names of one kind that a completion looks at: more than a person reads through. */
export const KNOWN_NAMES_MAX = 1_000;
/** Candidates that a shell gets: a screen of them. */
export const COMPLETIONS_MAX = 200;
/** Longer waiting is shown, and where. */
export const STALL_SHOWN_MS = 3_000;
/** Names that a folder could not keep here are said up to so many: enough to see of what kind. */
export const RENAMED_SHOWN_MAX = 10;
/** Ids that `get-file --follow` has taken beyond its place: far more than come at once. */
export const RECEIVED_FILES_MAX = 10_000;
/** Files that `get-file --follow` knows of and has not begun; it reads on when some are done. */
export const INCOMING_FILES_MAX = 1_000;
/** Files that are fetched at once: more only share the same line. */
export const INCOMING_AT_ONCE_MAX = 4;
/** Received and not synced, of one file; a disk that is asked too seldom is asked at 256 MiB. */
export const UNSYNCED_CHUNKS_MAX = 1_024;
/** How long `chat receive` waits for a share that is gone: a restart of a router, and some. */
export const RECEIVE_GIVES_UP_MS = 60_000;
/** Small files of a folder that are read or synced at once; more do not make a disk faster. */
export const FILES_AT_ONCE = 16;
/** `NAME (1)`, `NAME (2)`, …: more are hardly meant. */
export const SAME_NAMES_MAX = 1_000;
/** 32 MiB of what cannot be read again: as much as may wait for a sync, and a window full. */
export const STREAM_KEPT_CHUNKS_MAX = 128;
/** Memory of chunks that waits to be used again: a queue of a link, and what is read ahead. */
export const SPARE_BUFFERS_MAX = 16;
/** What the usual file systems take for one part of a path; Windows counts less strictly. */
export const PART_BYTES_MAX = 255;
/** A family with four skin tones needs 11; more is a tower of marks over its neighbours' lines. */
export const CLUSTER_CODE_POINTS_MAX = 16;
/** Of a page's title or a notification: more is cut by what shows it. */
export const NOTICE_CODE_POINTS_MAX = 120;
/** Each field at its longest is under 300 bytes; a device certificate is not parsed beyond. */
export const DEVICE_CERT_BYTES_MAX = 512;
/** A catch-up of a few rooms; a reader that stalls for longer lets the link go and resumes. */
export const EVENTS_BUFFERED_MAX = 8_192;
/** Records that a device has read and not yet written down: a busy room outruns a slow disk. */
export const SEEN_BUFFERED_MAX = 1_024;
