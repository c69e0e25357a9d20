/**
 * Settings of the terminal's full screen and of the page, one row each. Names in config.toml,
 * storage, defaults, types, and the page's controls and their texts follow from the rows.
 */

import type { Language } from "./messages/languages.ts";

/** A text in each language. */
type SettingText = Readonly<Record<Language, string>>;

export type SettingPart = "look" | "keyboard" | "privacy" | "notifications";

interface TerminalRow {
  /** Values in `[screen]` of config.toml and of `/set`; the first is the default. */
  readonly terminal?: readonly unknown[];
}

interface PageRow {
  /** Values in the page's `localStorage`; the first is the default. */
  readonly page: readonly unknown[];
  /** `undefined` if the page changes the setting only where it applies. */
  readonly control: SettingControl | undefined;
}

type SettingRow = TerminalRow & (PageRow | { readonly [K in keyof PageRow]?: undefined });

interface SettingControl {
  readonly part: SettingPart;
  readonly label: SettingText;
  /** Texts of the page's values, unless they are switched on and off. */
  readonly options?: Readonly<Record<string, SettingText>>;
}

const ON = [true, false] as const;
const OFF = [false, true] as const;

export const SETTINGS = {
  /** `undefined` means the browser's language. */
  language: {
    terminal: ["auto", "en", "id"],
    page: [undefined, "en", "id"],
    control: { part: "look", label: { en: "Language", id: "Bahasa" } },
  },
  theme: {
    terminal: ["auto", "dark", "light"],
    page: ["system", "light", "dark"],
    control: {
      part: "look",
      label: { en: "Appearance", id: "Tampilan" },
      options: {
        system: { en: "Match system", id: "Ikuti sistem" },
        light: { en: "Light", id: "Terang" },
        dark: { en: "Dark", id: "Gelap" },
      },
    },
  },
  bell: { terminal: ON },
  notify: {
    terminal: ["off", "osc9", "osc777", "notify-send"],
    page: OFF,
    control: {
      part: "notifications",
      label: {
        en: "Notify me about mentions and direct messages",
        id: "Beri tahu saya tentang sebutan dan pesan langsung",
      },
    },
  },
  sounds: {
    page: OFF,
    control: { part: "notifications", label: { en: "Play a sound", id: "Bunyikan suara" } },
  },
  /** Events that a screen reader announces. */
  announcements: {
    page: ["everything", "mine", "nothing"],
    control: {
      part: "notifications",
      label: { en: "Read aloud by a screen reader", id: "Dibacakan oleh pembaca layar" },
      options: {
        everything: { en: "Everything", id: "Semuanya" },
        mine: { en: "Only what concerns me", id: "Hanya yang menyangkut saya" },
        nothing: { en: "Nothing", id: "Tidak ada" },
      },
    },
  },
  hideJoins: {
    terminal: OFF,
    page: OFF,
    control: {
      part: "look",
      label: {
        en: "Hide join and leave notices",
        id: "Sembunyikan pemberitahuan gabung dan keluar",
      },
    },
  },
  /** Whether `/` and `?` act without a modifier. Dictation and stray keys can press them. */
  singleKeys: {
    page: ON,
    control: {
      part: "keyboard",
      label: {
        en: "Use the keys / and ? without a modifier",
        id: "Pakai tombol / dan ? tanpa tombol tambahan",
      },
    },
  },
  /** Chosen by the user. By default, Enter sends unless the main pointer is a finger. */
  enterSends: {
    page: [undefined, true, false],
    control: {
      part: "keyboard",
      label: {
        en: "Enter sends; Shift+Enter starts a new line",
        id: "Enter mengirim; Shift+Enter memulai baris baru",
      },
    },
  },
  pictures: {
    terminal: ["auto", "kitty", "iterm2", "sixel", "off"],
    page: ON,
    control: {
      part: "look",
      label: { en: "Show images in conversations", id: "Tampilkan gambar di percakapan" },
    },
  },
  /** Small pictures are downloaded as soon as their messages are visible. */
  fetchPictures: { terminal: OFF },
  /** Consecutive messages of one author share a name and time. */
  groupMessages: { terminal: ON },
  mouse: { terminal: OFF },
  typing: {
    terminal: ON,
    page: ON,
    control: { part: "privacy", label: { en: "Typing indicators", id: "Indikator mengetik" } },
  },
  showsPeople: { page: ON, control: undefined },
  /** Whether the screen stays on while the page is visible. */
  keepsAwake: {
    page: OFF,
    control: {
      part: "look",
      label: { en: "Keep the screen on", id: "Biarkan layar tetap menyala" },
    },
  },
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
    const { page = [] } = settingRow(key);
    const value = stored[key];
    return [key, page.includes(value) ? value : page[0]];
  });
  return Object.fromEntries(entries) as PageSettings;
}
