/** Limits shared by several files or used by tests. */

export const KIB = 1024;
const MIB = 1024 * KIB;

// The cost of a request on the event loop must never grow with the product of its length and the
// size of the stored data. Pages are read in steps of 64 KiB (at most 3 ms), worker threads search
// older data, and only operators' requests sort complete lists (100,000 entries in 0.2 s).

// Texts and names

/** UTF-8 bytes of a message, so that 1,000 queued copies of the longest one fit in memory. */
export const TEXT_BYTES_MAX = 64 * KIB;
export const TOPIC_BYTES_MAX = 512;
/** Open invitations of users to a room. Every server keeps them in memory. */
export const INVITED_PER_ROOM_MAX = 1_000;
/** Open invitations of one user. The server lists all of them at each log-in. */
export const INVITATIONS_PER_USER_MAX = 50;
/** Open invitations of one user by another, so that nobody can use up all of them. */
export const INVITATIONS_PER_INVITER_MAX = 5;
export const NAME_CHARS_MAX = 32;
export const DISPLAY_NAME_CHARS_MAX = 40;
export const EXTERNAL_ID_CHARS_MAX = 64;
/** Enough for EXTERNAL_ID_CHARS_MAX characters of three bytes. */
export const EXTERNAL_ID_BYTES_MAX = 192;
/** Enough for DISPLAY_NAME_CHARS_MAX letters of four bytes, the longest of any alphabet. */
export const DISPLAY_NAME_BYTES_MAX = 160;
/** Limited, because each change stays in the accounts log and goes to every client. */
export const DISPLAY_NAME_CHANGES_PER_DAY = 10;
export const DISPLAY_NAMES_ASKED_MAX = 500;
export const SERVER_NAME_BYTES_MAX = 128;
export const WELCOME_BYTES_MAX = 4 * KIB;
export const PASSWORD_BYTES_MAX = 1 * KIB;
/** Unicode code points (NIST SP 800-63B, section 5.1.1). */
export const PASSWORD_CHARS_MIN = 8;
export const REACTION_BYTES_MAX = 64;
/** An emoji on the tile of a room; a family with skin tones takes 41. */
export const ROOM_MARK_BYTES_MAX = 64;
/** Colours of the palette that both themes have for rooms. */
export const ROOM_CHALKS = 12;
export const MENTIONS_MAX = 64;
export const IMPORTED_NAME_BYTES_MAX = 256;

// Texts of faults and their translations

export const FAULT_TEXT_BYTES_MAX = 4 * KIB;
export const TEMPLATE_BYTES_MAX = 512;
export const TEMPLATE_VALUES_MAX = 8;
export const TEMPLATE_VALUE_BYTES_MAX = 256;

// Messages on a link

/**
 * A file chunk (256 KiB) fits with its header, and so does the longest text if JSON escapes every
 * character as six bytes.
 */
export const MESSAGE_BYTES_MAX = 1 * MIB + 4 * KIB;
/**
 * The longest legitimate message is a small file that is sent with a log-in. With TLS and the
 * log-in it fits almost into the first flight of a TCP connection.
 */
export const MESSAGE_BEFORE_LOGIN_BYTES_MAX = 16 * KIB;
/** The schemas use four levels. The other levels are for future fields. */
export const NESTING_MAX = 8;
/** The longest legitimate list is a page of history. */
export const ENTRIES_MAX = 4096;

// Recent messages, presence and typing in memory

export const RECENT_ROOM_BYTES_MAX = 256 * KIB;
/** Newest records of all rooms in memory: about 300 busy rooms. */
export const RECENT_BYTES_MAX = 16 * MIB;
export const PRESENCE_INTERVAL_MS = 100;
export const PRESENCE_ACCOUNTS_MAX = 500;
/** In larger rooms presence is of little use, and its cost grows quadratically. */
export const PRESENCE_MEMBERS_MAX = 500;
export const TYPING_INTERVAL_MS = 1_000;
export const TYPING_MS = 8_000;
/** A UI displays three or more names as "several". */
export const TYPING_NAMED_MAX = 4;
/** In larger rooms someone is always typing. */
export const TYPING_MEMBERS_MAX = 200;

// Rooms: pins, polls, hands, requests to join

export const PINS_MAX = 50;
/** `/status`: a few words beside a name. */
export const STATUS_BYTES_MAX = 100;
/** Each message is searched for all keywords of its reader. */
export const KEYWORDS_MAX = 32;
export const KEYWORD_BYTES_MAX = 64;
/** The keys 1 to 9 and 0 choose an option. */
export const POLL_OPTIONS_MAX = 10;
/** Each server keeps the open polls of a room in memory. */
export const POLLS_OPEN_MAX = 20;
/** Open polls of one member in a room, so that others can start polls, too. */
export const POLLS_OPEN_PER_MEMBER_MAX = 5;
/** The same of a moderator, who leaves others the number of one member. */
export const POLLS_OPEN_PER_MODERATOR_MAX = POLLS_OPEN_MAX - POLLS_OPEN_PER_MEMBER_MAX;
/**
 * Time from a call on a member until a message of theirs is the answer. One that was on its way
 * when the moderator called is none.
 */
