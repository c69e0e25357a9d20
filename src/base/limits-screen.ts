/** Limits of the full-screen terminal client, each with its reason. */

// Output to the terminal.
/** Bytes copied to the clipboard; many terminals refuse more than 100,000 bytes of base64. */
export const COPY_BYTES_MAX = 64 * 1024;
/** Text of a desktop notification. */
export const NOTIFICATION_CODE_POINTS_MAX = 200;

// Keys.
/** A terminal sequence (OSC, DCS, APC, CSI): the longest answers have some hundred bytes. */
export const TERMINAL_SEQUENCE_BYTES_MAX = 4 * 1024;

// Queries to the terminal.
/** A later answer, as over a very slow line, is ignored: nothing waits for it. */
export const TERMINAL_ANSWER_TIMEOUT_MS = 5_000;
/** Time to wait for answers before the program exits, so that the shell does not receive them. */
export const TERMINAL_EXIT_TIMEOUT_MS = 500;
/** Bytes that have not reached the terminal, besides one frame: a second at 4 kB/s. */
export const TERMINAL_QUEUE_BYTES_MAX = 4 * 1024;
/** Unanswered queries. */
export const TERMINAL_QUERIES_MAX = 16;
/** Answers to one query. */
export const TERMINAL_ANSWERS_PER_QUERY_MAX = 64;

// Input.
/** UTF-16 units in one input: a paste of PASTE_BYTES_MAX, and as much again. */
export const EDITOR_LENGTH_MAX = 512 * 1024;
/** Undo steps. */
export const UNDO_STEPS_MAX = 200;
/** UTF-16 units of all undo steps. */
export const UNDO_LENGTH_MAX = 2 * 1024 * 1024;
/** Lines that Ctrl-R searches: years of use. */
export const INPUT_HISTORY_LINES_MAX = 20_000;
/** Bytes of one line; a longer one is a paste that nobody types again. */
export const INPUT_HISTORY_LINE_BYTES_MAX = 8 * 1024;
/** History file; when it is full it becomes the older half, and a new one begins. */
export const INPUT_HISTORY_FILE_BYTES_MAX = 1024 * 1024;

/** Delay between a key and storing the draft: a killed program loses no more. */
export const DRAFT_SAVE_DELAY_MS = 500;
/** Rooms and users of one account with a stored draft: the newest ones are kept. */
export const DRAFTS_STORED_MAX = 200;

// Completion.
/** Further candidates are not listed: another letter narrows them down. */
export const CANDIDATES_LISTED_MAX = 50;

// Settings.
/** Entries of one setting: muted targets, keys, colours. */
export const SETTINGS_LISTED_MAX = 500;

// Long texts.
/** Visible lines of a folded message: about a page of most terminals. */
export const FOLDED_LINES_VISIBLE = 20;
/** Fewer lines are not hidden: the notice takes a line as well. */
export const FOLDED_LINES_HIDDEN_MIN = 4;

// Pictures.
/** Size of a file displayed as a picture: photographs of cameras have a third of it. */
export const PICTURE_FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Terminal cells: the surrounding messages stay visible. */
export const PICTURE_COLUMNS_MAX = 60;
export const PICTURE_ROWS_MAX = 16;
/** Pixels sent to the terminal for one picture: 60x16 cells of common size are 150,000. */
export const PICTURE_DRAWN_PIXELS_MAX = 256_000;
/** The same for sixel, which is 2 to 4 times as long. */
export const PICTURE_SIXEL_PIXELS_MAX = 128_000;
/** Bytes of one picture before base64: some seconds over a slow line. */
export const PICTURE_BYTES_MAX = 512 * 1024;
/** The same for terminals where it is sent again each time that it moves. */
export const PICTURE_RESENT_BYTES_MAX = 256 * 1024;
/** A piece of a picture is sent when no other output is queued: typing waits for one piece. */
export const PICTURE_PIECE_BYTES_MAX = 32 * 1024;
/** Decoded pictures; one that is out of sight for long is decoded again. */
export const PICTURES_CACHED_MAX = 32;
/** Files known to be on this machine, for display if they are pictures. */
export const PICTURE_PATHS_MAX = 500;

/** Interval of redraws on new events: faster is not visible, and a busy room costs no more. */
export const SCREEN_FRAME_MS = 50;
/** Items of one room: hours of a busy one; earlier ones are fetched again. */
export const SCREEN_ITEMS_MAX = 5_000;
/** Listed transfers: as many as a user can follow. */
export const SCREEN_TRANSFERS_MAX = 32;
/** Error messages disappear after this time, in which three of them can be read. */
export const SCREEN_FAULT_MS = 20_000;
/** A lone ESC is the key, unless more of a sequence follows within this time. */
export const SCREEN_ESC_MS = 30;
/** Questions queued for an answer. */
export const SCREEN_PROMPTS_MAX = 8;

/** Names of one folder available to Tab completion. */
export const TAB_ENTRIES_MAX = 10_000;
/** Folders read by Tab completion since the last line was sent. */
export const TAB_FOLDERS_MAX = 32;
