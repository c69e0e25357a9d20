/** Limits of the user interfaces and of the server that delivers the page, each with its reason. */

const MIB = 1024 * 1024;

// Page and server console.
/** Maximum connections in one answer. Each takes about 300 bytes, far below the message limit. */
export const CLIENTS_PAGE_MAX = 500;
/**
 * Characters of HOST:PORT in the console. An IPv6 address with its zone fits, as do usual names.
 */
export const ADDRESS_CHARS_MAX = 80;
/** Maximum transfers in one answer. The answer counts further ones. */
export const TRANSFERS_LISTED_MAX = 500;
/** Lifetime of a download address until the first request, which browsers send immediately. */
export const DOWNLOAD_FIRST_MS = 60_000;
/** Maximum concurrent HTTP downloads of one session. A browser uses six. */
export const CONCURRENT_HTTP_DOWNLOADS_MAX = 16;
/**
 * Maximum concurrent downloads of folders as archives, per account and in total. Each holds 4 bytes
 * per entry and the pieces in flight: 1 MB for 100,000 entries.
 */
export const ARCHIVES_PER_ACCOUNT_MAX = 4;
export const CONCURRENT_ARCHIVES_MAX = 32;
/** Maximum bytes queued for a watching operator. Further events are omitted and counted. */
export const EVENTS_QUEUED_BYTES_MAX = 2 * MIB;
/** Size of an operators' announcement: some lines in a banner of each page. */
export const ANNOUNCEMENT_BYTES_MAX = 1_024;
/** Number and total size of stored events, which operators can read when they connect later. */
export const EVENTS_STORED_MAX = 1_000;
export const EVENTS_STORED_BYTES_MAX = 768 * 1024;
/**
 * Decisions in one answer. Each takes about 600 bytes, at most 2 KiB: far below the message limit.
 */
export const DECISIONS_PAGE_MAX = 200;
/** Maximum records of the accounts log searched for one answer, in about 0.1 s. */
export const DECISIONS_SEARCHED_MAX = 20_000;
/**
 * Accounts, rooms or files in one answer. Each takes about 500 bytes: far below the message limit.
 */
export const LISTED_PAGE_MAX = 200;
/** Rooms and message numbers listed for one file. Almost all files have one. */
export const FILE_ROOMS_LISTED_MAX = 16;
/** Stored samples: an hour at one per second, in 300 kB. */
export const SAMPLES_STORED_MAX = 3_600;
/** Samples in one answer: at most 80 kB, far below the message limit. */
export const SAMPLES_PAGE_MAX = 900;
/** Interval of free space checks, too short for received files to fill the disk unnoticed. */
export const DISK_CHECK_INTERVAL_MS = 10_000;
/**
 * Operators are warned when less than this is free above the space reserved for the log. Leaves
 * some minutes of fast uploads in which to free up space.
 */
export const DISK_LOW_BYTES = 1_024 * MIB;
/** The warning ends this far above its threshold, so that it does not flicker with each file. */
export const DISK_LOW_MARGIN_BYTES = 256 * MIB;
/** Lifetime of an operator link: time to walk from the terminal to the browser. */
export const OPERATOR_LINK_MS = 60 * 60_000;
/** Maximum data that `chat web` stores per home and server: keys, names, and drafts of 64 KiB. */
export const LOCAL_PAGE_DATA_BYTES_MAX = 4 * MIB;
/** Maximum links of a local page: tabs of a browser, each with its data channels. */
export const LOCAL_LINKS_MAX = 256;
/** Bytes that `chat web` buffers between two links: twice a transfer's window. */
export const RELAY_QUEUE_BYTES_MAX = 32 * MIB;
/** Concurrent downloads of the program by a class. Each holds a chunk and an open file. */
export const PROGRAM_DOWNLOADS_MAX = 32;
/** Maximum per address: a school behind one NAT. Further downloads would share the same line. */
export const PROGRAM_DOWNLOADS_PER_ADDRESS_MAX = 8;
/** A client that reads nothing for this long is disconnected. */
export const PROGRAM_STALL_MS = 60_000;
/** Minimum interval of round-trip measurements. */
export const PROBE_INTERVAL_MS = 2_000;

// User interfaces.
/**
 * The UI indicates that it is waiting after this long without an answer. Most answers take up to 1
 * s.
 */
export const STALL_MS = 5_000;
/** The UI sends a ping after this much silence, so that a dead link is detected within 15 s. */
export const STALL_PING_AFTER_MS = 10_000;
/** Items of one room in the page: a day's reading in 20 MB. Items at the far end are dropped. */
export const PAGE_ROOM_ITEMS_MAX = 20_000;
/** Retained items of a room that is no longer open. */
export const CLOSED_ROOM_ITEMS_MAX = 500;
/**
 * Remembered edits, reactions and erasures of one room. The room is reloaded when there are more.
 */
export const ROOM_CHANGES_MAX = 50_000;
/** Maximum visible faults. More would hide the rest of the screen. */
export const VISIBLE_FAULTS_MAX = 8;
/** Maximum results of one search. A user who needs more can narrow the search. */
export const SEARCH_RESULTS_MAX = 2_000;
export const SCROLL_PAGE_RECORDS = 100;
/** Maximum size of a picture fetched only for display: a phone photograph. */
export const PICTURE_FETCHED_BYTES_MAX = 2 * 1024 * 1024;
/** Maximum side in pixels. The formats allow 65,535 or 2 ** 32. */
export const PICTURE_SIDE_MAX = 16_384;
/** Maximum total pixels: more than cameras produce. Decoding takes 4 bytes per pixel. */
export const PICTURE_PIXELS_MAX = 32_000_000;
/**
 * Concurrent uploads of one page. Further ones are queued, because they would share the same line.
 */
