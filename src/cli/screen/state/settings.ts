/** What a user has chosen for the full screen, in config.toml or by `/set`. */
export interface ScreenSettings {
  readonly theme: string;
  /** Colours by role; on top of the theme's. */
  readonly colors: Readonly<Record<string, string>>;
  /** The bell rings when somebody calls or writes to the user. */
  readonly bell: boolean;
  /** How the terminal, or the desktop, is told of the same. */
  readonly notify: "off" | "osc9" | "osc777" | "notify-send";
  /** Those who come and go are not shown. */
  readonly hideJoins: boolean;
  /** Others see that one writes here, and the other way round. */
  readonly typing: boolean;
  readonly mouse: boolean;
  readonly language: "auto" | "en" | "id";
  /** How pictures are shown below their files. */
  readonly pictures: "auto" | "kitty" | "iterm2" | "sixel" | "off";
  /** Small pictures are fetched to be shown, as soon as they are seen. */
  readonly fetchPictures: boolean;
  /** Chord to command, on top of the keymap's own. */
  readonly keys: Readonly<Record<string, string>>;
  /** Targets that neither ring nor count. */
  readonly muted: readonly string[];
}

export const DEFAULT_SETTINGS: ScreenSettings = {
  theme: "dark",
  colors: {},
  bell: true,
  notify: "off",
  hideJoins: false,
  typing: true,
  mouse: false,
  language: "auto",
  pictures: "auto",
  fetchPictures: false,
  keys: {},
  muted: [],
};
