/** Settings of the full screen, from config.toml and `/set`. */

import { SETTINGS, type TerminalSettings } from "../../../ui/settings.ts";

export interface ScreenSettings extends TerminalSettings {
  /** Styles, keyed by role, which override the theme. */
  readonly colors: Readonly<Record<string, string>>;
  /** Whether the terminal bell rings on mentions and direct messages. */
  readonly bell: boolean;
  readonly mouse: boolean;
  /** Whether the client downloads small pictures as soon as their messages are visible. */
  readonly fetchPictures: boolean;
  /** Commands, keyed by chord, which override the default key bindings. */
  readonly keys: Readonly<Record<string, string>>;
  readonly muted: readonly string[];
}

export const DEFAULT_SETTINGS: ScreenSettings = {
  ...(Object.fromEntries(
    Object.entries(SETTINGS).map(([key, { terminal }]) => [key, terminal.values[0]]),
  ) as unknown as TerminalSettings),
  colors: {},
  bell: true,
  mouse: false,
  fetchPictures: false,
  keys: {},
  muted: [],
};
