/** Settings of the full-screen client, from config.toml and `/set`. */

import { SETTINGS, type TerminalSettings } from "../../../ui/settings.ts";

export interface ScreenSettings extends TerminalSettings {
  readonly colors: Readonly<Record<string, string>>;
  readonly bell: boolean;
  readonly mouse: boolean;
  /** Small pictures are downloaded as soon as their messages are visible. */
  readonly fetchPictures: boolean;
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
