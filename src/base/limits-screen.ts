/** Limits for the full-screen terminal client. */

/** Many terminals refuse more than 100,000 bytes of base64. */
export const COPY_BYTES_MAX = 64 * 1024;
export const NOTIFICATION_CODE_POINTS_MAX = 200;

export const TERMINAL_SEQUENCE_BYTES_MAX = 4 * 1024;

export const TERMINAL_ANSWER_TIMEOUT_MS = 5_000;
/** Maximum exit delay for pending answers, because a later answer would be sent to the shell. */
export const TERMINAL_EXIT_TIMEOUT_MS = 2_000;
export const TERMINAL_QUEUE_BYTES_MAX = 4 * 1024;
export const TERMINAL_QUERIES_MAX = 16;
export const TERMINAL_ANSWERS_PER_QUERY_MAX = 64;

/** Twice PASTE_BYTES_MAX, in UTF-16 code units. */
export const EDITOR_LENGTH_MAX = 512 * 1024;
export const UNDO_STEPS_MAX = 200;
/** UTF-16 code units. */
export const UNDO_LENGTH_MAX = 2 * 1024 * 1024;
export const INPUT_HISTORY_LINES_MAX = 20_000;
/** Longer lines are pastes, which users do not recall. */
export const INPUT_HISTORY_LINE_BYTES_MAX = 8 * 1024;
/** The history is stored in two files. A full file replaces the older file. */
export const INPUT_HISTORY_FILE_BYTES_MAX = 1024 * 1024;

export const DRAFT_SAVE_DELAY_MS = 500;
export const DRAFTS_STORED_MAX = 200;

export const CANDIDATES_LISTED_MAX = 50;

export const SETTINGS_LISTED_MAX = 500;

export const FOLDED_LINES_VISIBLE = 20;
/** The notice about hidden lines itself takes a line. */
export const FOLDED_LINES_HIDDEN_MIN = 4;

export const PICTURE_FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Leaves the surrounding messages visible. */
export const PICTURE_COLUMNS_MAX = 60;
export const PICTURE_ROWS_MAX = 16;
/** 60 by 16 cells usually have 150,000 pixels. */
export const PICTURE_DRAWN_PIXELS_MAX = 256_000;
/** Sixel takes 2 to 4 times as many bytes as other protocols. */
export const PICTURE_SIXEL_PIXELS_MAX = 128_000;
export const PICTURE_BYTES_MAX = 512 * 1024;
/** Before base64 encoding. Applies to terminals that need the picture again each time it moves. */
export const PICTURE_RESENT_BYTES_MAX = 256 * 1024;
/** Small enough not to delay typing. */
export const PICTURE_PIECE_BYTES_MAX = 32 * 1024;
export const PICTURES_CACHED_MAX = 32;
export const PICTURE_PATHS_MAX = 500;

/** Faster redraws would not be visible. */
export const SCREEN_FRAME_MS = 50;
export const SCREEN_ITEMS_MAX = 5_000;
/** A terminal that does not report its focus counts as focused for this long after a key. */
export const SCREEN_FOCUS_MS = 2 * 60_000;
/** Rooms whose newest messages are kept for the next start, at most SNAPSHOT_ITEMS_MAX each. */
export const SNAPSHOT_ROOMS_MAX = 30;
export const SNAPSHOT_ITEMS_MAX = 50;
/** A longer snapshot would delay the start. */
export const SNAPSHOT_BYTES_MAX = 4 * 1024 * 1024;
export const SCREEN_TRANSFERS_MAX = 32;
export const SCREEN_FAULT_MS = 20_000;
/** Time after which an Esc without further bytes is the Esc key. */
export const SCREEN_ESC_MS = 30;
/**
 * After SCREEN_ESC_MS, bytes that arrive within this time can still continue the sequence that the
 * Esc began.
 */
export const SCREEN_LATE_SEQUENCE_MS = 2_000;
/**
 * An Enter within this time after an Esc is Alt-Enter, because nobody presses two keys so quickly.
 */
export const SCREEN_LATE_ENTER_MS = 100;
export const SCREEN_PROMPTS_MAX = 8;

export const TAB_ENTRIES_MAX = 10_000;
export const TAB_FOLDERS_MAX = 32;
/** Pause in typing before the finder asks the server. */
export const FINDER_PAUSE_MS = 200;
/** Messages that the finder folds between two events. */
export const FINDER_WARM_MESSAGES = 2_000;

/** A file whose first lines the finder shows; a longer one is saved instead. */
export const PREVIEWED_TEXT_BYTES_MAX = 64 * 1024;
/** Files whose first lines are kept while the client runs. */
export const PREVIEWED_TEXTS_MAX = 16;
