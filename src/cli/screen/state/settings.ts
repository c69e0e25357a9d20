import { SETTINGS, type TerminalSettings } from "../../../ui/settings.ts";

/** What a user has chosen for the full screen, in config.toml or by `/set`. */
export interface ScreenSettings extends TerminalSettings {
  /** Colours by role; on top of the theme's. */
  readonly colors: Readonly<Record<string, string>>;
  /** The bell rings when somebody calls or writes to the user. */
  readonly bell: boolean;
  readonly mouse: boolean;
  /** Small pictures are fetched to be shown, as soon as they are seen. */
  readonly fetchPictures: boolean;
  /** Chord to command, on top of the keymap's own. */
  readonly keys: Readonly<Record<string, string>>;
  /** Targets that neither ring nor count. */
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
