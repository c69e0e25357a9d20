/** Key bindings, shared by key handling, the help text and `config.toml`. */

import { Fault, msg } from "../../../base/fault.ts";
import { quoteText } from "../../../base/text.ts";
import type { KeyTexts } from "../../../ui/messages/en/keys.ts";
import { nearestWord } from "../../suggest.ts";
import { COMMAND_NAMES, type CommandName, isCommandName } from "../state/screen-state.ts";
import { EQUIVALENT_CHORDS, table } from "./keys.ts";

export type KeyGroup = keyof KeyTexts["groups"];

export type Mode =
  | ("input" | "selected" | "walk" | "menu" | "inbox")
  | ("finder" | "list" | "text" | "question");

interface Binding {
  readonly group: KeyGroup;
  readonly command: CommandName;
  readonly chords: readonly string[];
}

const ROOMS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"].map((digit, index) =>
  row("rooms", `room-${index + 1}` as CommandName, `alt-${digit}`),
);

/**
 * In the order of the help text. If a chord has several commands, the first that applies runs:
 * Ctrl-K cuts to the end of the line, or opens the finder if the cursor is already there.
 */
const BINDINGS: readonly Binding[] = [
  row("everywhere", "help", "f1"),
  row("everywhere", "cancel", "esc", "ctrl-g"),
  row("everywhere", "interrupt", "ctrl-c"),
  row("everywhere", "redraw", "ctrl-l"),
  row("everywhere", "suspend", "ctrl-z"),
  row("rooms", "switcher", "alt-k"),
  ...ROOMS,
  row("rooms", "room-previous", "alt-up", "ctrl-pageup"),
  row("rooms", "room-next", "alt-down", "ctrl-pagedown"),
  row("rooms", "inbox", "alt-i"),
  row("rooms", "room-unread", "alt-a"),
  row("rooms", "room-last", "ctrl-^"),
  row("rooms", "rooms", "f2", "alt-r"),
  row("rooms", "members", "f3", "alt-m"),
  row("rooms", "hand", "f8"),
  row("reading", "page-up", "pageup", "alt-v"),
  row("reading", "page-down", "pagedown", "ctrl-v"),
  row("reading", "row-up", "ctrl-up", "shift-pageup"),
  row("reading", "row-down", "ctrl-down", "shift-pagedown"),
  row("reading", "read-on", "space"),
  row("reading", "oldest", "ctrl-home", "alt-home"),
  row("reading", "newest", "ctrl-end", "alt-end"),
  row("reading", "select", "shift-up", "alt-s"),
  row("reading", "result-next", "alt-n"),
  row("reading", "result-previous", "alt-p"),
  row("writing", "send", "enter"),
  row("writing", "new-line", "alt-enter", "ctrl-j", "shift-enter", "ctrl-enter"),
  row("writing", "complete", "tab"),
  row("writing", "complete-back", "shift-tab"),
  row("writing", "history-back", "up", "ctrl-p"),
  row("writing", "history-forward", "down", "ctrl-n"),
  row("writing", "typed-search", "ctrl-r"),
  row("writing", "cursor-left", "left", "ctrl-b"),
  row("writing", "cursor-right", "right", "ctrl-f"),
  row("reading", "search", "ctrl-f", "f4"),
  row("writing", "word-left", "alt-b", "ctrl-left", "alt-left"),
  row("writing", "word-right", "alt-f", "ctrl-right", "alt-right"),
  row("writing", "line-start", "ctrl-a", "home"),
  row("writing", "line-end", "ctrl-e", "end"),
  row("writing", "text-start", "alt-<"),
  row("writing", "text-end", "alt->"),
  row("writing", "delete-back", "backspace", "ctrl-h"),
  row("writing", "delete-forward", "delete", "ctrl-d"),
  row("everywhere", "leave", "ctrl-d"),
  row("writing", "cut-blank-back", "ctrl-w"),
  row("writing", "cut-word-back", "alt-backspace", "ctrl-alt-h", "ctrl-backspace"),
  row("writing", "cut-word", "alt-d", "ctrl-delete"),
  row("writing", "cut-to-start", "ctrl-u"),
  row("writing", "cut-to-end", "ctrl-k"),
  row("rooms", "switcher", "ctrl-k"),
  row("writing", "yank", "ctrl-y"),
  row("writing", "transpose", "ctrl-t"),
  row("writing", "undo", "ctrl-_"),
  row("writing", "redo", "alt-z"),
  row("writing", "upper-word", "alt-u"),
  row("writing", "lower-word", "alt-l"),
  row("writing", "capital-word", "alt-c"),
  row("selected", "select-up", "up", "shift-up"),
  row("selected", "select-down", "down", "shift-down"),
  row("selected", "select-page-up", "pageup"),
  row("selected", "select-page-down", "pagedown"),
  row("selected", "select-first", "home"),
  row("selected", "select-last", "end"),
  row("selected", "reply", "r"),
  row("selected", "thread", "t"),
  row("selected", "edit", "e"),
  row("selected", "copy", "c"),
  row("selected", "react", "+"),
  row("selected", "fetch", "g"),
  row("selected", "fold", "f"),
  row("selected", "select-answered", "a"),
  row("selected", "save", "b"),
  row("selected", "menu", "enter"),
  row("selected", "erase", "delete"),
  row("selected", "pin"),
  row("selected", "stop"),
  row("selected", "resend"),
  row("walk", "result-next", "n"),
  row("walk", "result-previous", "p"),
  row("walk", "reply", "r"),
  row("walk", "thread", "t"),
  row("inbox", "choose", "enter"),
  row("inbox", "read-on", "space"),
  row("inbox", "menu", "tab"),
  row("inbox", "open-beside", "alt-enter"),
  row("inbox", "result-next", "alt-n"),
  row("inbox", "undo", "ctrl-_"),
  row("inbox", "list-up", "up", "ctrl-p"),
  row("inbox", "list-down", "down", "ctrl-n"),
  row("inbox", "list-page-up", "pageup"),
  row("inbox", "list-page-down", "pagedown"),
  row("finder", "choose", "enter"),
  row("finder", "menu", "tab"),
  row("finder", "open-beside", "alt-enter"),
  row("finder", "list-up", "up", "ctrl-p", "shift-tab"),
  row("finder", "list-down", "down", "ctrl-n"),
  row("finder", "list-page-up", "pageup"),
  row("finder", "list-page-down", "pagedown"),
  row("list", "choose", "enter"),
  row("list", "list-up", "up", "ctrl-p", "shift-tab"),
  row("list", "list-down", "down", "ctrl-n", "tab", "ctrl-r"),
  row("list", "list-page-up", "pageup"),
  row("list", "list-page-down", "pagedown"),
  row("text", "text-up", "up"),
  row("text", "text-down", "down", "enter"),
  row("text", "text-page-up", "pageup"),
  row("text", "text-page-down", "pagedown", "space"),
  row("text", "text-first", "home"),
  row("text", "text-last", "end"),
  row("text", "copy", "alt-c"),
  row("text", "close", "alt-q"),
];

