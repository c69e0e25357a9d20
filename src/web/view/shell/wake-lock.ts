/** Keeps the screen on while the page is visible. */

import { useEffect } from "react";
import { ifPossible } from "../../../io/promises.ts";
import { attempt } from "../../input/attempt.ts";
import { listen } from "./effects.ts";

type WakeLocks = Navigator["wakeLock"];

export const wakeLocks = (): WakeLocks | undefined =>
  attempt(() => (navigator as Partial<Navigator>).wakeLock);

/** Browsers release the lock when the page is hidden, and refuse it when the battery is low. */
export function useWakeLock(isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return;
    let lock: Awaited<ReturnType<WakeLocks["request"]>> | undefined;
    let isEnded = false;
    const request = async () => {
      if (document.visibilityState !== "visible") return;
      lock = await wakeLocks()?.request("screen");
      if (isEnded) await lock?.release();
    };
    const onVisible = () => void ifPossible(request());
    onVisible();
    const stopListening = listen(document, "visibilitychange", onVisible);
    return () => {
      isEnded = true;
      stopListening();
      void lock?.release();
    };
  }, [isOn]);
}