export const ANSWER_AFTER_MS = 2_000;
/** Raised hands in a room. A moderator takes them one by one, and each `room` notice lists all. */
export const HANDS_MAX = 100;
/** Longest time on the timer of a room's wall. */
export const WALL_TIMER_MS_MAX = 24 * 60 * 60_000;
/** People in a round on a room's wall, who speak one after the other. */
export const WALL_ROUND_MAX = 30;
/** Open requests to join a room, for the same reasons as HANDS_MAX. */
export const KNOCKS_MAX = 100;
/** Maximum for an account, in all rooms together. A request and its withdrawal are two records. */
export const KNOCKS_PER_HOUR_MAX = 30;
/** Accounts whose requests to join a room were declined. The server forgets the oldest. */
export const DECLINED_MAX = 1_000;
export const SLOW_SECONDS_MAX = 21_600;
/** In larger rooms, only moderators may mention everyone, unless a rule says otherwise. */
export const EVERYONE_MEMBERS_MAX = 10;
/** Rooms that new accounts enter automatically. Each costs a record for every new account. */
export const NEWCOMERS_ROOMS_MAX = 16;
export const READERS_NAMED_MAX = 100;
export const RECORDS_PER_MESSAGE_MAX = 1_000;

// The log, its checkpoints and proofs

/** A text of 65,536 control characters takes 393,216 bytes of JSON; the rest is for fields. */
export const LINE_BYTES_MAX = 1 * MIB;
/** A longer queue is a fault, because it means that the disk is too slow. */
export const APPEND_QUEUE_BYTES_MAX = 64 * MIB;
/** Readers receive a batch in one tick, so it must fit in their send queues. */
export const BATCH_BYTES_MAX = 512 * KIB;
/** A worker thread writes larger batches. */
export const BATCH_SYNC_BYTES_MAX = 256 * KIB;
/**
 * The server deletes the reserve file when the disk is full, so that it can still erase messages
 * and stop cleanly.
 */
export const RESERVE_BYTES = 1 * MIB;
/** A checkpoint takes 90 bytes; each signature takes 130. */
export const NOTE_BYTES_MAX = 2 * KIB;
/** Sufficient for 10^12 records: the initial hash and 40 levels. */
export const PROOF_HASHES_MAX = 41;
export const CHECKPOINT_INTERVAL_MS = 1_000;
/** Checkpoint records allow verification of a copy of the log that lacks its checkpoint file. */
export const CHECKPOINT_INTERVAL_RECORDS = 1_000;
/** An answer with this many proofs takes about 90 KB. */
export const PROOFS_PER_REQUEST_MAX = 64;

// Links: queues, connections before the log-in, rates

/** A reader that exceeds the limit is disconnected and resumes by `seq`. */
export const SEND_QUEUE_BYTES_MAX = 8 * MIB;
export const SEND_QUEUE_LOW_BYTES = 1 * MIB;
/** Sum of the queues of an account's sessions and data channels: eight that read nothing. */
export const SEND_QUEUES_PER_ACCOUNT_BYTES_MAX = 8 * SEND_QUEUE_BYTES_MAX;
/** Sum of all queues: eight accounts that read nothing. */
export const SEND_QUEUES_BYTES_MAX = 8 * SEND_QUEUES_PER_ACCOUNT_BYTES_MAX;
/** With 10,000 links, a check takes about 1 ms. */
export const SEND_QUEUES_CHECK_MS = 250;
/**
 * Above this number of unsent bytes, an IRC connection reads no lines and runs no commands, so that
 * a client cannot fill the memory with answers.
 */
export const LINES_QUEUE_LOW_BYTES = 64 * KIB;
/**
 * Work of IRC commands per account, and per address before the log-in. A unit is about 5 µs: an
 * entry that is examined, or 64 bytes of replies. A row of WHO takes two or three units.
 */
export const IRC_UNITS_PER_SECOND = 20_000;
/** Three clients that each ask for the members of 60 rooms with 300 members take 140,000. */
export const IRC_UNITS_BURST = 150_000;
/** Rate at which an account may spend its burst: a quarter of the event loop. */
export const IRC_PACE_UNITS_PER_SECOND = 50_000;
/** A log-in with a few small rooms is answered without a pause. */
export const IRC_PACE_UNITS_BURST = 1_000;
/** A class behind one NAT may log in at the same moment. */
export const LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX = 64;
/**
 * A link that has sent no request for this long may be closed to admit another from its address.
 */
export const IDLE_BEFORE_LOGIN_MS = 3_000;
/** Requests held until a log-in is answered. */
export const EARLY_REQUESTS_MAX = 8;
/** Bytes of a link's early requests: 32 MiB in total at LINKS_BEFORE_LOGIN_MAX. */
export const EARLY_REQUESTS_BYTES_MAX = 32 * KIB;
/** Share of all links that one address may have: a site behind one NAT, and never all. */
export const LINKS_PER_ADDRESS_SHARE = 3 / 4;
/** Each reason for refused links is reported this often. */
export const LINK_REFUSALS_REPORTED_INTERVAL_MS = 60_000;
/**
 * Bun's WebSocket may buffer MESSAGE_BYTES_MAX for each connection, because Bun 1.4.4 has no
 * separate limit before log-in.
 */
export const LINKS_BEFORE_LOGIN_MAX = 1_024;
/** With TLS, each socket takes 5.5 KiB: 110 MiB in total. */
export const LINKS_MAX = 20_000;
export const DESCRIPTORS_RESERVED = 32;
/**
 * Connections that have not sent a request. Loopback is exempt. A class behind one NAT connects at
 * the same moment, and each browser opens a second connection in advance.
 */
