/** Limits of the full-screen terminal client, each with its reason. */

// Output to the terminal.
/**
 * Maximum bytes copied to the clipboard. Many terminals refuse more than 100,000 bytes of base64.
 */
export const COPY_BYTES_MAX = 64 * 1024;
/** Maximum length of a desktop notification, in code points. */
export const NOTIFICATION_CODE_POINTS_MAX = 200;

// Keys.
/**
 * Maximum size of a terminal sequence (OSC, DCS, APC, CSI). The longest answers take some hundred
 * bytes.
 */
export const TERMINAL_SEQUENCE_BYTES_MAX = 4 * 1024;

// Queries to the terminal.
/**
 * Maximum time for a terminal's answer. A later answer, for example over a very slow line, is
 * ignored.
 */
export const TERMINAL_ANSWER_TIMEOUT_MS = 5_000;
/**
 * Maximum delay of the program's exit for pending answers, which the shell would otherwise receive.
 */
export const TERMINAL_EXIT_TIMEOUT_MS = 500;
/** Maximum bytes of pending output in addition to one frame: a second at 4 kB/s. */
export const TERMINAL_QUEUE_BYTES_MAX = 4 * 1024;
export const TERMINAL_QUERIES_MAX = 16;
export const TERMINAL_ANSWERS_PER_QUERY_MAX = 64;

// Input.
/** Maximum length of the input, in UTF-16 code units: twice a paste of PASTE_BYTES_MAX. */
export const EDITOR_LENGTH_MAX = 512 * 1024;
export const UNDO_STEPS_MAX = 200;
/** Maximum length of all undo steps together, in UTF-16 code units. */
export const UNDO_LENGTH_MAX = 2 * 1024 * 1024;
/** Maximum number of lines that Ctrl-R searches: years of use. */
export const INPUT_HISTORY_LINES_MAX = 20_000;
/** Maximum size of a stored input line. Longer lines are pastes, which users do not recall. */
export const INPUT_HISTORY_LINE_BYTES_MAX = 8 * 1024;
/**
 * Maximum size of the history file. A full file becomes the older half of the history, and a new
 * file begins.
 */
export const INPUT_HISTORY_FILE_BYTES_MAX = 1024 * 1024;

/**
 * Delay between a key press and storing the draft. A killed program loses at most the input of this
 * time.
 */
export const DRAFT_SAVE_DELAY_MS = 500;
/**
 * Maximum number of rooms and users with a stored draft, per account. The newest drafts are kept.
 */
export const DRAFTS_STORED_MAX = 200;

// Completion.
/** Maximum number of listed candidates. Typing another letter shortens the list. */
export const CANDIDATES_LISTED_MAX = 50;

// Settings.
/** Maximum number of entries of one setting: muted targets, keys or colours. */
export const SETTINGS_LISTED_MAX = 500;

// Long texts.
/** Number of visible lines of a folded message: about a page of most terminals. */
export const FOLDED_LINES_VISIBLE = 20;
/**
 * Minimum number of hidden lines for which a message is folded, because the notice itself takes a
 * line.
 */
export const FOLDED_LINES_HIDDEN_MIN = 4;

// Pictures.
/**
 * Maximum size of a file displayed as a picture. Camera photographs are about a third of this size.
 */
export const PICTURE_FILE_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Maximum number of columns and rows of a picture, so that the surrounding messages stay visible.
 */
export const PICTURE_COLUMNS_MAX = 60;
export const PICTURE_ROWS_MAX = 16;
/**
 * Maximum number of pixels of a picture sent to the terminal. 60 by 16 cells of common size have
 * 150,000.
 */
export const PICTURE_DRAWN_PIXELS_MAX = 256_000;
/**
 * Maximum number of pixels for sixel, which takes 2 to 4 times as many bytes as other protocols.
 */
export const PICTURE_SIXEL_PIXELS_MAX = 128_000;
/** Maximum bytes of a picture before base64 encoding: some seconds over a slow line. */
export const PICTURE_BYTES_MAX = 512 * 1024;
/**
 * Maximum bytes of a picture before base64 encoding, for terminals that need the picture again each
 * time it moves.
 */
export const PICTURE_RESENT_BYTES_MAX = 256 * 1024;
/**
 * Maximum bytes of a picture sent at a time, when no other output is queued. Delays typing only
 * slightly.
 */
export const PICTURE_PIECE_BYTES_MAX = 32 * 1024;
/** Maximum number of cached decoded pictures. An evicted picture is decoded again for display. */
export const PICTURES_CACHED_MAX = 32;
/** Maximum number of remembered paths of local files that may be displayed as pictures. */
export const PICTURE_PATHS_MAX = 500;

/**
 * Minimum interval between redraws after events. Faster redraws would not be visible; at this
 * interval, a busy room costs no more than other rooms.
 */
export const SCREEN_FRAME_MS = 50;
/**
 * Maximum number of loaded items of one room: hours of a busy room. Earlier items are fetched
 * again.
 */
export const SCREEN_ITEMS_MAX = 5_000;
/** Maximum number of listed transfers: more than a user can follow. */
export const SCREEN_TRANSFERS_MAX = 32;
/** Time for which error messages are displayed, long enough to read three of them. */
export const SCREEN_FAULT_MS = 20_000;
/** Time after which an ESC counts as the Escape key if no other byte of a sequence has followed. */
export const SCREEN_ESC_MS = 30;
/** Maximum number of queued prompts. */
export const SCREEN_PROMPTS_MAX = 8;

/** Maximum number of names of one folder that Tab completion reads. */
export const TAB_ENTRIES_MAX = 10_000;
/** Maximum number of folders that Tab completion reads for one line. */
export const TAB_FOLDERS_MAX = 32;
