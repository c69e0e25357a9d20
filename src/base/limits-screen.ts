/** Bounds of the full-screen terminal client, each with its reason. */

// What the terminal is given.
/** Put into the clipboard at once; many terminals refuse more than 100,000 bytes of base64. */
export const COPY_BYTES_MAX = 64 * 1024;
/** Of a notification on the desktop. */
export const NOTIFICATION_CODE_POINTS_MAX = 200;

// Keys.
/** One sequence of a terminal (OSC, DCS, APC, CSI): its longest answers have some hundred bytes. */
export const TERMINAL_SEQUENCE_BYTES_MAX = 4 * 1024;

// What the terminal is asked.
/** An answer that takes longer, as over a very slow line, is none: nothing waits for it. */
export const TERMINAL_ANSWER_MS = 5_000;
/** How long the shell waits for the terminal, so that it gets no answer that was asked for here. */
export const TERMINAL_ANSWER_LEAVE_MS = 500;
/** What has not reached the terminal, less than this and one frame: a second at 4 kB/s. */
export const TERMINAL_UNANSWERED_BYTES_MAX = 4 * 1024;
/** Questions without an answer so far. */
export const TERMINAL_QUESTIONS_MAX = 16;
/** Answers to one of them. */
export const TERMINAL_REPORTS_MAX = 64;

// What is typed.
/** UTF-16 units in one input: a paste of PASTE_BYTES_MAX, and as much again. */
export const EDITOR_LENGTH_MAX = 512 * 1024;
/** Steps that undo takes back. */
export const UNDO_STEPS_MAX = 200;
/** UTF-16 units that these steps hold together. */
export const UNDO_LENGTH_MAX = 2 * 1024 * 1024;
/** Lines that Ctrl-R looks through: years of talking. */
export const TYPED_LINES_MAX = 20_000;
/** One of them; a longer one is a paste that nobody types again. */
export const TYPED_LINE_BYTES_MAX = 8 * 1024;
/** The file of them; when it is full it becomes the older half, and a new one begins. */
export const TYPED_FILE_BYTES_MAX = 1024 * 1024;

/** What is half written is on the disk so soon after a key: who is killed loses no more. */
export const SCREEN_DRAFTS_MS = 500;
/** Rooms and people of one account for whom something is half written: the newest ones are kept. */
export const DRAFTS_KEPT_MAX = 200;

// What is offered.
/** More are not listed: another letter finds the rest. */
export const OFFERED_MAX = 50;

// Settings.
/** Entries of one setting: muted targets, keys, colours. */
export const SETTINGS_LISTED_MAX = 500;

// Long texts.
/** Lines of a message until it is unfolded: about a page of most terminals. */
export const TEXT_LINES_SHOWN = 20;
/** Fewer than so many lines are not hidden: the line that tells of them takes one as well. */
export const TEXT_LINES_HIDDEN_MIN = 4;

// Pictures.
/** Of a file that is shown as a picture: photographs of cameras have a third of it. */
export const PICTURE_FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Cells on the screen: what was said around it is to be seen, too. */
export const PICTURE_COLUMNS_MAX = 60;
export const PICTURE_ROWS_MAX = 16;
/** Pixels that a terminal is given of one: 60x16 cells of common size are 150,000. */
export const PICTURE_DRAWN_PIXELS_MAX = 256_000;
/** The same of sixel, which is 2 to 4 times as long. */
export const PICTURE_SIXEL_PIXELS_MAX = 128_000;
/** What goes to the terminal for one, before base64: some seconds over a slow line. */
export const PICTURE_BYTES_MAX = 512 * 1024;
/** The same, where it is sent again each time that it has moved. */
export const PICTURE_AGAIN_BYTES_MAX = 256 * 1024;
/** A piece of a picture goes out when nothing else is to be shown: what is typed waits for one. */
export const PICTURE_PIECE_BYTES_MAX = 32 * 1024;
/** Pictures that are ready to be shown; one that is out of sight for long is read again. */
export const PICTURES_KEPT_MAX = 32;
/** Files that are known to be on this machine, to be shown if they are pictures. */
export const PICTURE_PLACES_MAX = 500;

/** What comes in is shown at most so often: eyes see no more, and a busy room costs no more. */
export const SCREEN_FRAME_MS = 50;
/** Items of one room: hours of a busy one; what was before comes from the server again. */
export const SCREEN_ITEMS_MAX = 5_000;
/** Files under way at once: as many as anybody follows. */
export const SCREEN_TRANSFERS_MAX = 32;
/** A sentence that says what went wrong goes by itself: three of them are read in that time. */
export const SCREEN_FAULT_MS = 20_000;
/** A lone ESC is the key, unless more of a sequence comes within this time. */
export const SCREEN_ESC_MS = 30;
/** Questions that wait for an answer. */
export const SCREEN_QUESTIONS_MAX = 8;

/** Names of one folder that Tab knows. */
export const TAB_ENTRIES_MAX = 10_000;
/** Folders that Tab has read since the last line was sent. */
export const TAB_FOLDERS_MAX = 32;
