/** Settings that terminal and page share: their names and values in either store. */

interface Stored<Name extends string, Value> {
  readonly name: Name;
  /** The first one is the default. */
  readonly values: readonly Value[];
}

function stored<const Name extends string, const Value>(
  name: Name,
  ...values: readonly Value[]
): Stored<Name, Value> {
  return { name, values };
}

/**
 * The terminal stores settings in `[screen]` of config.toml and by `/set`, the page in
 * `localStorage`.
 */
export const SETTINGS = {
  /** On the page `undefined` means the browser's language. */
  language: {
    terminal: stored("language", "auto", "en", "id"),
    page: stored("language", undefined, "en", "id"),
  },
  theme: {
    terminal: stored("theme", "dark", "light"),
    page: stored("theme", "system", "light", "dark"),
  },
  /** Typing indicators are sent, and those of others shown. */
  typing: { terminal: stored("typing", true, false), page: stored("showsTyping", true, false) },
  hideJoins: { terminal: stored("hide_joins", false, true), page: stored("isQuiet", false, true) },
  /** Pictures are shown in the timeline. */
  pictures: {
    terminal: stored("pictures", "auto", "kitty", "iterm2", "sixel", "off"),
    page: stored("showsPictures", true, false),
  },
  notify: {
    terminal: stored("notify", "off", "osc9", "osc777", "notify-send"),
    page: stored("notifies", false, true),
  },
} as const;

type Settings = typeof SETTINGS;
type Key = keyof Settings;

export type TerminalSettings = {
  readonly [K in Key]: Settings[K]["terminal"]["values"][number];
};

export type PageSettings = {
  readonly [K in Key as Settings[K]["page"]["name"]]: Settings[K]["page"]["values"][number];
};

/** Converts stored settings of the page; a missing or unknown value becomes the default. */
export function pageSettings(kept: Readonly<Record<string, unknown>>): PageSettings {
  const read = Object.values(SETTINGS).map(({ page }) => {
    const values: readonly unknown[] = page.values;
    return [page.name, values.includes(kept[page.name]) ? kept[page.name] : values[0]];
  });
  return Object.fromEntries(read) as PageSettings;
}
