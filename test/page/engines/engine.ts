/** Keys by their name in the DOM. */
export type Key = "Backspace" | "Control" | "Enter" | "Escape" | "Tab";

/** One window of a browser with an empty profile, with a microphone that plays a sound. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  /** Errors that the page has logged or thrown. */
  readonly errors: readonly string[];
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Returns the value of an expression, which may be a promise of JSON. */
  evaluate<Value>(expression: string): Promise<Value>;
  click(x: number, y: number): Promise<void>;
  wheel(x: number, y: number, deltaY: number): Promise<void>;
  /** Presses keys together. */
  press(...keys: readonly (Key | string)[]): Promise<void>;
  type(text: string): Promise<void>;
  /** Chooses files for an input element, given by its selector. */
  chooseFiles(selector: string, paths: readonly string[]): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  /** Folder in which the browser saves downloads. */
  readonly downloads: string;
  screenshot(): Promise<Uint8Array>;
}

export interface StartOptions {
  /** Whether the user wants less motion and, where the engine knows it, a contrast theme. */
  readonly isCalm?: boolean;
  /** Windows are private, if the engine has a setting for it. */
  readonly isPrivate?: boolean;
}

export const SIZE = { width: 1280, height: 800 };

const WEBDRIVER_KEYS: Readonly<Record<string, string>> = {
  Backspace: "\uE003",
  Tab: "\uE004",
  Enter: "\uE006",
  Control: "\uE009",
  Escape: "\uE00C",
};

/** Arguments of the command that performs actions; those of WebDriver and BiDi are the same. */
export function clickActions(x: number, y: number): readonly object[] {
  const actions = [
    { type: "pointerMove", x: Math.round(x), y: Math.round(y) },
    { type: "pointerDown", button: 0 },
    { type: "pointerUp", button: 0 },
  ];
  return [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }];
}

let wheels = 0;

/** WebKitWebDriver takes the deltas of a wheel as its states, so each turn is a new wheel. */
export function wheelActions(x: number, y: number, deltaY: number): readonly object[] {
  const scroll = { type: "scroll", x: Math.round(x), y: Math.round(y), deltaX: 0, deltaY };
  return [{ type: "wheel", id: `wheel${++wheels}`, actions: [scroll] }];
}

export function chordActions(keys: readonly string[]): readonly object[] {
  const values = keys.map((key) => WEBDRIVER_KEYS[key] ?? key);
  const actions = [
    ...values.map((value) => ({ type: "keyDown", value })),
    ...values.toReversed().map((value) => ({ type: "keyUp", value })),
  ];
  return [{ type: "key", id: "keys", actions }];
}

export function typeActions(text: string): readonly object[] {
  const actions = [...text].flatMap((value) => [
    { type: "keyDown", value },
    { type: "keyUp", value },
  ]);
  return [{ type: "key", id: "keys", actions }];
}
