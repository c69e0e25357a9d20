/** Limits for the user interfaces and for delivery of the page. */

const MIB = 1024 * 1024;

export const CLIENTS_PAGE_MAX = 500;
export const ADDRESS_CHARS_MAX = 80;
export const TRANSFERS_LISTED_MAX = 500;
export const DOWNLOAD_FIRST_MS = 60_000;
export const CONCURRENT_HTTP_DOWNLOADS_MAX = 16;
export const ARCHIVES_PER_ACCOUNT_MAX = 4;
export const CONCURRENT_ARCHIVES_MAX = 32;
/**
 * Memory of the server for downloads whose clients do not read: 512 large files, or three archives
 * with 100,000 entries that are collected work.
 */
export const DOWNLOADS_MEMORY_MAX = 256 * MIB;
export const DOWNLOADS_MEMORY_PER_ACCOUNT_MAX = 64 * MIB;
/** Memory of one download: a chunk being read, and one that the client has not accepted yet. */
export const DOWNLOAD_MEMORY_BYTES = 512 * 1024;
/**
 * Memory of each entry of collected work: its source and its line in the list. Downloads of a
 * stored folder share one list, so each entry takes 4 bytes.
 */
export const COLLECTED_ENTRY_BYTES = 512;
/** Ends the download of a client that reads less than 2 kB/s. */
export const DOWNLOAD_STALL_MS = 120_000;
/** Building the list takes more memory than the finished list. */
export const COLLECTIONS_BUILT_MAX = 2;
/** Texts of one download of collected work. Each takes about 100 bytes. */
export const COLLECTED_TEXTS_MAX = 50_000;
export const EVENTS_QUEUED_BYTES_MAX = 2 * MIB;
export const ANNOUNCEMENT_BYTES_MAX = 1_024;
export const EVENTS_STORED_MAX = 1_000;
export const EVENTS_STORED_BYTES_MAX = 768 * 1024;
export const DECISIONS_PAGE_MAX = 200;
/** A search of this many records takes about 0.1 s. */
export const DECISIONS_SEARCHED_MAX = 20_000;
export const LISTED_PAGE_MAX = 200;
/** Memberships in one page of accounts or rooms: about 500 KB or 150 KB. */
export const MEMBERSHIPS_LISTED_MAX = 3_000;
export const FORMER_NAMES_LISTED_MAX = 1_000;
export const FILE_ROOMS_LISTED_MAX = 16;
export const SAMPLES_STORED_MAX = 3_600;
export const SAMPLES_PAGE_MAX = 900;
export const DISK_CHECK_INTERVAL_MS = 10_000;
/**
 * Free space below which the server warns operators. It leaves them some minutes to free up more,
 * even during fast uploads.
 */
export const DISK_LOW_BYTES = 1_024 * MIB;
/** Without this margin, the warning would reappear with each new file. */
export const DISK_LOW_MARGIN_BYTES = 256 * MIB;
/** Validity of the operator link: time to walk from the terminal to the browser. */
export const OPERATOR_LINK_MS = 60 * 60_000;
export const LOCAL_PAGE_DATA_BYTES_MAX = 4 * MIB;
export const LOCAL_LINKS_MAX = 256;
export const RELAY_QUEUE_BYTES_MAX = 32 * MIB;
/** Each download takes a chunk of memory and an open file. */
export const PROGRAM_DOWNLOADS_MAX = 32;
/** More parallel downloads over the shared line of a school behind one NAT would not be faster. */
export const PROGRAM_DOWNLOADS_PER_ADDRESS_MAX = 8;
export const PROGRAM_STALL_MS = 60_000;
export const PROBE_INTERVAL_MS = 2_000;

/** Most answers arrive within 1 s. */
export const STALL_MS = 5_000;
/** Together with STALL_MS, detects a dead link within 15 s. */
export const STALL_PING_AFTER_MS = 10_000;
/** Messages of a room that the page keeps: as many as are read in a day, in 20 MB of memory. */
export const PAGE_ROOM_ITEMS_MAX = 20_000;
export const CLOSED_ROOM_ITEMS_MAX = 500;
export const ROOM_CHANGES_MAX = 50_000;
export const VISIBLE_FAULTS_MAX = 8;
export const SEARCH_RESULTS_MAX = 2_000;
export const SCROLL_PAGE_RECORDS = 100;
export const PICTURE_FETCHED_BYTES_MAX = 2 * 1024 * 1024;
/** Pixels. The formats allow 65,535 or 2 ** 32. */
export const PICTURE_SIDE_MAX = 16_384;
/** More than most cameras produce. Decoding takes 4 bytes per pixel. */
export const PICTURE_PIXELS_MAX = 32_000_000;
/** A JPEG is decoded at a fraction of its sides. The largest sensors have 100 megapixels. */
export const PICTURE_SCALED_PIXELS_MAX = 128_000_000;
/** Larger pictures are displayed only on request. */
export const PICTURE_SHOWN_BYTES_MAX = 12 * MIB;
/** Pixels of the longer side of a photo that is sent smaller than its original. */
export const SMALLER_SIDE_MAX = 2_048;
/** Pixels of the shorter side that the text of a long screenshot, or a panorama, needs. */
export const SMALLER_SHORT_SIDE_MIN = 1_080;
/** Pixels of the longer side of those. WebP and the canvas of a phone have little more. */
export const SMALLER_LONG_SIDE_MAX = 12_000;
export const PREVIEW_SIDE_MAX = 1_280;
export const PREVIEW_BYTES_MAX = 160_000;
export const AVATAR_BYTES_MAX = 64 * 1024;
/** Four times the sides at which the page shows avatars on the densest screens. */
export const AVATAR_SIDE_MAX = 512;
/** Each change stays in the log as a line of up to 88 kB, which is blank after the next change. */
export const AVATAR_CHANGES_PER_DAY = 10;
export const AVATARS_ASKED_MAX = 500;

