/** Key bindings for the page, the composer and lists. */

import { isFenceOpen } from "../../core/markup/blocks.ts";

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

export type KeyAction =
  | "previous-room"
  | "next-room"
  | "previous-unread"
  | "next-unread"
  | "switcher"
  | "search"
  | "composer"
  | "type"
  | "help";

/**
 * @param isTyping whether a text field has the focus, which disables single-letter shortcuts
 * @param isOnPage whether the focus is on the page or in the conversation, so that a letter is
 *   meant for the composer
 */
export function keyAction(
  press: KeyPress,
  isTyping: boolean,
  isOnPage = false,
): KeyAction | undefined {
  const { key, altKey, shiftKey } = press;
  const isControl = press.ctrlKey || press.metaKey;
  if (altKey && !isControl) {
    if (key === "ArrowUp") return shiftKey ? "previous-unread" : "previous-room";
    if (key === "ArrowDown") return shiftKey ? "next-unread" : "next-room";
    return undefined;
  }
  if (isControl && !altKey) {
    const letter = key.toLowerCase();
    if (letter === "k" && !shiftKey) return "switcher";
    if (letter === "f" && shiftKey) return "search";
    return undefined;
  }
  if (isTyping || altKey) return undefined;
  if (key === "/") return "composer";
  if (key === "?") return "help";
  return isOnPage && key !== " " && [...key].length === 1 ? "type" : undefined;
}

/** Safari reports the Enter that ends a conversion after the conversion, with this code. */
const IME_KEY_CODE = 229;

interface GuardedPress {
  readonly key: string;
  readonly repeat: boolean;
  readonly isComposing: boolean;
  readonly keyCode: number;
  readonly target: unknown;
}

/** Keys that act on the element that has the focus. */
const ACTING_KEYS: ReadonlySet<string> = new Set(["Enter", " ", "Backspace", "Delete"]);

/** Decides which key presses the page's handlers receive. Asked for each press, before them. */
export class KeyGuard {
  #target: unknown;

  /**
   * @returns `hide` if an input method (IME) consumes the key; `drop` if a held key repeats in
   * another element than the one in which it was pressed, so that it must do nothing
   */
  judge({ key, repeat, isComposing, keyCode, target }: GuardedPress): "pass" | "hide" | "drop" {
    if (!repeat) this.#target = target;
    if (isComposing || keyCode === IME_KEY_CODE) return "hide";
    return ACTING_KEYS.has(key) && target !== this.#target ? "drop" : "pass";
  }
}

export interface ComposerPress extends KeyPress {
  /** Whether the key is held. */
  readonly repeat: boolean;
}

/** `nothing` prevents what the browser would do. */
export type ComposerAction = "send" | "edit-last" | "escape" | "nothing";

/**
 * Ctrl+Enter always sends. In a code block, Enter starts a line. A held Enter sends once.
 * @param before text before the caret
 */
export function composerAction(
  press: ComposerPress,
  isEmpty: boolean,
  before: string,
  enterSends: boolean,
): ComposerAction | undefined {
  const isControl = press.ctrlKey || press.metaKey;
  const isPlain = !isControl && !press.altKey && !press.shiftKey;
  if (press.key === "Enter" && !press.shiftKey && !press.altKey) {
    const sends = isControl || (enterSends && !isFenceOpen(before));
    return sends ? (press.repeat ? "nothing" : "send") : undefined;
  }
  if (press.key === "ArrowUp" && isPlain && isEmpty) return "edit-last";
  return press.key === "Escape" ? "escape" : undefined;
}

export function rove(key: string, at: number, count: number): number | undefined {
  if (count === 0) return undefined;
  switch (key) {
    case "ArrowDown":
      return Math.min(at + 1, count - 1);
    case "ArrowUp":
      return at < 0 ? count - 1 : Math.max(at - 1, 0);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}
