/** Settings that the terminal and the page share, with their names and values in each store. */

interface Setting<Name extends string, Value> {
  readonly name: Name;
  /** The first value is the default. */
  readonly values: readonly Value[];
}

function setting<const Name extends string, const Value>(
  name: Name,
  ...values: readonly Value[]
): Setting<Name, Value> {
  return { name, values };
}

/** The terminal stores settings in `[screen]` of config.toml, the page in `localStorage`. */
export const SETTINGS = {
  /** `undefined` means the browser's language, on the page only. */
  language: {
    terminal: setting("language", "auto", "en", "id"),
    page: setting("language", undefined, "en", "id"),
  },
  theme: {
    terminal: setting("theme", "dark", "light"),
    page: setting("theme", "system", "light", "dark"),
  },
  typing: { terminal: setting("typing", true, false), page: setting("showsTyping", true, false) },
  hideJoins: {
    terminal: setting("hide_joins", false, true),
    page: setting("isQuiet", false, true),
  },
  pictures: {
    terminal: setting("pictures", "auto", "kitty", "iterm2", "sixel", "off"),
    page: setting("showsPictures", true, false),
  },
  notify: {
    terminal: setting("notify", "off", "osc9", "osc777", "notify-send"),
    page: setting("notifies", false, true),
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

export function pageSettings(storedSettings: Readonly<Record<string, unknown>>): PageSettings {
  const entries = Object.values(SETTINGS).map(({ page }) => {
    const values: readonly unknown[] = page.values;
    return [
      page.name,
      values.includes(storedSettings[page.name]) ? storedSettings[page.name] : values[0],
    ];
  });
  return Object.fromEntries(entries) as PageSettings;
}
