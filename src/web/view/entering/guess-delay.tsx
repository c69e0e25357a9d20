import { useEffect, useState } from "react";
import type { GuessDelayProps } from "../shell/lazy.tsx";
import { usePartPage } from "../shell/part-page.ts";

/** Before it, nothing is said: a right secret is answered at once although others were wrong. */
const SHOWN_AFTER_MS = 400;
const SECOND_MS = 1_000;

/** Counts down for those who see it, and says it once to those who hear it. */
export function GuessDelay({ delay: { of, untilUnixMs } }: GuessDelayProps) {
  const { texts } = usePartPage();
  const [shown, setShown] = useState({ said: "", text: "" });
  // biome-ignore lint/correctness/useExhaustiveDependencies: counts down to that moment
  useEffect(() => {
    const show = () => {
      // The network takes its time, too: the last second is shown until the answer is there.
      const seconds = Math.max(1, Math.ceil((untilUnixMs - Date.now()) / SECOND_MS));
      const text = texts.guessDelay(of, seconds);
      setShown(({ said }) => ({ said: said || text, text }));
    };
    let ticking: ReturnType<typeof setInterval> | undefined;
    const first = setTimeout(() => {
      show();
      ticking = setInterval(show, SECOND_MS);
    }, SHOWN_AFTER_MS);
    return () => {
      clearTimeout(first);
      clearInterval(ticking);
    };
  }, [untilUnixMs]);
  return (
    <>
      <p className="sr-only" role="status">
        {shown.said}
      </p>
      <p className="hint" aria-hidden="true">
        {shown.text}
      </p>
    </>
  );
}