export const HALF_OPEN_PER_ADDRESS_MAX = 128;
export const HALF_OPEN_WHEN_SHORT_MAX = 4;
/** Connecting with TLS takes three round trips. */
export const FIRST_REQUEST_TIMEOUT_MS = 10_000;
export const HALF_OPEN_CHECK_INTERVAL_MS = 1_000;
export const HALF_OPEN_CHECK_SHORT_INTERVAL_MS = 100;
/** Reserved for loopback, so that the operator can connect to a full server. */
export const LINKS_RESERVED = 16;
export const REQUESTS_IN_FLIGHT_MAX = 1024;
/** Sufficient for a full transfer window with headers, or for REQUESTS_IN_FLIGHT_MAX requests. */
export const RECEIVE_QUEUE_PER_LINK_BYTES_MAX = 18 * MIB;
/** Sum of TRANSFERS_BYTES_MAX and 32 MiB for other messages. */
export const RECEIVE_QUEUES_BYTES_MAX = 160 * MIB;
/** A legitimate log-in takes fewer than ten messages. */
export const MESSAGES_BEFORE_LOGIN_MAX = 64;
/**
 * Rate of messages that change nothing. During a long paste, a client resends OUTBOX_IN_FLIGHT_MAX
 * posts about ten times a second until the server accepts them.
 */
export const IDLE_MESSAGES_PER_SECOND = 3_000;
export const IDLE_MESSAGES_BURST = 8_192;
/** A normal client sends one WebSocket ping every 20 s. */
export const CONTROL_FRAMES_PER_SECOND = 1;
export const CONTROL_FRAMES_BURST = 64;
/** Exceeds the size of the longest texts at POSTS_PER_SECOND. File chunks do not count. */
export const RECEIVED_BYTES_PER_SECOND = 32 * MIB;
export const RECEIVED_BYTES_BURST = 32 * MIB;
/** A full transfer window may still arrive on a closing connection. */
export const BYTES_AFTER_CLOSE_MIN = 1 * MIB;
export const BYTES_AFTER_CLOSE_MAX = 17 * MIB;
export const MESSAGES_AFTER_CLOSE_MAX = 128;
export const MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX = 64 * KIB;
/**
 * Body of a POST of an HTTP link before log-in: `hello`, a log-in and EARLY_REQUESTS_MAX requests
 * with their lengths.
 */
export const HTTP_POST_BEFORE_LOGIN_BYTES_MAX =
  2 * MESSAGE_BEFORE_LOGIN_BYTES_MAX + EARLY_REQUESTS_BYTES_MAX + 4 * (2 + EARLY_REQUESTS_MAX);
/** More than RECEIVE_QUEUE_PER_LINK_BYTES_MAX holds. Reading so many empty frames takes 1 ms. */
export const HTTP_POST_FRAMES_MAX = 4_096;
/** A page load takes 40 requests, and 1,200 people of one address may load it in a minute. */
export const HTTP_REQUESTS_PER_SECOND = 1_000;
export const HTTP_REQUESTS_BURST = 5_000;
/** Requests of one HTTP link after its log-in. */
export const HTTP_LINK_REQUESTS_PER_SECOND = 200;
export const HTTP_LINK_REQUESTS_BURST = 1_000;
/** Browsers do not pipeline HTTP requests. */
export const HTTP_REQUESTS_PIPELINED_MAX = 4;
export const HTTP_REQUESTS_PER_TURN_MAX = 64;
export const FLOOD_REFUSED_MS = 10_000;
export const FLOODERS_MAX = 10_000;
/** Fast enough for a program that pages through history. */
export const REQUESTS_PER_SECOND = 200;
/** Does not slow a client that sends REQUESTS_IN_FLIGHT_MAX requests together. */
export const REQUESTS_BURST = 2_048;

// Timeouts of links

export const HELLO_TIMEOUT_MS = 10_000;
export const LOGIN_TIMEOUT_MS = 120_000;
/** A page of history may take this long on a slow link. Guesses of secrets wait for their delay. */
export const ANSWER_TIMEOUT_MS = 60_000;
export const PING_INTERVAL_MS = 20_000;
/** Two ping intervals and a margin for a slow network. */
export const IDLE_TIMEOUT_MS = 45_000;
export const CONNECT_TIMEOUT_MS = 10_000;
export const RECONNECT_FIRST_MS = 250;
export const RECONNECT_MAX_MS = 60_000;
/** Shorter than RECONNECT_MAX_MS, because a user with unsent messages may be waiting. */
export const RECONNECT_PENDING_MAX_MS = 15_000;
export const DRAIN_TIMEOUT_MS = 5_000;

// Accounts, devices and codes that link them

export const CLASS_LIST_BYTES_MAX = 8 * MIB;
export const ACCOUNTS_MAX = 100_000;
export const ACCOUNTS_RESERVED = 1_000;
/** Enough for a large school behind one NAT. */
export const ACCOUNTS_PER_ADDRESS_HOUR_MAX = 1_500;
export const ACCOUNTS_PER_INVITER_HOUR_MAX = 1_000;
export const DEVICES_PER_ACCOUNT_MAX = 32;
/** Suffices for each client program of a user, and the list fits on one screen. */
export const IRC_PASSWORDS_PER_ACCOUNT_MAX = 16;
export const INVITE_ADDRESSES_MAX = 16;
/** Validity of a code of `chat link-device`: time to walk to the other machine and type it. */
export const LINK_CODE_MS = 10 * 60_000;
/** Exceeds LINKS_MAX, and a link offers one code, so a free number always exists. */
export const CODE_NUMBER_MAX = 99_999;
export const CODES_PER_ACCOUNT_MAX = 8;
/** Further codes of an address get numbers above this, so that short ones are left for others. */
export const CODE_SHORT_NUMBER_MAX = 999;
/** A class behind one address links its devices at the same time. */
export const CODES_SHORT_PER_ADDRESS_MAX = 64;
/** Exchanges in progress for a code. An exchange takes two round trips. */
export const CODE_EXCHANGES_MAX = 16;
/** Suffices for an invite with encryption. */
export const CODE_MESSAGE_BYTES_MAX = 1_024;
/** Former server keys. A client that has missed more changes must verify the key with the owner. */
export const PREDECESSORS_MAX = 8;

