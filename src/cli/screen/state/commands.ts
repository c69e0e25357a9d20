/** What keys can be bound to: the names of `config.toml`. The table of keys has their places. */
export const COMMAND_NAMES = [
  // Everywhere.
  ...(["cancel", "interrupt", "leave", "help", "redraw", "suspend"] as const),
  // Rooms.
  ...(["switcher", "room-previous", "room-next", "room-unread", "room-last"] as const),
  ...(["room-1", "room-2", "room-3", "room-4", "room-5"] as const),
  ...(["room-6", "room-7", "room-8", "room-9", "room-10"] as const),
  ...(["rooms", "members"] as const),
  // Reading.
  ...(["page-up", "page-down", "row-up", "row-down", "oldest", "newest"] as const),
  ...(["search", "select"] as const),
  // Writing.
  ...(["send", "new-line", "complete", "complete-back"] as const),
  ...(["history-back", "history-forward", "typed-search"] as const),
  ...(["cursor-left", "cursor-right", "word-left", "word-right"] as const),
  ...(["line-start", "line-end", "text-start", "text-end"] as const),
  ...(["delete-back", "delete-forward", "cut-word-back", "cut-word", "cut-blank-back"] as const),
  ...(["cut-to-start", "cut-to-end", "yank", "transpose", "undo", "redo"] as const),
  ...(["upper-word", "lower-word", "capital-word"] as const),
  // A selected message.
  ...(["select-up", "select-down", "select-page-up", "select-page-down"] as const),
  ...(["select-first", "select-last", "select-answered"] as const),
  ...([
    "reply",
    "edit",
    "erase",
    "react",
    "pin",
    "save",
    "copy",
    "fetch",
    "fold",
    "stop",
    "resend",
    "menu",
  ] as const),
  // Lists and long texts.
  ...(["choose", "list-up", "list-down", "list-page-up", "list-page-down"] as const),
  ...([
    "text-up",
    "text-down",
    "text-page-up",
    "text-page-down",
    "text-first",
    "text-last",
  ] as const),
  "close",
  // Questions.
  ...(["yes", "no"] as const),
] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];

const NAMES: ReadonlySet<string> = new Set(COMMAND_NAMES);

export function isCommandName(text: string): text is CommandName {
  return NAMES.has(text);
}
