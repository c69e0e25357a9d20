import { useCallback, useEffect, useState } from "react";
import { useFact } from "./page-context.tsx";

const EVERY_MS = 2_000;

export interface Polled<Value> {
  readonly value: Value | undefined;
  readonly fault: unknown;
  readonly again: () => void;
}

/** Asks again and again while it is shown, one question at a time. */
export function usePolled<Value>(ask: () => Promise<Value>, isOnline = true): Polled<Value> {
  const [value, setValue] = useState<Value | undefined>(undefined);
  const [fault, setFault] = useState<unknown>(undefined);
  const [asked, setAsked] = useState(0);
  const isFocused = useFact((model) => model.isFocused);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `asked` asks at once
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const poll = async () => {
      try {
        const answer = await ask();
        if (isOver) return;
        setValue(answer);
        setFault(undefined);
      } catch (error) {
        if (!isOver) setFault(error);
      }
      // Whoever does not look is not told anew.
      if (!isOver && isFocused) timer = setTimeout(() => void poll(), EVERY_MS);
    };
    if (isOnline) void poll();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [ask, isOnline, isFocused, asked]);
  const again = useCallback(() => setAsked((n) => n + 1), []);
  return { value, fault, again };
}