function row(group: KeyGroup, command: CommandName, ...chords: readonly string[]): Binding {
  return { group, command, chords };
}

const GROUPS: Readonly<Record<Mode, readonly KeyGroup[]>> = {
  input: ["writing", "rooms", "reading", "everywhere"],
  selected: ["selected", "rooms", "reading", "everywhere"],
  walk: ["walk", "rooms", "reading", "everywhere"],
  menu: ["list", "selected", "everywhere"],
  inbox: ["inbox", "rooms", "everywhere"],
  finder: ["finder", "writing", "everywhere"],
  list: ["list", "writing", "everywhere"],
  text: ["text", "everywhere"],
  question: ["list", "everywhere"],
};

/** Groups in which letters run commands instead of typing text. */
const NON_TYPING: ReadonlySet<KeyGroup> = new Set<KeyGroup>([
  ...(["selected", "walk", "inbox", "text"] as const),
]);

/** Commands that others see, or that destroy, so that no letter and no Alt chord runs them. */
const MENU_COMMANDS: ReadonlySet<string> = new Set(["pin", "stop", "resend", "erase"]);

/** Commands that are gone. Their names load, so that an older `config.toml` does. */
const REMOVED_COMMANDS: ReadonlySet<string> = new Set(["yes", "no"]);

const KEY_NAMES: ReadonlySet<string> = new Set([
  ...["enter", "tab", "esc", "space", "backspace", "delete", "insert", "menu", "begin"],
  ...["up", "down", "left", "right", "home", "end", "pageup", "pagedown"],
  ...Array.from({ length: 35 }, (_, index) => `f${index + 1}`),
]);
const MODIFIERS = ["super", "ctrl", "alt", "shift"] as const;
const MODIFIER_NAMES = table(
  "ctrl ctrl  control ctrl  c ctrl  alt alt  meta alt  m alt  option alt  shift shift  " +
    "super super  cmd super",
);
const KEY_ALIASES = table(
  "return enter  escape esc  del delete  ins insert  pgup pageup  pgdn pagedown  pgdown pagedown",
);

