/**
 * Settings of the terminal's full screen and of the page, one row each. Names in config.toml,
 * storage, defaults, types and the page's controls follow from the rows.
 */

import type { Texts } from "./messages/en/page.ts";

/** Keys of texts without values. */
type Label = { [K in keyof Texts]-?: Texts[K] extends string ? K : never }[keyof Texts];

export type SettingPart = "look" | "keyboard" | "privacy" | "notifications";

interface SettingRow {
  /** Values in `[screen]` of config.toml and of `/set`; the first is the default. */
  readonly terminal?: readonly unknown[];
  /** Values in the page's `localStorage`; the first is the default. */
  readonly page?: readonly unknown[];
  /** Name under which pages up to version 0.3 stored it. */
  readonly formerName?: string;
  /** Part of the page's settings that shows it; without one, it is changed where it applies. */
  readonly part?: SettingPart;
  readonly label?: Label;
  /** Texts of the page's values, unless they are switched on and off. */
  readonly options?: Readonly<Record<string, Label>>;
}

const ON = [true, false] as const;
const OFF = [false, true] as const;

export const SETTINGS = {
  /** `undefined` means the browser's language. */
  language: {
    terminal: ["auto", "en", "id"],
    page: [undefined, "en", "id"],
    part: "look",
    label: "language",
  },
  theme: {
    terminal: ["dark", "light"],
    page: ["system", "light", "dark"],
    part: "look",
    label: "theme",
    options: { system: "themeSystem", light: "themeLight", dark: "themeDark" },
  },
  bell: { terminal: ON },
  notify: {
    terminal: ["off", "osc9", "osc777", "notify-send"],
    page: OFF,
    formerName: "notifies",
    part: "notifications",
    label: "notificationsAsk",
  },
  sounds: { page: OFF, part: "notifications", label: "sounds" },
  /** Events that a screen reader announces. */
  announcements: {
    page: ["everything", "mine", "nothing"],
    part: "notifications",
    label: "announcements",
    options: { everything: "announceEverything", mine: "announceMine", nothing: "announceNothing" },
  },
  hideJoins: { terminal: OFF, page: OFF, formerName: "isQuiet", part: "look", label: "quiet" },
  /** Whether `/` and `?` act without a modifier. Dictation and stray keys can press them. */
  singleKeys: { page: ON, part: "keyboard", label: "singleKeys" },
  /** Chosen by the user. By default, Enter sends unless the main pointer is a finger. */
  enterSends: { page: [undefined, true, false], part: "keyboard", label: "enterSends" },
  pictures: {
    terminal: ["auto", "kitty", "iterm2", "sixel", "off"],
    page: ON,
    formerName: "showsPictures",
    part: "look",
    label: "picturesShown",
  },
  /** Small pictures are downloaded as soon as their messages are visible. */
  fetchPictures: { terminal: OFF },
  /** Consecutive messages of one author share a name and time. */
  groupMessages: { terminal: ON },
  mouse: { terminal: OFF },
  typing: {
    terminal: ON,
    page: ON,
    formerName: "showsTyping",
    part: "privacy",
    label: "showTyping",
  },
  showsPeople: { page: ON },
  /** Whether the screen stays on while the page is visible. */
  keepsAwake: { page: OFF, part: "look", label: "keepsAwake" },
} as const satisfies Readonly<Record<string, SettingRow>>;

type Rows = typeof SETTINGS;
type Place = "terminal" | "page";
type ValuesIn<P extends Place> = {
  readonly [K in keyof Rows as Rows[K] extends Readonly<Record<P, unknown>>
    ? K
    : never]: Rows[K] extends Readonly<Record<P, readonly (infer Value)[]>> ? Value : never;
};

export type TerminalSettings = ValuesIn<"terminal">;
export type PageSettings = ValuesIn<"page">;

export function settingRow(key: keyof Rows): SettingRow {
  return SETTINGS[key];
}

export const TERMINAL_KEYS = keysIn("terminal");
export const PAGE_KEYS = keysIn("page");

function keysIn<P extends Place>(place: P): readonly (keyof ValuesIn<P> & keyof Rows)[] {
  const keys = Object.keys(SETTINGS) as (keyof ValuesIn<P> & keyof Rows)[];
  return keys.filter((key) => settingRow(key)[place] !== undefined);
}

/** Name in config.toml and for `/set`: `hide_joins`. */
export function terminalName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export const TERMINAL_DEFAULTS = Object.fromEntries(
  TERMINAL_KEYS.map((key) => [key, SETTINGS[key].terminal[0]]),
) as TerminalSettings;

/** Reads what a page stored; other values count as absent. */
export function pageSettings(stored: Readonly<Record<string, unknown>>): PageSettings {
  const entries = PAGE_KEYS.map((key) => {
    const { page = [], formerName = key } = settingRow(key);
    const value = stored[key] ?? stored[formerName];
    return [key, page.includes(value) ? value : page[0]];
  });
  return Object.fromEntries(entries) as PageSettings;
}
