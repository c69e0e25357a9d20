/** Polls the server while the page is visible. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { listen } from "./effects.ts";

const POLL_INTERVAL_MS = 2_000;

export interface Polled<Value> {
  readonly value: Value | undefined;
  readonly fault: unknown;
  readonly reload: () => void;
}

const onVisibility = (onChange: () => void) => listen(document, "visibilitychange", onChange);

export function useVisible(): boolean {
  return useSyncExternalStore(onVisibility, () => !document.hidden);
}

/**
 * Sends one request at a time.
 * @param key if it changes, a request is sent immediately
 */
export function usePolled<Value>(
  request: () => Promise<Value>,
  isOnline = true,
  intervalMs = POLL_INTERVAL_MS,
  key = "",
): Polled<Value> {
  const [value, setValue] = useState<Value | undefined>(undefined);
  const [fault, setFault] = useState<unknown>(undefined);
  const [reloads, setReloads] = useState(0);
  const latestRequest = useRef(request);
  latestRequest.current = request;
  // Polls without focus, because an operator may watch this window while typing in a different one.
  const isVisible = useVisible();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `reloads` and `key` poll immediately
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isStopped = false;
    const poll = async () => {
      try {
        const answer = await latestRequest.current();
        if (isStopped) return;
        setValue(answer);
        setFault(undefined);
      } catch (error) {
        if (!isStopped) setFault(error);
      }
      if (!isStopped && isVisible) timer = setTimeout(() => void poll(), intervalMs);
    };
    if (isOnline) void poll();
    return () => {
      isStopped = true;
      clearTimeout(timer);
    };
  }, [key, isOnline, intervalMs, isVisible, reloads]);
  const reload = useCallback(() => setReloads((n) => n + 1), []);
  return { value, fault, reload };
}