/**
 * Normalises a chord, for example `Ctrl+Alt+x` to `ctrl-alt-x`.
 * @throws {Fault} usage if the chord is invalid
 * @internal
 */
export function chordOf(input: string): string {
  const match = /^((?:[a-z]+[-+])*)(.+)$/is.exec(input.trim());
  const modifierWords = (match?.[1] ?? "")
    .toLowerCase()
    .split(/[-+]/)
    .filter((word) => word !== "");
  const keyText = match?.[2] ?? "";
  const modifiers = modifierWords.map((word) => MODIFIER_NAMES[word]);
  const lower = keyText.toLowerCase();
  const name = KEY_ALIASES[lower] ?? lower;
  const isCharacter = [...keyText].length === 1 && keyText.trim() !== "";
  if ((!isCharacter && !KEY_NAMES.has(name)) || modifiers.includes(undefined)) {
    throw new Fault("usage", msg`unknown key ${quoteText(input)}`, {
      remedy: msg`use a form such as ctrl-x, alt-enter, shift-tab or f5`,
    });
  }
  const has = (modifier: (typeof MODIFIERS)[number]) => modifiers.includes(modifier);
  // Shift with a letter is the capital letter; with Ctrl, terminals ignore case.
  const isCapital = isCharacter && has("shift") && !has("ctrl");
  const key = !isCharacter
    ? name
    : isCapital
      ? keyText.toUpperCase()
      : has("ctrl")
        ? lower
        : keyText;
  const prefixes = MODIFIERS.filter(
    (modifier) => has(modifier) && !(modifier === "shift" && isCapital),
  );
  const chord = [...prefixes, key].join("-");
  return EQUIVALENT_CHORDS[chord] ?? chord;
}

export class Keymap {
  readonly #rows: readonly Binding[];
  readonly #commands: ReadonlyMap<Mode, ReadonlyMap<string, readonly CommandName[]>>;

  /**
   * @param keys commands by chord, from `config.toml`; `none` unbinds a chord
   * @throws {Fault} usage if a key or command is unknown, or a letter would be bound in a text
   * field
   */
  constructor(keys: Readonly<Record<string, string>> = {}) {
    this.#rows = rebound(keys);
    const modes = Object.keys(GROUPS) as Mode[];
    this.#commands = new Map(modes.map((mode) => [mode, commandsIn(mode, this.#rows)]));
  }

  commandsAt(mode: Mode, chord: string): readonly CommandName[] {
    const commandsByChord = this.#commands.get(mode);
    // A chord with Shift falls back to the binding without Shift.
    return (
      commandsByChord?.get(chord) ?? commandsByChord?.get(chord.replace(/shift-(?=.{2})/, "")) ?? []
    );
  }