/** Certificates of a proxy that the server proves besides its own. */
export const PROXY_CERTIFICATES_MAX = 3;
export const DEVICE_LABEL_BYTES_MAX = 64;
/** A crash loses at most this interval, and device notes change only once a day. */
export const DEVICE_NOTES_SAVE_INTERVAL_MS = 10_000;

// Sessions, rooms, groups and preferences

export const SESSIONS_PER_ACCOUNT_MAX = 64;
export const ROOMS_MAX = 10_000;
export const ROOMS_RESERVED = 500;
export const ROOMS_PER_ACCOUNT_MAX = 1_000;
export const ROOMS_PER_HOUR_MAX = 100;
/**
 * Joins, departures and new groups that are recorded together. One takes about 1 ms, or more if the
 * account has many devices, and posts of others wait for those before them.
 */
export const JOINS_TOGETHER_MAX = 8;
/**
 * Rooms and groups that an account began, that were used, and that were removed: 2.5 MB. Some bytes
 * of each stay, because its messages can still be erased.
 */
export const REMOVED_ROOMS_MAX = 10_000;
/** Joins of rooms that the account had left, per account and hour. */
export const REJOINS_PER_HOUR_MAX = 60;
/** Reasons of departures per account and hour. More departures have none. */
export const LEAVE_REASONS_PER_HOUR_MAX = 20;
/** Former names of accounts or rooms that still resolve. */
export const FORMER_NAMES_MAX = 10_000;
/** Newest former names of a room or person that clients receive, so that old links work. */
export const FORMER_NAMES_SENT_MAX = 16;
export const ROOM_MEMBERS_MAX = 20_000;
/** A group's title names its members, and each message notifies all of them. */
export const GROUP_MEMBERS_MAX = 32;
/** Groups that still have members, by all accounts. Memory takes a few KiB for each. */
export const GROUPS_MAX = 20_000;
/**
 * Part of GROUPS_MAX for accounts with fewer than GROUPS_FEW groups, so that a few accounts cannot
 * take all.
 */
export const GROUPS_RESERVED = 5_000;
export const GROUPS_FEW = 10;
/** Groups of the same people, including ended ones, whose ids stay reserved. */
export const GROUPS_OF_PEOPLE_MAX = 1_000;
/** Groups that an account has begun and that still have members. */
export const GROUPS_PER_ACCOUNT_MAX = 250;
/** Servers of a cluster that add people at the same time may exceed GROUP_MEMBERS_MAX. */
export const GROUP_NAMES_MAX = 64;
/** Each room costs a subscription and a catch-up at log-in. */
export const JOINED_ROOMS_MAX = 1_000;
/** Boxes of an assignment room. Moderators are in all of them. */
export const BOXES_PER_ROOM_MAX = 1_000;
export const IGNORED_MAX = 256;
export const PREFS_ROOMS_MAX = 512;
/** Each device receives the list of saved messages, which takes 40 bytes per message. */
export const SAVED_MAX = 500;
/** Threads that an account follows or has unfollowed. A new one replaces the oldest. */
export const FOLLOWS_MAX = 100;
export const PREFS_RECORDS_MAX = 256;
export const PREFS_PER_SECOND = 2;
export const PREFS_BURST = 120;
/** Each position takes about 30 bytes of `marks.json`. */
export const READ_POSITIONS_MAX = 200_000;
/** Answers to work that a box remembers. An older one does not count again after erasures. */
export const BOX_ANSWERS_MAX = 100;
/** Each counted message takes 24 bytes. Users do not need a larger number. */
export const UNREAD_COUNTED_MAX = 10_000;
export const READ_POSITIONS_BYTES_MAX = 16 * MIB;
export const READ_POSITIONS_SAVE_INTERVAL_MS = 500;
export const READ_NOTICE_INTERVAL_MS = 1_000;
/** Unread calls of all accounts. Each takes at most 64 bytes, and 25 of `calls.json`. */
export const CALLS_MAX = 200_000;
/** Unread calls of an account in a room, and those of all its members. */
export const CALLS_PER_ACCOUNT_MAX = 1_000;
export const CALLS_BYTES_MAX = 16 * MIB;
/** Read calls beyond the read positions of an account, of which the newest are kept; of all. */
export const READ_CALLS_PER_ACCOUNT_MAX = 500;
export const READ_CALLS_MAX = 100_000;
/** Records that a start searches for calls that `calls.json` does not have. */
export const CALLS_REPLAYED_MAX = 20_000;
/** Mentions and keywords beyond this part of a text call nobody. */
export const CALLS_SEARCHED_CHARS = 1_024;
/** Calls of a room that its members learn of, the newest ones. */
export const CALLS_LISTED_MAX = 100;
/** Rooms of an answer to `inbox`, and of those the ones whose last message it contains. */
export const INBOX_ROOMS_MAX = 256;
export const INBOX_LAST_MAX = 50;
/** Messages of each kind, authors and moderators in an answer to `unread`. */
export const UNREAD_LISTED_MAX = 500;
export const UNREAD_AUTHORS_MAX = 50;
export const UNREAD_MODERATORS_MAX = 8;

