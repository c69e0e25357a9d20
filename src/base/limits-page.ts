/** Limits of the user interfaces and of the server that delivers the page, each with its reason. */

const MIB = 1024 * 1024;

// Page and server console.
/**
 * Maximum number of connections in one answer. A connection takes about 300 bytes, so an answer
 * stays far below the maximum message size.
 */
export const CLIENTS_PAGE_MAX = 500;
/**
 * Maximum length of HOST:PORT in the console. An IPv6 address with its zone fits, as do most host
 * names.
 */
export const ADDRESS_CHARS_MAX = 80;
/**
 * Maximum number of transfers in one answer, which also contains the number of omitted transfers.
 */
export const TRANSFERS_LISTED_MAX = 500;
/** Lifetime of a download address until the first request, which browsers send immediately. */
export const DOWNLOAD_FIRST_MS = 60_000;
/** Maximum number of concurrent HTTP downloads of one session. A browser uses six. */
export const CONCURRENT_HTTP_DOWNLOADS_MAX = 16;
/**
 * Maximum number of folders downloaded as archives concurrently, per account and in total. Each
 * archive needs 4 bytes of memory per entry and a buffer: 1 MB for 100,000 entries.
 */
export const ARCHIVES_PER_ACCOUNT_MAX = 4;
export const CONCURRENT_ARCHIVES_MAX = 32;
/**
 * Maximum bytes queued for an operator who watches the console. Further events are omitted and
 * counted.
 */
export const EVENTS_QUEUED_BYTES_MAX = 2 * MIB;
/** Maximum size of an operator's announcement, shown as a banner of a few lines on each page. */
export const ANNOUNCEMENT_BYTES_MAX = 1_024;
/** Maximum number and maximum total size of stored events, which operators can read later. */
export const EVENTS_STORED_MAX = 1_000;
export const EVENTS_STORED_BYTES_MAX = 768 * 1024;
/**
 * Maximum number of decisions in one answer. A decision takes about 600 bytes and at most 2 KiB, so
 * an answer stays far below the maximum message size.
 */
export const DECISIONS_PAGE_MAX = 200;
/** Maximum number of records of the accounts log searched for one answer, in about 0.1 s. */
export const DECISIONS_SEARCHED_MAX = 20_000;
/**
 * Maximum number of accounts, rooms or files in one answer. An entry takes about 500 bytes, so an
 * answer stays far below the maximum message size.
 */
export const LISTED_PAGE_MAX = 200;
/**
 * Maximum number of rooms, with message numbers, listed for one file. Almost all files are in one
 * room.
 */
export const FILE_ROOMS_LISTED_MAX = 16;
/** Maximum number of stored samples: an hour at one sample per second, in 300 kB. */
export const SAMPLES_STORED_MAX = 3_600;
/** Maximum number of samples in one answer, which takes at most 80 kB. */
export const SAMPLES_PAGE_MAX = 900;
/** Interval between checks of the free space, too short for uploads to fill the disk unnoticed. */
export const DISK_CHECK_INTERVAL_MS = 10_000;
/**
 * Minimum free space above the space reserved for the log. With less, the server warns operators,
 * who have some minutes of fast uploads left to free up space.
 */
export const DISK_LOW_BYTES = 1_024 * MIB;
/**
 * Minimum free space above DISK_LOW_BYTES at which the warning ends. Without this margin, the
 * warning would reappear with each file.
 */
export const DISK_LOW_MARGIN_BYTES = 256 * MIB;
/** Lifetime of an operator link: time to walk from the terminal to the browser. */
export const OPERATOR_LINK_MS = 60 * 60_000;
/** Maximum bytes that `chat web` stores per home and server: keys, names, and drafts of 64 KiB. */
export const LOCAL_PAGE_DATA_BYTES_MAX = 4 * MIB;
/** Maximum number of links of a local page: several browser tabs, each with its data channels. */
export const LOCAL_LINKS_MAX = 256;
/** Maximum bytes that `chat web` buffers between two links: twice a transfer's window. */
export const RELAY_QUEUE_BYTES_MAX = 32 * MIB;
/**
 * Maximum number of concurrent downloads of the program, for example by a class. Each download
 * needs a chunk of memory and an open file.
 */