  groups(): ReadonlyMap<KeyGroup, ReadonlyMap<CommandName, readonly string[]>> {
    const groups = [...Map.groupBy(this.#rows, ({ group }) => group)];
    return new Map(
      groups.map(([group, rows]) => {
        const commands = [...Map.groupBy(rows, ({ command }) => command)];
        const chordsOf = (bindings: readonly Binding[]) => bindings.flatMap(({ chords }) => chords);
        return [
          group,
          new Map(commands.map(([command, bindings]) => [command, chordsOf(bindings)])),
        ];
      }),
    );
  }

  chordOf(group: KeyGroup, command: CommandName): string | undefined {
    return this.groups().get(group)?.get(command)?.[0];
  }
}

function commandsIn(
  mode: Mode,
  rows: readonly Binding[],
): ReadonlyMap<string, readonly CommandName[]> {
  const inMode = GROUPS[mode].flatMap((group) => rows.filter((row) => row.group === group));
  const bound = inMode.flatMap(({ command, chords }) =>
    chords.map((chord) => ({ chord, command })),
  );
  const byChord = [...Map.groupBy(bound, ({ chord }) => chord)];
  return new Map(
    byChord.map(([chord, bindings]) => [chord, bindings.map(({ command }) => command)]),
  );
}

function rebound(keys: Readonly<Record<string, string>>): readonly Binding[] {
  let rows = BINDINGS;
  for (const [chordText, name] of Object.entries(keys)) {
    if (REMOVED_COMMANDS.has(name)) continue;
    const chord = chordOf(chordText);
    const group = name === "none" ? undefined : groupOf(chord, name);
    const freed = group === undefined || GROUPS.input.includes(group) ? GROUPS.input : [group];
    const isFreed = (binding: Binding) => group === undefined || freed.includes(binding.group);
    rows = rows.map((binding) =>
      isFreed(binding)
        ? { ...binding, chords: binding.chords.filter((otherChord) => otherChord !== chord) }
        : binding,
    );
    if (group !== undefined && isCommandName(name)) rows = [...rows, row(group, name, chord)];
  }
  return rows;
}

function groupOf(chord: string, name: string): KeyGroup | undefined {
  if (!isCommandName(name)) {
    const suggestion = nearestWord(name, COMMAND_NAMES);
    throw new Fault("usage", msg`unknown key command ${quoteText(name)}`, {
      remedy:
        suggestion === undefined
          ? msg`press F1 for a list of keys`
          : msg`did you mean ${suggestion}?`,
    });
  }
  const group = BINDINGS.find((binding) => binding.command === name)?.group;
  const isTyped = [...chord].length === 1 || chord === "space";
  if (MENU_COMMANDS.has(name) && (isTyped || chord.startsWith("alt-"))) {
    throw new Fault("usage", msg`${quoteText(chord)} cannot be bound to ${name}`, {
      remedy: msg`use a function key, or a chord with Ctrl`,
    });
  }
  if (isTyped && group !== undefined && !NON_TYPING.has(group)) {
    throw new Fault("usage", msg`${quoteText(chord)} types text and cannot be bound to ${name}`, {
      remedy: msg`add a modifier: alt-${chord}`,
    });
  }
  return group;
}

const CHORD_PARTS: Readonly<Record<string, string>> = table(
  "ctrl Ctrl  alt Alt  shift Shift  super Super  pageup PageUp  pagedown PageDown",
);

/** A chord for the user, such as `Ctrl-K` for `ctrl-k`. */
export function chordName(chord: string): string {
  const [, before = "", key = ""] = /^((?:[a-z]+-)*)(.+)$/s.exec(chord) ?? [];
  const parts = before.split("-").filter((part) => part !== "");
  const isCapital = [...key].length === 1 && key !== key.toLowerCase();
  const name = CHORD_PARTS[key] ?? key.slice(0, 1).toUpperCase() + key.slice(1);
  const shown = parts.length === 0 && [...key].length === 1 ? key : name;
  const shift = isCapital && parts.length > 0 ? ["Shift"] : [];
  return [...parts.map((part) => CHORD_PARTS[part] ?? part), ...shift, shown].join("-");
}