// Secrets: resets, guesses and password checks

export const RESET_MS = 24 * 60 * 60_000;
/** A longer-lived code would be a second password. */
export const RESET_MS_MAX = 7 * 24 * 60 * 60_000;

export const WRONG_SECRETS_MAX = 3;
/** Wrong guesses that the server answers without delay. */
export const GUESSES_FREE = 3;
export const GUESS_DELAY_FIRST_MS = 1_000;
export const GUESS_DELAY_MAX_MS = 20_000;
/**
 * Above this number, correct secrets from the address are delayed too. Below it, one pupil's typing
 * errors do not delay a class behind one NAT.
 */
export const GUESSES_DELAYED_PER_ADDRESS_MAX = 8;
export const GUESS_FORGET_MS = 10 * 60_000;
export const GUESS_KEYS_MAX = 10_000;
/**
 * A class that mistypes the server's password stays below the limit; a thousand guessing machines
 * exceed it.
 */
export const SHARED_GUESSES_PER_MINUTE = 100;
/** Each argon2id check takes 17 to 70 ms and 19 MiB. */
export const PASSWORD_CHECKS_MAX = 2;
/** As many as LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX; the last one waits for about three seconds. */
export const PASSWORD_CHECKS_QUEUED_MAX = 64;
/** Addresses of members, whose checks do not wait behind those of strangers. About 1 MB. */
export const KNOWN_ADDRESSES_MAX = 10_000;

// Posts: rates, outboxes and posts over HTTP

/** Faster than anyone reads, but slow enough not to delay other accounts. */
export const POSTS_PER_SECOND = 500;
export const POSTS_BURST = 2_500;
/**
 * Longer posts count as several: texts by their size in the log, where a control character takes
 * six bytes, and ciphertexts, commits and key packages by theirs. This allows 4 MB per second.
 */
export const POST_BYTES = 8 * KIB;
/**
 * A text with more lines counts as several posts, because each line is a message to every IRC
 * reader.
 */
export const POST_LINES = 64;
/** Bytes of a message, for all IRC readers together, that count as one more post of its author. */
export const IRC_BYTES_PER_POST = 16 * KIB;
export const POST_RATES_MAX = 20_000;
/** The server remembers the same number of posts, to recognise repetitions. */
export const OUTBOX_IN_FLIGHT_MAX = 256;
export const OUTBOXES_PER_ACCOUNT_MAX = 64;
export const OUTBOX_FORGET_MS = 30 * 24 * 60 * 60_000;
/**
 * A day shorter than OUTBOX_FORGET_MS, after which the server would accept a repetition as a new
 * post.
 */
export const OUTBOX_KEEP_MS = 29 * 24 * 60 * 60_000;
/** Posts that wait for an admin of their encrypted room. Later ones are refused. */
export const OUTBOX_HELD_MAX = 256;
export const OUTBOX_PENDING_MAX = 10_000;
export const HTTP_POSTS_PER_SECOND = 10;
/** An automated build may send this many messages together. */
export const HTTP_POSTS_BURST = 60;
/** Several hundred grouped alerts fit, although most of their JSON is not text. */
export const WEBHOOK_BYTES_MAX = 512 * KIB;
/** Each program that reads a room over HTTP costs a socket and sometimes a page of history. */
export const READERS_PER_TOKEN_MAX = 4;
export const READERS_PER_ADDRESS_MAX = 32;
export const READERS_PER_ACCOUNT_MAX = 64;
export const READERS_MAX = 256;
export const READ_WAIT_SECONDS_MAX = 120;
export const READ_STALL_MS = 30_000;
export const READ_PAGE_RECORDS_MAX = 100;
export const READ_PAGE_BYTES_MAX = 256 * KIB;
export const READ_RECORDS_DEFAULT = 50;
export const HTTP_POST_KEY_BYTES_MAX = 128;

/** UTF-16 code units. Long texts would fill the memory before OUTBOX_PENDING_MAX posts. */
export const OUTBOX_PENDING_CHARS_MAX = 32 * MIB;
/** UTF-16 code units. At three bytes each, these posts fit in a link's send queue. */
export const OUTBOX_IN_FLIGHT_CHARS_MAX = 1 * MIB;

// History: pages, searches, erasure

/** Records of each room that a device receives at its first log-in. */
export const FIRST_RECORDS = 50;
export const CATCH_UP_RECORDS_MAX = 500;
export const PAGE_BYTES_MAX = 256 * KIB;
export const PAGE_RECORDS_MAX = 1_000;
/** With the longest names of files, a page of this many people fits in a message. */
export const HANDED_USERS_MAX = 200;
/** Files of a person whose names are listed with the work. */
export const HANDED_NAMES_MAX = 3;
export const VERIFIED_RECORDS_MAX = 10_000;
/** Far more than anyone writes or pastes, and a year of it fits on a small disk. */
export const TEXTS_BYTES_PER_DAY = 64 * MIB;
/** Ten times the size of a million messages. Stops clients that repeatedly read everything. */
export const HISTORY_BYTES_PER_DAY = 4 * 1024 * MIB;
export const GREP_BYTES_MAX = 1 * KIB;
/** Words of one search. Each costs a pass over the texts that are searched. */
export const SEARCHED_WORDS_MAX = 32;
export const SEARCHED_KINDS_MAX = 32;
/** Keeps the log line of an erasure order far below LINE_BYTES_MAX. */
export const ERASED_PER_ORDER_MAX = 500;
export const RETENTION_MS_MIN = 60_000;
export const RETENTION_MS_MAX = 100 * 365 * 86_400_000;
/** Maximum delay before an expired message is erased. */
export const RETENTION_CHECK_INTERVAL_MS = 60_000;
/**
 * Commands of one account that wait for a room's lock. Each account has a queue of its own, so that
 * a full one concerns nobody else. As many as the posts that a client has in flight.
 */
