/** Limits of the UI, and of the server that delivers the page, each with its reason. */

const MIB = 1024 * 1024;

// The page and the server's console.
/** Connections in one answer: some 300 bytes each, far below a message. */
export const CLIENTS_PAGE_MAX = 500;
/** HOST:PORT in the console: an IPv6 address with its zone, or a usual name. */
export const ADDRESS_CHARS_MAX = 80;
/** Transfers in one answer; more are counted. */
export const TRANSFERS_LISTED_MAX = 500;
/** From the answer to `download` to the browser's first request, which follows immediately. */
export const DOWNLOAD_FIRST_MS = 60_000;
/** Concurrent HTTP downloads of one session: a browser uses six. */
export const CONCURRENT_HTTP_DOWNLOADS_MAX = 16;
/**
 * Concurrent downloads of folders as archives, per account and in total: each holds 4 bytes an
 * entry and the pieces in flight, 1 MB with 100,000 entries.
 */
export const ARCHIVES_PER_ACCOUNT_MAX = 4;
export const CONCURRENT_ARCHIVES_MAX = 32;
/** Queued bytes of a watching operator; beyond it events are omitted and counted. */
export const EVENTS_QUEUED_BYTES_MAX = 2 * MIB;
/** Announcement by operators: some lines, in a banner of each page. */
export const ANNOUNCEMENT_BYTES_MAX = 1_024;
/** Events stored for operators who connect later, and their maximum size. */
export const EVENTS_STORED_MAX = 1_000;
export const EVENTS_STORED_BYTES_MAX = 768 * 1024;
/** Earlier decisions in one answer: some 600 bytes each, 2 KiB at most; far below a message. */
export const DECISIONS_PAGE_MAX = 200;
/** Records of accounts searched for one answer: a tenth of a second. */
export const DECISIONS_SEARCHED_MAX = 20_000;
/** Accounts, rooms or files in one answer: some 500 bytes each, far below a message. */
export const LISTED_PAGE_MAX = 200;
/** Rooms, and message numbers, listed for one file; almost all have one. */
export const FILE_ROOMS_LISTED_MAX = 16;
/** Stored samples, one a second: an hour, in 300 kB. */
export const SAMPLES_STORED_MAX = 3_600;
/** Samples in one answer: at most 80 kB, far below a message. */
export const SAMPLES_PAGE_MAX = 900;
/** Interval of free space checks: files received in that time do not fill the disk. */
export const DISK_CHECK_INTERVAL_MS = 10_000;
/**
 * Operators are warned when this much is left above the space reserved for the log: some minutes of
 * fast uploads, in which to make room.
 */
export const DISK_LOW_BYTES = 1_024 * MIB;
/** The warning ends this far above its threshold, so that it does not flicker with each file. */
export const DISK_LOW_MARGIN_BYTES = 256 * MIB;
/** Long enough to walk from the terminal to the browser. */
export const OPERATOR_LINK_MS = 60 * 60_000;
/** Data of `chat web` pages in one home for one server: keys, names, and drafts of 64 KiB. */
export const LOCAL_PAGE_DATA_BYTES_MAX = 4 * MIB;
/** Links of a local page: a browser's tabs, each with its data channels. */
export const LOCAL_LINKS_MAX = 256;
/** Bytes that `chat web` holds between two links: a transfer's window, and as much again. */
export const RELAY_QUEUE_BYTES_MAX = 32 * MIB;
/** Concurrent downloads of the program by a class; each holds a chunk and an open file. */
export const PROGRAM_DOWNLOADS_MAX = 32;
/** Per address: a school behind one address; more downloads would share the same line. */
export const PROGRAM_DOWNLOADS_PER_ADDRESS_MAX = 8;
/** A client that reads nothing for this long is disconnected. */
export const PROGRAM_STALL_MS = 60_000;
/** Minimum interval of round-trip measurements. */
export const PROBE_INTERVAL_MS = 2_000;

// UIs.
/** Without an answer for this long the UI shows that it waits: most answers take 1 s. */
export const STALL_MS = 5_000;
/** The UI sends a ping after this silence, so that a dead link is detected within 15 s. */
export const STALL_PING_AFTER_MS = 10_000;
/** Items of one room in the page: a day's reading, 20 MB; beyond it the far end is dropped. */
export const PAGE_ROOM_ITEMS_MAX = 20_000;
/** Items of a room that is no longer open. */
export const CLOSED_ROOM_ITEMS_MAX = 500;
/** Remembered edits, reactions and erasures of one room; beyond it the room is reloaded. */
export const ROOM_CHANGES_MAX = 50_000;
/** Visible faults; more would hide the rest of the screen. */
export const VISIBLE_FAULTS_MAX = 8;
/** Results of one search; a user who needs more searches more narrowly. */
export const SEARCH_RESULTS_MAX = 2_000;
/** Records fetched by one scroll. */
export const SCROLL_PAGE_RECORDS = 100;
/** A picture fetched for display only: a photograph of a phone. */
export const PICTURE_FETCHED_BYTES_MAX = 2 * 1024 * 1024;
/** A side in pixels; the formats allow 65,535 and 2 ** 32. */
export const PICTURE_SIDE_MAX = 16_384;
/** Total pixels, each of which takes 4 bytes while decoded: above what cameras produce. */
export const PICTURE_PIXELS_MAX = 32_000_000;
/** Concurrent uploads of one page; more would share the same line, and are queued. */
export const CONCURRENT_PAGE_UPLOADS_MAX = 3;
/** Interrupted downloads are forgotten after the time that the server keeps a partial upload. */
export const DOWNLOAD_NOTE_KEEP_MS = 7 * 24 * 60 * 60_000;
/** Downloads of one page that survive a reload; each is a file that the user has chosen. */
export const PAGE_DOWNLOADS_STORED_MAX = 200;
/**
 * Bytes that a page collects in memory where it cannot write to a chosen file; phones end pages
 * that take much more. Larger files use the browser's own download.
 */