export const PROGRAM_DOWNLOADS_MAX = 32;
/**
 * Maximum number of concurrent downloads of the program per address. A school behind one NAT shares
 * one network line, so more downloads would not be faster.
 */
export const PROGRAM_DOWNLOADS_PER_ADDRESS_MAX = 8;
/** Time after which a client that reads nothing is disconnected. */
export const PROGRAM_STALL_MS = 60_000;
/** Minimum interval between round-trip measurements. */
export const PROBE_INTERVAL_MS = 2_000;

// User interfaces.
/**
 * Time without an answer after which the UI indicates that it is waiting. Most answers take up to 1
 * s.
 */
export const STALL_MS = 5_000;
/**
 * Time without a message after which the UI sends a ping, so that it detects a dead link within 15
 * s.
 */
export const STALL_PING_AFTER_MS = 10_000;
/**
 * Maximum number of items of one room in the page: a day's reading, in 20 MB. Beyond it, the items
 * farthest from the visible ones are dropped.
 */
export const PAGE_ROOM_ITEMS_MAX = 20_000;
/** Maximum number of items kept for a room that is no longer open. */
export const CLOSED_ROOM_ITEMS_MAX = 500;
/**
 * Maximum number of edits, reactions and erasures remembered for one room. Beyond it, the page
 * reloads the room.
 */
export const ROOM_CHANGES_MAX = 50_000;
/** Maximum number of visible faults. More would hide too much of the screen. */
export const VISIBLE_FAULTS_MAX = 8;
/** Maximum number of results of one search. A user who needs more can narrow the search. */
export const SEARCH_RESULTS_MAX = 2_000;
export const SCROLL_PAGE_RECORDS = 100;
/** Maximum size of a picture that is fetched only for display. A phone photograph fits. */
export const PICTURE_FETCHED_BYTES_MAX = 2 * 1024 * 1024;
/** Maximum width and height of a picture in pixels. The formats allow 65,535 or 2 ** 32. */
export const PICTURE_SIDE_MAX = 16_384;
/**
 * Maximum number of pixels of a picture: more than cameras produce. Decoding takes 4 bytes per
 * pixel.
 */
export const PICTURE_PIXELS_MAX = 32_000_000;
/**
 * Maximum number of concurrent uploads of one page. Further uploads are queued, because they would
 * share the same network line.
 */
export const CONCURRENT_PAGE_UPLOADS_MAX = 3;
/**
 * Time after which an interrupted download is forgotten. The server keeps partial uploads as long.
 */
export const DOWNLOAD_NOTE_KEEP_MS = 7 * 24 * 60 * 60_000;
/**
 * Maximum number of downloads of one page that survive a reload. The user started each download by
 * hand.
 */
export const PAGE_DOWNLOADS_STORED_MAX = 200;
/**
 * Maximum bytes that a page collects in memory if it cannot write to a file. Phones kill pages that
 * use much more. Larger files use the browser's own download.
 */
export const SAVED_BLOB_BYTES_MAX = 256 * MIB;
/**
 * Time for which the page keeps a saved blob. The browser may ask the user before it saves a file,
 * and reads the blob only after the answer.
 */
export const SAVED_BLOB_KEEP_MS = 2 * 60_000;
/** Maximum number of uploads of one page that are listed and survive a reload. */
export const PAGE_UPLOADS_MAX = 200;
/**
 * Maximum bytes of unsent attachments that survive a reload: some phone photographs. Beyond it, the
 * page warns the user.
 */
export const ATTACHMENTS_STORED_BYTES_MAX = 64 * MIB;
/**
 * Time after which unsent attachments are deleted, because the user has probably abandoned them.
 */
export const ATTACHMENTS_KEEP_MS = 7 * 24 * 60 * 60_000;
/**
 * Maximum size of a paste in a terminal. Larger than any message, so that the refusal can report
 * the message's size.
 */
export const PASTE_BYTES_MAX = 256 * 1024;

/**
 * Maximum size of a push address. Apple uses 250 bytes, Google and Mozilla up to 300, Windows 600.
 */