export const ROOM_COMMANDS_QUEUED_MAX = 256;
/** If a session has more outboxes, the server may store their posts out of order. */
export const OUTBOXES_HELD_MAX = 16;
export const CATCH_UP_BYTES_MAX = 8 * MIB;
export const CONCURRENT_PAGE_READS_MAX = 4;
/** Leaves capacity for others while a user searches a lot. */
export const PAGE_READS_PER_ACCOUNT_MAX = 2;
/** After each read, an account's reads pause for this multiple of the read's duration. */
export const PAGE_PAUSE_FACTOR = 3;
export const PAGE_PAUSE_MS_MAX = 200;
export const PAGE_READS_QUEUED_MAX = 4_096;
export const OUTPUT_QUEUE_BYTES_MAX = 4 * MIB;
export const PRINTED_CHARS_MAX = 1_000;
/** About 2,000 messages per second. Wrapping for a terminal takes up to 1.2 µs per character. */
export const PRINTED_CHARS_PER_SECOND = 128 * KIB;

// Moderation and invites

/** A list that one person can still review. Expired bans do not count. */
export const BANS_MAX = 10_000;
export const INVITES_PER_ACCOUNT_MAX = 100;
export const INVITES_PER_OPERATOR_MAX = 2_000;
export const INVITES_MAX = 10_000;
export const INVITES_RESERVED = 1_000;
/** Each invite is a permanent record. */
export const INVITES_PER_HOUR_MAX = 100;
export const INVITES_PER_HOUR_OPERATOR_MAX = 2_000;
export const MODERATION_PAGE_MAX = 200;
export const INVITE_USES_MAX = 1_000;
/** Used or revoked invites, remembered to report the reason to their holders. */
export const INVITES_SPENT_MAX = 10_000;
/** Each edit is a record, and the erasure of a message lists all of its edits. */
export const EDITS_PER_RECORD_MAX = 100;

// UDP, QUIC and the choice of a transport

/** Data of a fast transfer in 100 ms, so that no datagram is lost while the program is busy. */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * MIB;
/** At a round trip of 50 ms and 5 % loss, 16 MiB allows 34 MB/s; 1 MiB allows 5 MB/s. */
export const UDP_STREAM_WINDOW_BYTES = 16 * MIB;
/** A longer QUIC queue would delay messages behind files. */
export const UDP_QUEUE_BYTES = 64 * KIB;
/** The link, DATA_CHANNELS_PER_SESSION_MAX data channels, and a few closing ones. */
export const UDP_STREAMS_MAX = 40;
export const UDP_HALF_OPEN_MAX = 1_024;
/**
 * Receive window of a UDP connection. Frames of one byte behind gaps make QUIC store this much
 * after 33 kB of datagrams, and the program cannot measure it. Bun 1.4.4 cannot enlarge a window
 * after the log-in, so this one also applies before it.
 */
export const UDP_CONNECTION_WINDOW_BYTES = 24 * MIB;
/**
 * Memory behind gaps of all connections over UDP. Only an attack with 26 accounts uses all of it.
 * With less, a school whose network blocks TCP could not connect.
 */
const UDP_GAP_BYTES_MAX = 6 * 1_024 * MIB;
export const UDP_CONNECTIONS_MAX = Math.floor(UDP_GAP_BYTES_MAX / UDP_CONNECTION_WINDOW_BYTES);
/** 768 MiB behind gaps; WebSocket links before a log-in may hold as much. */
export const UDP_BEFORE_LOGIN_MAX = 32;
/** Connections that members leave free for log-ins. */
const UDP_BEFORE_LOGIN_MIN = 10;
/** Sessions and data channels that have connections of their own. */
export const UDP_MEMBER_CONNECTIONS_MAX = UDP_CONNECTIONS_MAX - UDP_BEFORE_LOGIN_MIN;
/** Other devices of the account connect over TCP. */
export const UDP_SESSIONS_PER_ACCOUNT_MAX = 5;
/** Data channels with a UDP connection of their own, such as those of `chat web`. */
export const UDP_SEPARATE_CHANNELS_PER_ACCOUNT_MAX = 5;
/** Each handshake costs 1 to 2 ms of CPU. */
export const UDP_HANDSHAKES_PER_TURN_MAX = 32;
/** Longer than a network failure of 10 s, and short enough to detect a killed server. */
export const QUIC_IDLE_TIMEOUT_SECONDS = 20;
/** Needed because a killed server sends nothing over UDP. */
export const UDP_PING_INTERVAL_MS = 2_000;
export const UDP_IDLE_TIMEOUT_MS = 4_000;
/** With this delay, connecting through the other transport takes less than 3 s in total. */
export const TRANSPORT_FALLBACK_DELAY_MS = 1_500;
/** A restarting server refuses connections for some seconds. */
export const TRANSPORT_REFUSAL_GRACE_MS = 5_000;
/**
 * A link that is lost earlier may never have carried data, so the other transport is tried. Longer
 * than IDLE_TIMEOUT_MS.
 */