export const SAVED_BLOB_BYTES_MAX = 256 * MIB;
/** A browser may ask before it saves a file, and reads it from the page only after the answer. */
export const SAVED_BLOB_KEEP_MS = 2 * 60_000;
/** Uploads of one page that are listed and survive a reload. */
export const PAGE_UPLOADS_MAX = 200;
/** Unsent attachments that survive a reload: some pictures of a phone. Beyond it the page warns. */
export const ATTACHMENTS_STORED_BYTES_MAX = 64 * MIB;
/** A user who has not sent an attachment in a week does not want to. */
export const ATTACHMENTS_KEEP_MS = 7 * 24 * 60 * 60_000;
/** Maximum paste on a terminal: more than any message, so that the refusal can tell its size. */
export const PASTE_BYTES_MAX = 256 * 1024;

/** Push addresses: Apple has some 250 bytes, Google and Mozilla up to 300, Windows 600. */
export const PUSH_ENDPOINT_BYTES_MAX = 1024;
/** Per account: more browsers than people have. The oldest is dropped. */
export const PUSH_DEVICES_MAX = 10;
/** Over all accounts: half a kilobyte each, in memory and in one file. */
export const PUSH_SUBSCRIPTIONS_MAX = 5_000;
/** Size of that file, with addresses of maximum length. */
export const PUSH_FILE_BYTES_MAX = 8 * 1024 * 1024;
/** A device renews its subscription at each log-in; more would be a flood of writes. */
export const PUSH_SUBSCRIBES_BURST = 10;
export const PUSH_SUBSCRIBES_PER_MINUTE = 2;

/** Messages within this time share a push, and messages read elsewhere meanwhile are not pushed. */
export const PUSH_BATCH_MS = 5_000;
/** Interval per room and account: a user who ignored the first push does not want ten. */
export const PUSH_ROOM_INTERVAL_MS = 60_000;
/** Interval for sealed rooms: mentions are unknown here, so each message counts. */
export const PUSH_SEALED_INTERVAL_MS = 15 * 60_000;
/** Pushes of all rooms to one account. */
export const PUSH_ACCOUNT_BURST = 10;
export const PUSH_ACCOUNT_INTERVAL_MS = 30_000;
/**
 * The page notifies an online user. A sleeping phone counts as online until the link is found
 * silent, which takes less than this.
 */
export const PUSH_WATCH_MS = 3 * 60_000;
/**
 * An online user without any activity for this long is away: devices that are not logged in get a
 * push. Equal to the message's waiting time: activity after its arrival suppresses the push.
 */
export const PUSH_AWAY_MS = 3 * 60_000;
/** Interval of checks while a user is online. */
export const PUSH_CHECK_INTERVAL_MS = 5_000;
/** Unsent pushes older than this are dropped: the badge counts the messages when the page opens. */
export const PUSH_WAIT_MS_MAX = 60 * 60_000;
/** Older records are history that a server of a cluster is catching up on. */
export const PUSH_FRESH_MS = 10 * 60_000;
/** Characters searched for names if a message does not list its mentions. */
export const PUSH_SEARCHED_CHARS = 1_024;
/** Rooms of one account with a pending push; the oldest is dropped. */
export const PUSH_ROOMS_MAX = 32;

/** Pushes in flight; each is one connection to a push service. */
export const CONCURRENT_PUSHES_MAX = 8;
/** Concurrent pushes of one account, whose push services may not answer. */
export const PUSHES_PER_ACCOUNT_MAX = 2;
/** Pushes queued for sending or a retry. The oldest is dropped. */
export const PUSH_QUEUE_MAX = 1_000;
/** Only the head of an answer is read. */
export const PUSH_ANSWER_BYTES_MAX = 16 * 1024;
export const PUSH_TRIES_MAX = 4;
/** Doubles with each attempt. */
export const PUSH_RETRY_FIRST_MS = 5_000;
/** If a push service asks for a longer delay, the message is dropped. */
export const PUSH_RETRY_MS_MAX = 10 * 60_000;
/** Consecutive failures after which a subscription is removed. */
export const PUSH_FAILURES_MAX = 10;
/** How long a push service stores a push for an offline device: half a day. */
export const PUSH_TTL_S = 12 * 60 * 60;