export const PUSH_ENDPOINT_BYTES_MAX = 1024;
/**
 * Maximum number of one account's push subscriptions: more than most people have browsers. Beyond
 * it, the oldest subscription is dropped.
 */
export const PUSH_DEVICES_MAX = 10;
/**
 * Maximum number of push subscriptions of all accounts. Each subscription takes half a kilobyte in
 * memory and on disk.
 */
export const PUSH_SUBSCRIPTIONS_MAX = 5_000;
/**
 * Maximum size of the subscriptions file, which has room for PUSH_SUBSCRIPTIONS_MAX addresses of
 * maximum length.
 */
export const PUSH_FILE_BYTES_MAX = 8 * 1024 * 1024;
/**
 * Maximum rate of subscriptions. A device renews its subscription at each log-in, which writes a
 * file.
 */
export const PUSH_SUBSCRIBES_BURST = 10;
export const PUSH_SUBSCRIBES_PER_MINUTE = 2;

/**
 * Time within which messages share a push. Messages that the user reads within this time are not
 * pushed.
 */
export const PUSH_BATCH_MS = 5_000;
/**
 * Minimum interval between pushes for one room and account. A user who ignored the first push does
 * not want ten.
 */
export const PUSH_ROOM_INTERVAL_MS = 60_000;
/**
 * Minimum interval between pushes for a sealed room. The interval is longer than for other rooms,
 * because the server cannot see mentions in a sealed room and every message causes a push.
 */
export const PUSH_SEALED_INTERVAL_MS = 15 * 60_000;
/** Maximum burst of pushes to one account, over all rooms. */
export const PUSH_ACCOUNT_BURST = 10;
export const PUSH_ACCOUNT_INTERVAL_MS = 30_000;
/**
 * Time for which an online user gets no push, because the page shows notifications. A sleeping
 * phone counts as online until its idle link is closed, which takes less than this time.
 */
export const PUSH_WATCH_MS = 3 * 60_000;
/**
 * Time without activity after which an online user counts as away and devices that are not logged
 * in get a push. Equal to the time that a message waits, so that activity after the message's
 * arrival suppresses the push.
 */
export const PUSH_AWAY_MS = 3 * 60_000;
/** Interval between checks while a user is online. */
export const PUSH_CHECK_INTERVAL_MS = 5_000;
/**
 * Maximum age of an unsent push. An older push is dropped; the badge counts its messages when the
 * page opens.
 */
export const PUSH_WAIT_MS_MAX = 60 * 60_000;
/**
 * Maximum age of a record that is pushed. A server of a cluster that catches up receives older
 * records.
 */
export const PUSH_FRESH_MS = 10 * 60_000;
/** Maximum number of characters searched for names if a message does not list its mentions. */
export const PUSH_SEARCHED_CHARS = 1_024;
/**
 * Maximum number of one account's rooms with a pending push. Beyond it, the oldest push is dropped.
 */
export const PUSH_ROOMS_MAX = 32;

/** Maximum number of pushes in flight. Each push uses one connection to a push service. */
export const CONCURRENT_PUSHES_MAX = 8;
/** Maximum number of one account's pushes in flight, because its push services may never answer. */
export const PUSHES_PER_ACCOUNT_MAX = 2;
/** Maximum number of pushes queued for sending or for a retry. Beyond it, the oldest is dropped. */
export const PUSH_QUEUE_MAX = 1_000;
/** Maximum bytes read of a push service's answer. */
export const PUSH_ANSWER_BYTES_MAX = 16 * 1024;
export const PUSH_TRIES_MAX = 4;
/** Delay before the first retry. The delay doubles with each attempt. */
export const PUSH_RETRY_FIRST_MS = 5_000;
/**
 * Maximum delay that a push service may request. If it requests a longer delay, the push is
 * dropped.
 */
export const PUSH_RETRY_MS_MAX = 10 * 60_000;
/** Number of consecutive failures after which a subscription is removed. */
export const PUSH_FAILURES_MAX = 10;
/** Time in seconds for which a push service stores a push for an offline device: half a day. */
export const PUSH_TTL_S = 12 * 60 * 60;