export const CONCURRENT_PAGE_UPLOADS_MAX = 3;
/** Interrupted downloads are forgotten after as long as the server keeps a partial upload. */
export const DOWNLOAD_NOTE_KEEP_MS = 7 * 24 * 60 * 60_000;
/** Downloads of one page that survive a reload. A user has chosen each of them. */
export const PAGE_DOWNLOADS_STORED_MAX = 200;
/**
 * Bytes that a page collects in memory when it cannot write to a chosen file. Phones kill pages
 * that use much more. Larger files use the browser's own download.
 */
export const SAVED_BLOB_BYTES_MAX = 256 * MIB;
/** The browser may prompt before it saves a file, and reads the blob only after the answer. */
export const SAVED_BLOB_KEEP_MS = 2 * 60_000;
/** Uploads of one page that are listed and survive a reload. */
export const PAGE_UPLOADS_MAX = 200;
/** Unsent attachments that survive a reload: some phone photographs. Above this the page warns. */
export const ATTACHMENTS_STORED_BYTES_MAX = 64 * MIB;
/** Unsent attachments are deleted after this long: the user has probably abandoned them. */
export const ATTACHMENTS_KEEP_MS = 7 * 24 * 60 * 60_000;
/**
 * Maximum paste on a terminal. Larger than any message, so that the refusal can report its size.
 */
export const PASTE_BYTES_MAX = 256 * 1024;

/** Size of a push address: Apple uses 250 bytes, Google and Mozilla up to 300, Windows 600. */
export const PUSH_ENDPOINT_BYTES_MAX = 1024;
/** Subscriptions of one account: more browsers than people have. The oldest is dropped. */
export const PUSH_DEVICES_MAX = 10;
/** Subscriptions of all accounts, half a kilobyte each in memory and on disk. */
export const PUSH_SUBSCRIPTIONS_MAX = 5_000;
/** Maximum size of the subscriptions file: PUSH_SUBSCRIPTIONS_MAX addresses of maximum length. */
export const PUSH_FILE_BYTES_MAX = 8 * 1024 * 1024;
/** Rate of subscriptions. A device renews its subscription at each log-in, which writes a file. */
export const PUSH_SUBSCRIBES_BURST = 10;
export const PUSH_SUBSCRIBES_PER_MINUTE = 2;

/** Messages within this period share a push. Messages read meanwhile are not pushed. */
export const PUSH_BATCH_MS = 5_000;
/** Interval per room and account. A user who ignored the first push does not want ten. */
export const PUSH_ROOM_INTERVAL_MS = 60_000;
/**
 * Interval for sealed rooms. Each message counts, because the server does not know its mentions.
 */
export const PUSH_SEALED_INTERVAL_MS = 15 * 60_000;
/** Burst of pushes to one account, over all rooms. */
export const PUSH_ACCOUNT_BURST = 10;
export const PUSH_ACCOUNT_INTERVAL_MS = 30_000;
/**
 * The page notifies an online user. A sleeping phone counts as online until its idle link is
 * closed, which takes less than this.
 */
export const PUSH_WATCH_MS = 3 * 60_000;
/**
 * An online user without activity for this long is away: devices that are not logged in get a push.
 * Equal to the time that a message waits, so activity after its arrival suppresses the push.
 */
export const PUSH_AWAY_MS = 3 * 60_000;
/** Interval of checks while a user is online. */
export const PUSH_CHECK_INTERVAL_MS = 5_000;
/** Unsent pushes older than this are dropped. The badge counts the messages when the page opens. */
export const PUSH_WAIT_MS_MAX = 60 * 60_000;
/** Records older than this are not pushed: a server of a cluster is catching up. */
export const PUSH_FRESH_MS = 10 * 60_000;
/** Characters searched for names when a message does not list its mentions. */
export const PUSH_SEARCHED_CHARS = 1_024;
/** Rooms of one account with a pending push. The oldest is dropped. */
export const PUSH_ROOMS_MAX = 32;

/** Pushes in flight. Each is one connection to a push service. */
export const CONCURRENT_PUSHES_MAX = 8;
/** Concurrent pushes of one account, because its push services may not answer. */
export const PUSHES_PER_ACCOUNT_MAX = 2;
/** Pushes queued for sending or a retry. The oldest is dropped. */
export const PUSH_QUEUE_MAX = 1_000;
/** Bytes of a push service's answer that are read. */
export const PUSH_ANSWER_BYTES_MAX = 16 * 1024;
export const PUSH_TRIES_MAX = 4;
/** Delay of the first retry. Doubles with each attempt. */
export const PUSH_RETRY_FIRST_MS = 5_000;
/** Maximum delay that a push service may request. The push is dropped if the delay is longer. */
export const PUSH_RETRY_MS_MAX = 10 * 60_000;
/** Consecutive failures after which a subscription is removed. */
export const PUSH_FAILURES_MAX = 10;
/** Time for which a push service stores a push for an offline device: half a day. */
export const PUSH_TTL_S = 12 * 60 * 60;