export const TRANSPORT_PROBATION_MS = 60_000;
export const UDP_ANSWER_TIMEOUT_MS = 3_000;

// `chat lan`

/**
 * Local networks do not fragment datagrams of this size; losing one fragment would lose the
 * datagram.
 */
export const LAN_DATAGRAM_BYTES_MAX = 1_200;
/** Space that remains after header, name, seal and signature. */
export const LAN_TEXT_BYTES_MAX = 960;
/** Longer than the longest answer, so that a forged query cannot be used for amplification. */
export const LAN_QUERY_BYTES = 256;
/** Datagrams of a session, counted back from the newest. Older ones count as repetitions. */
export const LAN_WINDOW = 64;
/** Limits the time within which a captured datagram can be replayed. */
export const LAN_CLOCK_SKEW_MS = 120_000;
/** Sessions that are present at the same time. */
export const LAN_SENDERS_MAX = 256;
/** Prevents one host from filling the table of senders. */
export const LAN_SENDERS_PER_ADDRESS_MAX = 32;
export const LAN_SESSIONS_PER_KEY_MAX = 8;
/** Sessions that left, which are remembered against replays for LAN_FORGET_MS. */
export const LAN_LEFT_MAX = 4_096;
export const LAN_LEFT_PER_ADDRESS_MAX = 1_024;
/** Allows two sessions per second, such as those of a script. */
export const LAN_LEFT_PER_KEY_MAX = 512;
/** A hidden user is reported again after this time. */
export const LAN_HIDDEN_INTERVAL_MS = 60_000;
/** Hidden users reported per interval. */
export const LAN_HIDDEN_REPORTED_MAX = 8;
export const LAN_NAMES_MAX = 1_024;
export const LAN_PACKETS_PER_SECOND = 20;
export const LAN_PACKETS_BURST = 40;
/** Allows ten programs on one machine. */
export const LAN_ADDRESS_PACKETS_PER_SECOND = 200;
export const LAN_SOURCES_MAX = 256;
export const LAN_CHECKS_PER_SECOND = 1_000;
/** Half of the rate that receivers accept from one source. */
export const LAN_TEXTS_PER_SECOND = 10;
export const LAN_TEXTS_BURST = 20;
export const LAN_ANNOUNCE_INTERVAL_MS = 30_000;
/** Three announcement intervals and a margin. */
export const LAN_PEER_TIMEOUT_MS = 95_000;
/** Twice LAN_CLOCK_SKEW_MS, after which a session's datagrams can no longer be replayed. */
export const LAN_FORGET_MS = 240_000;
export const LAN_ANSWER_INTERVAL_MS = 1_000;
/** Random delay that prevents peers from answering a query simultaneously. */
export const LAN_ANSWER_SPREAD_MS = 500;
/** If its own datagrams do not arrive, the program reports that multicast is broken. */
export const LAN_ECHO_TIMEOUT_MS = 3_000;

// Discovery over multicast DNS

/** As many as a user can review. Further servers are probably forged. */
export const SERVERS_FOUND_MAX = 256;
/** Thirty pupils may share at once on a terminal server; a forger announces thousands. */
export const SERVERS_FOUND_PER_ADDRESS_MAX = 64;
/** A reflector between networks is the sender of all servers of the other networks. */
export const SERVERS_FOUND_PER_SENDER_MAX = 128;
/** Services whose records may arrive in several responses. The oldest are forgotten. */
export const SERVICES_READ_MAX = 1_024;
/** RFC 6762, section 17. */
export const MDNS_DATAGRAM_BYTES_MAX = 9_000;
/** The query of a reflector lists up to 90 answers that it knows. */
export const MDNS_ENTRIES_MAX = 256;
/** Each question may cause an answer to all hosts. */
export const MDNS_QUESTIONS_MAX = 8;
/** Datagrams about chat from one sender, which may be the reflector of a whole school. */
export const MDNS_DATAGRAMS_PER_SECOND = 200;
/** Datagrams about chat from all senders, because senders can be forged. */
export const MDNS_DATAGRAMS_TOTAL_PER_SECOND = 1_000;
/** Answers to one sender. Every host on the network receives each answer. */
export const MDNS_ANSWERS_PER_SECOND = 10;
export const MDNS_ANSWERS_TOTAL_PER_SECOND = 50;
export const MDNS_SENDERS_MAX = 1_024;
/** Servers that announce the same name. Each appends a number to it. */
export const SAME_NAME_MAX = 64;
/** Time for the slowest answer (RFC 6762, section 6) and for one repetition after a loss. */
export const DISCOVER_MS = 2_000;

// `chat doctor`

/** Maximum duration of each check. */
export const CHECK_TIMEOUT_MS = 3_000;
/**
 * Above this difference, `chat lan` refuses packets, and the logs of two machines cannot be
 * compared.
 */
export const CLOCK_SKEW_MS_MAX = 120_000;
/** `chat doctor` warns below this. A busy server uses as much in a day. */
export const FREE_BYTES_LOW = 256 * MIB;
/** `chat doctor` warns above this. Each message waits for one sync. */
export const SYNC_MS_SLOW = 50;

// Files and transfers

/** Fixed, because a file's digest depends on the chunk size. Chunks of 1 MiB were not faster. */
export const CHUNK_BYTES = 256 * KIB;
export const FILE_ID_LENGTH = 12;
/** Parts of a voice message whose loudness its sender states. */
export const PEAKS_MAX = 64;
/**
 * Content of a file that is sent or fetched in one request on the main link, where later messages
 * wait for it.
 */