export const PREVIEWS_STORED_MAX = 200;
export const PREVIEWS_STORED_BYTES_MAX = 16 * MIB;
/** Encryption adds 16 bytes. */
export const SEALED_PREVIEW_BYTES_MAX = PREVIEW_BYTES_MAX + 16;
/** Equal to the time for which the server keeps partial uploads. */
export const DOWNLOAD_NOTE_KEEP_MS = 7 * 24 * 60 * 60_000;
export const PAGE_DOWNLOADS_STORED_MAX = 200;
/** Phones kill pages that use more memory. */
export const SAVED_BLOB_BYTES_MAX = 256 * MIB;
/** The browser reads the blob only after the user has answered the save dialog. */
export const SAVED_BLOB_KEEP_MS = 2 * 60_000;
/** Messages of a page whose files are not complete. */
export const PAGE_WAITING_MESSAGES_MAX = 20;
export const ATTACHMENTS_STORED_BYTES_MAX = 64 * MIB;
export const ATTACHMENTS_KEEP_MS = 7 * 24 * 60 * 60_000;
/** Larger than any message, so that the refusal can report the message's size. */
export const PASTE_BYTES_MAX = 256 * 1024;

/** Apple's endpoints take 250 bytes, Google's and Mozilla's up to 300, and Microsoft's 600. */
export const PUSH_ENDPOINT_BYTES_MAX = 1024;
export const PUSH_DEVICES_MAX = 10;
export const PUSH_SUBSCRIPTIONS_MAX = 5_000;
export const PUSH_FILE_BYTES_MAX = 8 * 1024 * 1024;
/** A device renews its subscription at each log-in, which writes a file. */
export const PUSH_SUBSCRIBES_BURST = 10;
export const PUSH_SUBSCRIBES_PER_MINUTE = 2;

export const PUSH_BATCH_MS = 5_000;
export const PUSH_ROOM_INTERVAL_MS = 60_000;
/** Longer than PUSH_ROOM_INTERVAL_MS, because every message in a sealed room causes a push. */
export const PUSH_SEALED_INTERVAL_MS = 15 * 60_000;
export const PUSH_ACCOUNT_BURST = 10;
export const PUSH_ACCOUNT_INTERVAL_MS = 30_000;
/**
 * A push is dropped if the user is still online after this long. A sleeping phone counts as online
 * only until the server closes its idle link, which happens sooner.
 */
export const PUSH_WATCH_MS = 3 * 60_000;
/** Equal to the delay of a push, so that activity after a message suppresses the push. */
export const PUSH_AWAY_MS = 3 * 60_000;
export const PUSH_CHECK_INTERVAL_MS = 5_000;
/** A push that has waited this long is dropped. The page's badge still counts its messages. */
export const PUSH_WAIT_MS_MAX = 60 * 60_000;
/** Older records are not pushed: a server of a cluster that catches up receives many. */
export const PUSH_FRESH_MS = 10 * 60_000;
export const PUSH_ROOMS_MAX = 32;

export const CONCURRENT_PUSHES_MAX = 8;
/** A push service that never answers must not block the pushes of other accounts. */
export const PUSHES_PER_ACCOUNT_MAX = 2;
export const PUSH_QUEUE_MAX = 1_000;
export const PUSH_ANSWER_BYTES_MAX = 16 * 1024;
export const PUSH_TRIES_MAX = 4;
export const PUSH_RETRY_FIRST_MS = 5_000;
/** A push is dropped if the push service requests a longer delay. */
export const PUSH_RETRY_MS_MAX = 10 * 60_000;
export const PUSH_FAILURES_MAX = 10;
export const PUSH_TTL_S = 12 * 60 * 60;
/** A message has been seen when it was on the screen of a focused window for this long. */
export const SEEN_MS = 1_000;
/** How long the user can undo that messages were marked as read. */
export const UNDO_MS = 10_000;
/** Parts of a room that were seen behind its read position. */
export const SEEN_SPANS_MAX = 64;
/** Rooms and threads whose places a client keeps: 12 KB of text. */
export const READING_PLACES_MAX = 200;
/** A crash loses the place of at most this long. */
export const PLACE_DELAY_MS = 1_000;
/** Scrolling within this time after a wheel, touch or key event is attributed to the user. */
export const USER_SCROLL_MS = 1_000;
