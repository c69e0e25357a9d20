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
/** What operators tell everybody: some lines, in a banner of each page. */
export const ANNOUNCEMENT_BYTES_MAX = 1_024;
/** Events that a server remembers for operators who come later, and what they take at most. */
export const EVENTS_KEPT_MAX = 1_000;
export const EVENTS_KEPT_BYTES_MAX = 768 * 1024;
/** Decisions of before in one answer: some 600 bytes each, 2 KiB at most; far below a message. */
export const DECISIONS_PAGE_MAX = 200;
/** Records of accounts that are looked through for one answer: a tenth of a second. */
export const DECISIONS_LOOKED_MAX = 20_000;
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
/** Without an answer for so long a screen or page says that it waits: most answers take 1 s. */
export const STALL_MS = 5_000;
/** A screen or page asks after so much silence, so that a dead link is seen within 15 s. */
export const STALL_ASK_AFTER_MS = 10_000;
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
/** Uploads of one page that are shown and kept over a reload. */
export const PAGE_UPLOADS_MAX = 200;
/** Attached and not sent, kept over a reload: some pictures of a phone. Of more the page warns. */
export const ATTACHED_KEPT_BYTES_MAX = 64 * MIB;
/** Who has not sent it in a week does not want to. */
export const ATTACHED_KEEP_MS = 7 * 24 * 60 * 60_000;
/** One paste on a terminal: more than any message, so that the refusal can tell its size. */
export const PASTE_BYTES_MAX = 256 * 1024;

/** Where pushes go: Apple has some 250 bytes, Google and Mozilla up to 300, Windows 600. */
export const PUSH_ENDPOINT_BYTES_MAX = 1024;
/** Of one account: more browsers than people have. The oldest goes. */
export const PUSH_DEVICES_MAX = 10;
/** Of all accounts: half a kilobyte each, in memory and in one file. */
export const PUSH_SUBSCRIPTIONS_MAX = 5_000;
/** That file, with endpoints as long as they may be. */
export const PUSH_FILE_BYTES_MAX = 8 * 1024 * 1024;
/** A device says anew where it takes pushes at each log-in; more often is a flood of writes. */
export const PUSH_SUBSCRIBES_BURST = 10;
export const PUSH_SUBSCRIBES_PER_MINUTE = 2;

/** What is said within it goes together, and what is read meanwhile elsewhere is not pushed. */
export const PUSH_GATHER_MS = 5_000;
/** Of one room to one account: who did not look at the first one does not want ten. */
export const PUSH_ROOM_EVERY_MS = 60_000;
/** Of sealed rooms: whom a message calls is not known here, so that each one counts. */
export const PUSH_SEALED_EVERY_MS = 15 * 60_000;
/** Of all rooms to one account. */
export const PUSH_ACCOUNT_BURST = 10;
export const PUSH_ACCOUNT_EVERY_MS = 30_000;
/**
 * A user who is online is told by the page. A phone that fell asleep is online until the link is
 * found silent, which takes less than this.
 */
export const PUSH_WATCH_MS = 3 * 60_000;
/**
 * Who is online, and reads, writes and comes in nowhere for so long, is away: devices that are not
 * in are told. As long as a message waits: what was done since it came is not told of it.
 */
export const PUSH_AWAY_MS = 3 * 60_000;
/** While a user is online: how often it is looked again. */
export const PUSH_LOOK_EVERY_MS = 5_000;
/** What could not go for so long is old: the badge counts it when the page is opened. */
export const PUSH_WAIT_MS_MAX = 60 * 60_000;
/** Records of longer ago are the past that a server of a cluster makes up for. */
export const PUSH_FRESH_MS = 10 * 60_000;
/** Characters in which names are looked for if a message says of nobody that it calls them. */
export const PUSH_READ_CHARS = 1_024;
/** Rooms of one account that wait for a push; the oldest goes. */
export const PUSH_ROOMS_MAX = 32;

/** Pushes on their way at once; each is one connection to a push service. */
export const PUSH_AT_ONCE = 8;
/** Of them, those of one account: its devices may be where nobody answers. */
export const PUSH_ACCOUNT_AT_ONCE = 2;
/** Pushes that wait for one of these, or for another try. The oldest goes. */
export const PUSH_QUEUE_MAX = 1_000;
/** Of an answer only the head is read. */
export const PUSH_ANSWER_BYTES_MAX = 16 * 1024;
export const PUSH_TRIES_MAX = 4;
/** Doubles with each try. */
export const PUSH_RETRY_FIRST_MS = 5_000;
/** A push service that asks for more patience than that asks for none of this message. */
export const PUSH_RETRY_MS_MAX = 10 * 60_000;
/** Messages in a row that a push service did not take: the subscription is of no use. */
export const PUSH_FAILURES_MAX = 10;
/** How long a push service keeps a push for a device that is off: half a day. */
export const PUSH_TTL_S = 12 * 60 * 60;