export const SMALL_FILE_BYTES_MAX = 64 * KIB;
/** Larger than any disk, and below 2^53 so that every offset is exact. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024 * MIB;
export const FILE_NAME_BYTES_MAX = 1 * KIB;
/** A record that lists as many files with the longest names has less than 64 KiB. */
export const FILES_PER_POST_MAX = 32;
/** Files of a message, without the small ones, whose requests are sent together. */
export const FILES_UPLOADED_TOGETHER_MAX = 8;
/** Messages of one client whose files are not complete. */
export const WAITING_MESSAGES_MAX = 100;
/** PATH_MAX on Linux. */
export const PATH_BYTES_MAX = 4 * KIB;
/** Rooms and people to which one request sends a file. */
export const FILE_TARGETS_MAX = 64;
/** A source tree with its packages fits; a larger manifest would take too much memory. */
export const FOLDER_ENTRIES_MAX = 100_000;
export const MANIFEST_BYTES_MAX = 16 * MIB;
/** Four chunks saturate a loopback link. */
export const TRANSFER_WINDOW_FIRST_BYTES = 1 * MIB;
/** Bandwidth-delay product at 1.3 Gbit/s and 100 ms. */
export const TRANSFER_WINDOW_BYTES_MAX = 16 * MIB;
export const TRANSFERS_BYTES_MAX = 128 * MIB;
/** Bytes that a client sends again after a crash. More frequent syncs would reduce the speed. */
export const TRANSFER_SYNC_BYTES = 16 * MIB;
export const DATA_CHANNELS_PER_SESSION_MAX = 32;
export const DATA_CHANNELS_PER_ACCOUNT_MAX = 64;
/** Queued content of an account's downloads: one chunk for each of its data channels. */
export const DOWNLOAD_QUEUES_PER_ACCOUNT_BYTES = DATA_CHANNELS_PER_ACCOUNT_MAX * CHUNK_BYTES;
/** Queued content of all downloads, unless there are so many that one chunk each is more. */
export const DOWNLOAD_QUEUES_BYTES = 256 * MIB;
/** Validity of a ticket, which admits a data channel to its session. */
export const TICKET_MS = 30_000;
export const UPLOAD_KEEP_MS = 7 * 24 * 60 * 60_000;
/** Time in which the sender of a stream, which cannot start again, may reconnect and continue. */
export const STREAM_KEEP_MS = 60 * 60_000;
export const UPLOAD_IDLE_TIMEOUT_MS = 10_000;
/**
 * Files that are created, completed or removed at the same time. The same disk threads write the
 * log, so posts would wait for more of them.
 */
export const UPLOADS_TOGETHER_MAX = 2;
export const UPLOADS_PER_ACCOUNT_MAX = 1_000;
/** A page of entries with the longest names and the most targets fits into one message. */
export const UPLOADS_PAGE_MAX = 64;
/** Unread parts of earlier messages that are handed over to one person, in all. */
export const HANDOVERS_PER_USER_MAX = 1_024;
/** The same of one sender, who sends one part of each room to each device at a time. */
export const HANDOVERS_PER_SENDER_MAX = 128;
/** Below this, only operators can post. */
export const FREE_BYTES_MIN = 256 * MIB;
/** Files leave more of the disk than messages do, so that they cannot end everyone's messages. */
export const FILES_FREE_FACTOR = 1.5;
export const KNOWN_FILES_MAX = 500;
export const KNOWN_NAMES_MAX = 1_000;
export const COMPLETIONS_MAX = 200;
/** A command that waits longer prints on a terminal what it is waiting for. */
export const SILENCE_MS_MAX = 1_000;
export const STALL_REPORTED_AFTER_MS = 3_000;
export const RENAMED_LISTED_MAX = 10;
export const RECEIVED_FILES_MAX = 10_000;
export const INCOMING_FILES_MAX = 1_000;
/** More downloads would only share the same network line. */
export const CONCURRENT_DOWNLOADS_MAX = 4;
export const UNSYNCED_CHUNKS_MAX = 1_024;
/** Longer than a router takes to restart. */
export const RECEIVE_TIMEOUT_MS = 60_000;
/** Parallel reads or syncs beyond this number would not be faster. */
export const CONCURRENT_FILES_MAX = 16;
/** Numbered names, such as `photo (2).jpg`, to try for one file. */
export const SAME_NAMES_MAX = 1_000;
/** Sufficient for the unsynced bytes and a full window of a source that cannot be read again. */
export const STREAM_RETAINED_CHUNKS_MAX = 128;
export const SPARE_BUFFERS_MAX = 16;
/** Maximum on common file systems. */
export const PATH_SEGMENT_BYTES_MAX = 255;
/** A family emoji with four skin tones takes 11. More combining marks would overlap other lines. */
export const CLUSTER_CODE_POINTS_MAX = 16;
export const NOTICE_CODE_POINTS_MAX = 120;
/** A certificate with maximum-length fields takes less than 300 bytes. */
export const DEVICE_CERT_BYTES_MAX = 512;
/**
 * Sufficient to catch up on a few rooms. If the reader is slower, the client closes the link and
 * resumes later.
 */
export const EVENTS_BUFFERED_MAX = 8_192;
/** Limits the memory for records that arrive faster than a slow disk stores them. */
export const UNSTORED_RECORDS_MAX = 1_024;

/** Pause after which a client repeats a request that the busy server refused. */
export const BUSY_RETRY_MS = 1_000;
