/** What keys do and what they ask, in English. */

import type { CommandName } from "../state/commands.ts";

export type KeyGroup =
  | "everywhere"
  | "rooms"
  | "reading"
  | "writing"
  | "selected"
  | "list"
  | "text"
  | "question";

export interface InputTexts {
  readonly groups: Readonly<Record<KeyGroup, string>>;
  /** One short sentence for help, and the entry of a menu. */
  readonly commands: Readonly<Record<CommandName, string>>;
  /** Heading above the slash commands in help. */
  readonly slashCommands: string;
  readonly pasteTooLong: (kibibytes: number) => string;
  readonly askErase: string;
  readonly askDiscard: string;
}

const room = "open one of the first ten rooms";

export const INPUT_EN: InputTexts = {
  groups: {
    everywhere: "Everywhere",
    rooms: "Rooms and people",
    reading: "Reading",
    writing: "Writing",
    selected: "On a selected message",
    list: "In a list",
    text: "In a long text",
    question: "When something is asked",
  },
  commands: {
    cancel: "close what is open; back to the newest",
    interrupt: "clear the line; on an empty line leave",
    leave: "leave, on an empty line",
    help: "show the keys and commands",
    redraw: "draw the screen again",
    suspend: "back to the shell; fg returns",
    switcher: "go to a room or person by name (in a text at its end)",
    "room-previous": "previous room",
    "room-next": "next room",
    "room-unread": "next room with unread messages",
    "room-last": "the room before this one",
    "room-1": room,
    "room-2": room,
    "room-3": room,
    "room-4": room,
    "room-5": room,
    "room-6": room,
    "room-7": room,
    "room-8": room,
    "room-9": room,
    "room-10": room,
    rooms: "show or hide the list of rooms",
    members: "show or hide who is here",
    "page-up": "a page up, to older messages",
    "page-down": "a page down",
    "row-up": "a line up",
    "row-down": "a line down",
    oldest: "to the oldest that is loaded",
    newest: "to the newest",
    search: "search in messages (on an empty line)",
    select: "select a message, to act on it",
    send: "send",
    "new-line": "begin a new line",
    complete: "complete a name, room, command, path or :emoji",
    "complete-back": "the one offered before",
    "history-back": "what was typed before",
    "history-forward": "what was typed after it",
    "typed-search": "search in all that was typed",
    "cursor-left": "a character to the left",
    "cursor-right": "a character to the right",
    "word-left": "a word to the left",
    "word-right": "a word to the right",
    "line-start": "to the beginning of the line",
    "line-end": "to the end of the line",
    "text-start": "to the beginning of the text",
    "text-end": "to the end of the text",
    "delete-back": "delete the character before",
    "delete-forward": "delete the character at the cursor",
    "cut-word-back": "cut the word before",
    "cut-word": "cut the word behind",
    "cut-blank-back": "cut back to the last blank",
    "cut-to-start": "cut to the beginning of the line",
    "cut-to-end": "cut to the end of the line",
    yank: "put in what was cut",
    transpose: "swap two characters",
    undo: "undo",
    redo: "redo",
    "upper-word": "the word in capitals",
    "lower-word": "the word in small letters",
    "capital-word": "the word with a capital",
    "select-up": "the message above",
    "select-down": "the message below",
    "select-page-up": "a page up",
    "select-page-down": "a page down",
    "select-first": "the first that is loaded",
    "select-last": "the last",
    "select-answered": "the message that it answers",
    reply: "reply",
    edit: "edit, if it is yours",
    erase: "erase, or discard what was not sent",
    react: "react with an emoji",
    pin: "pin it for all who are here, or unpin it",
    save: "save it for later, or remove it from what is saved",
    copy: "copy the text",
    fetch: "fetch the file",
    fold: "show all of a long message, or its beginning",
    stop: "stop the transfer",
    resend: "send again",
    menu: "all that can be done with it",
    choose: "take it",
    "list-up": "the one above",
    "list-down": "the one below",
    "list-page-up": "a page up",
    "list-page-down": "a page down",
    "text-up": "a line up",
    "text-down": "a line down",
    "text-page-up": "a page up",
    "text-page-down": "a page down",
    "text-first": "to the beginning",
    "text-last": "to the end",
    close: "close it",
    yes: "yes",
    no: "no",
  },
  slashCommands: "Commands",
  pasteTooLong: (kibibytes) => `that paste is longer than ${kibibytes} KiB: send it as a file`,
  askErase: "Erase this message for all?",
  askDiscard: "Discard this message, which was not sent?",
};
