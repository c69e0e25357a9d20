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
  | "help";

/** @param isTyping whether a text field has the focus, which disables single-letter shortcuts */
export function keyAction(press: KeyPress, isTyping: boolean): KeyAction | undefined {
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
  return key === "?" ? "help" : undefined;
}

export interface ComposerPress extends KeyPress {
  /** Whether an input method (IME) is composing text and consumes Enter. */
  readonly isComposing: boolean;
}

export type ComposerAction = "send" | "edit-last" | "escape";

/**
 * Ctrl+Enter always sends. In a code block, Enter starts a line.
 * @param before text before the caret
 */
export function composerAction(
  press: ComposerPress,
  isEmpty: boolean,
  before: string,
  enterSends: boolean,
): ComposerAction | undefined {
  if (press.isComposing) return undefined;
  const isControl = press.ctrlKey || press.metaKey;
  const isPlain = !isControl && !press.altKey && !press.shiftKey;
  if (press.key === "Enter" && !press.shiftKey && !press.altKey) {
    if (isControl) return "send";
    return enterSends && !isFenceOpen(before) ? "send" : undefined;
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
