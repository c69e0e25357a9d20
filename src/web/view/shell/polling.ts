/** Polls the server while the page is visible. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { listen } from "./effects.ts";

const EVERY_MS = 2_000;

export interface Polled<Value> {
  readonly value: Value | undefined;
  readonly fault: unknown;
  readonly again: () => void;
}

const onVisibility = (look: () => void) => listen(document, "visibilitychange", look);

/** Whether the page is visible: not whether it has the focus. */
export function useVisible(): boolean {
  return useSyncExternalStore(onVisibility, () => !document.hidden);
}

/**
 * Polls with one request at a time.
 * @param question what is asked; another one is asked immediately
 */
export function usePolled<Value>(
  ask: () => Promise<Value>,
  isOnline = true,
  everyMs = EVERY_MS,
  question = "",
): Polled<Value> {
  const [value, setValue] = useState<Value | undefined>(undefined);
  const [fault, setFault] = useState<unknown>(undefined);
  const [asked, setAsked] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  // Visibility, not focus: an operator watches this window while typing in another one.
  const isVisible = useVisible();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `asked` and `question` ask at once
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const poll = async () => {
      try {
        const answer = await latest.current();
        if (isOver) return;
        setValue(answer);
        setFault(undefined);
      } catch (error) {
        if (!isOver) setFault(error);
      }
      // A hidden window polls again once it is visible.
      if (!isOver && isVisible) timer = setTimeout(() => void poll(), everyMs);
    };
    if (isOnline) void poll();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [question, isOnline, everyMs, isVisible, asked]);
  const again = useCallback(() => setAsked((n) => n + 1), []);
  return { value, fault, again };
}
