/** Limits of the full-screen terminal client, each with its reason. */

// Output to the terminal.
/** Bytes copied to the clipboard. Many terminals refuse more than 100,000 bytes of base64. */
export const COPY_BYTES_MAX = 64 * 1024;
/** Length of a desktop notification. */
export const NOTIFICATION_CODE_POINTS_MAX = 200;

// Keys.
/**
 * Size of a terminal sequence (OSC, DCS, APC, CSI). The longest answers take some hundred bytes.
 */
export const TERMINAL_SEQUENCE_BYTES_MAX = 4 * 1024;

// Queries to the terminal.
/** Later answers, as over a very slow line, are ignored. */
export const TERMINAL_ANSWER_TIMEOUT_MS = 5_000;
/**
 * Maximum delay of the program's exit for pending answers, which the shell would receive otherwise.
 */
export const TERMINAL_EXIT_TIMEOUT_MS = 500;
/** Bytes of pending output besides one frame: a second at 4 kB/s. */
export const TERMINAL_QUEUE_BYTES_MAX = 4 * 1024;
export const TERMINAL_QUERIES_MAX = 16;
export const TERMINAL_ANSWERS_PER_QUERY_MAX = 64;

// Input.
/** UTF-16 units in the input: twice a paste of PASTE_BYTES_MAX. */
export const EDITOR_LENGTH_MAX = 512 * 1024;
export const UNDO_STEPS_MAX = 200;
/** UTF-16 units of all undo steps. */
export const UNDO_LENGTH_MAX = 2 * 1024 * 1024;
/** Lines that Ctrl-R searches: years of use. */
export const INPUT_HISTORY_LINES_MAX = 20_000;
/** Bytes of one stored line. A longer line is a paste, which nobody recalls. */
export const INPUT_HISTORY_LINE_BYTES_MAX = 8 * 1024;
/** Size of the history file. A full file becomes the older half, and a new one begins. */
export const INPUT_HISTORY_FILE_BYTES_MAX = 1024 * 1024;

/** Delay between a key and storing the draft: the most that a killed program loses. */
export const DRAFT_SAVE_DELAY_MS = 500;
/** Rooms and users of one account with a stored draft. The newest drafts are retained. */
export const DRAFTS_STORED_MAX = 200;

// Completion.
/** Maximum listed candidates. Typing another letter narrows them down. */
export const CANDIDATES_LISTED_MAX = 50;

// Settings.
/** Entries of one setting: muted targets, keys, colours. */
export const SETTINGS_LISTED_MAX = 500;

// Long texts.
/** Visible lines of a folded message: about a page of most terminals. */
export const FOLDED_LINES_VISIBLE = 20;
/** Minimum number of hidden lines: the notice itself takes a line. */
export const FOLDED_LINES_HIDDEN_MIN = 4;

// Pictures.
/** Size of a file displayed as a picture. Camera photographs take a third of it. */
export const PICTURE_FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Columns of a picture, so that the surrounding messages stay visible. */
export const PICTURE_COLUMNS_MAX = 60;
export const PICTURE_ROWS_MAX = 16;
/** Pixels of one picture sent to the terminal. 60 by 16 cells of common size have 150,000. */
export const PICTURE_DRAWN_PIXELS_MAX = 256_000;
/** The same for sixel, which takes 2 to 4 times as many bytes. */
export const PICTURE_SIXEL_PIXELS_MAX = 128_000;
/** Bytes of one picture before base64: some seconds over a slow line. */
export const PICTURE_BYTES_MAX = 512 * 1024;
/** The same for terminals that need the picture again each time it moves. */
export const PICTURE_RESENT_BYTES_MAX = 256 * 1024;
/**
 * Bytes of a picture sent at a time, when no other output is queued. Delays typing only slightly.
 */
export const PICTURE_PIECE_BYTES_MAX = 32 * 1024;
/** Cached decoded pictures. A picture that is displayed again later is decoded again. */
export const PICTURES_CACHED_MAX = 32;
/** Remembered paths of local files that may be displayed as pictures. */
export const PICTURE_PATHS_MAX = 500;

/**
 * Interval of redraws after events. Faster redraws are not visible, and a busy room costs no more.
 */
export const SCREEN_FRAME_MS = 50;
/** Loaded items of one room: hours of a busy room. Earlier items are fetched again. */
export const SCREEN_ITEMS_MAX = 5_000;
/** Maximum listed transfers: more than a user can follow. */
export const SCREEN_TRANSFERS_MAX = 32;
/** Duration of error messages: enough to read three of them. */
export const SCREEN_FAULT_MS = 20_000;
/** An ESC counts as the Escape key if no other byte of a sequence follows within this time. */
export const SCREEN_ESC_MS = 30;
/** Queued prompts. */
export const SCREEN_PROMPTS_MAX = 8;

/** Names of one folder that Tab completion reads. */
export const TAB_ENTRIES_MAX = 10_000;
/** Folders that Tab completion reads for one line. */
export const TAB_FOLDERS_MAX = 32;
