/** More bounds, each with its reason: of what faces show, and of what serves the page. */

const MIB = 1024 * 1024;

// The page and the server's window.
/** Connections in one answer: some 300 bytes each, far below a message. */
export const CLIENTS_PAGE_MAX = 500;
/** HOST:PORT in the server's window: an IPv6 address with its zone, or a usual name. */
export const PLACE_CHARS_MAX = 80;
/** Files under way in one answer; more are counted. */
export const TRANSFERS_LISTED_MAX = 500;
/** From the answer to `download` to the browser's first request: it opens the address at once. */
export const DOWNLOAD_FIRST_MS = 60_000;
/** Addresses of downloads that one session holds; the one made first is forgotten. */
export const DOWNLOADS_PER_SESSION_MAX = 256;
/** Requests over HTTP that send files to one session at once: a browser uses six. */
export const DOWNLOADS_AT_ONCE_MAX = 16;
/**
 * Folders that go out as archives, to one account and in all: each holds 4 bytes an entry and the
 * pieces under way, 1 MB with 100,000 entries.
 */
export const ARCHIVES_PER_ACCOUNT_MAX = 4;
export const ARCHIVES_AT_ONCE_MAX = 32;
/** Lists of folders that go out as archives: some four of 100,000 entries with long names. */
export const ZIP_LISTS_BYTES_MAX = 64 * MIB;
/** A watching operator this far behind is told how much was left out instead. */
export const EVENTS_QUEUED_BYTES_MAX = 2 * MIB;
/** Events that a server remembers for operators who come later, and what they take at most. */
export const EVENTS_KEPT_MAX = 1_000;
export const EVENTS_KEPT_BYTES_MAX = 768 * 1024;
/** Accounts, rooms or files in one answer: some 500 bytes each, far below a message. */
export const LISTED_PAGE_MAX = 200;
/** Rooms, and numbers of messages, that the list tells of one file; almost all have one. */
export const FILE_ROOMS_LISTED_MAX = 16;
/** Samples that a server keeps, one a second: an hour, in 300 kB. */
export const SAMPLES_KEPT_MAX = 3_600;
/** Samples in one answer: at most 80 kB, far below a message. */
export const SAMPLES_PAGE_MAX = 900;
/** The disk is asked what is free so often: files of a second do not fill it. */
export const DISK_LOOK_EVERY_MS = 10_000;
/**
 * Operators are warned when so much is left above what is kept free for the log: some minutes of
 * fast uploads, in which somebody can make room.
 */
export const DISK_LOW_BYTES = 1_024 * MIB;
/** The warning ends only when it is this much more: it must not come and go with each file. */
export const DISK_LOW_MARGIN_BYTES = 256 * MIB;
/** Long enough to walk from the terminal to the browser. */
export const OPERATOR_LINK_MS = 60 * 60_000;
/** What pages of `chat web` keep in one home for one server: keys, names, and drafts of 64 KiB. */
export const KEPT_BYTES_MAX = 4 * MIB;
/** Links of a local page: a browser's tabs, each with its lanes. */
export const LOCAL_LINKS_MAX = 256;
/** What `chat web` holds between two links: a transfer's window, and as much again. */
export const PASSED_BYTES_MAX = 32 * MIB;
/** The program itself, for visitors: ten times what one has now. */
export const PROGRAM_BYTES_MAX = 1024 * MIB;
/** A class that takes it at once; each holds a chunk and an open file. */
export const PROGRAM_DOWNLOADS_MAX = 32;
/** A school behind one address; whoever takes more shares the same line. */
export const PROGRAM_DOWNLOADS_PER_ADDRESS_MAX = 8;
/** A client that takes nothing for so long makes room for others. */
export const PROGRAM_STALL_MS = 60_000;
/** Round trips are measured this often at most. */
export const PROBE_EVERY_MS = 2_000;

// Faces.
/** Items of one room that the page holds: a day's reading, 20 MB; beyond it the far end goes. */
export const SHOWN_ITEMS_MAX = 20_000;
/** Of a room that is not looked at any more. */
export const SHOWN_ITEMS_KEPT = 500;
/** Edits, reactions and erasures of one room that are remembered; beyond it it begins anew. */
export const SHOWN_CHANGES_MAX = 50_000;
/** Faults that stand on the screen at once; more hide the rest of it. */
export const SHOWN_FAULTS_MAX = 8;
/** Found by one search; a user who wants more asks more narrowly. */
export const SHOWN_FOUND_MAX = 2_000;
/** Items that one scroll fetches. */
export const SHOWN_PAGE_RECORDS = 100;
/** A picture that is fetched to be shown, and not to be kept: a photograph of a phone. */
export const PICTURE_FETCHED_BYTES_MAX = 2 * 1024 * 1024;
/** A side in pixels; the formats allow 65,535 and 2 ** 32. */
export const PICTURE_SIDE_MAX = 16_384;
/** All pixels, of which each takes 4 bytes while it is read: above what cameras make. */
export const PICTURE_PIXELS_MAX = 32_000_000;
/** Uploads of one page that run at once; more share the same line, and the rest wait. */
export const PAGE_UPLOADS_AT_ONCE = 3;
/** Downloads that were not continued are forgotten: as long as the server keeps half an upload. */
export const DOWNLOAD_NOTE_KEEP_MS = 7 * 24 * 60 * 60_000;
/** Downloads of one page that are kept over a reload; each is a file that the user has chosen. */
export const PAGE_DOWNLOADS_KEPT_MAX = 200;
/**
 * What a page gathers in the browser's memory where it cannot write to a place that the user
 * chooses; phones end pages that take much more. Larger files go by the browser's own download.
 */
export const SAVED_BLOB_BYTES_MAX = 256 * MIB;
/** A browser may ask before it saves a file, and takes it from the page only after the answer. */
export const SAVED_BLOB_KEEP_MS = 2 * 60_000;
/** A part that was given up is taken away in so many tries: the page before lets go of it late. */
export const PART_REMOVE_TRIES_MAX = 10;
/** Uploads of one page that are shown and kept over a reload. */
export const PAGE_UPLOADS_MAX = 200;
/** One paste on a terminal: more than any message, so that the refusal can tell its size. */
export const PASTE_BYTES_MAX = 256 * 1024;
/** Records that a browser remembers having read: one value, which is written as a whole. */
export const PAGE_SEEN_RECORDS_MAX = 256;
