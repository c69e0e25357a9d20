/** Countdown while the server delays a login attempt. */

import { useEffect, useState } from "react";
import { SECOND_MS } from "../../../base/time.ts";
import type { GuessDelayView } from "../../../core/model/state.ts";
import { Announced } from "../shell/announced.tsx";
import { useModelValue, useStart } from "../shell/context.tsx";

/** The countdown appears after this delay, because a correct secret is accepted sooner. */
const DISPLAY_DELAY_MS = 400;

/** Shows nothing unless the server delays an answer. */
export function GuessDelayNotice() {
  const delay = useModelValue((model) => model.guessDelay);
  return delay && <GuessDelay delay={delay} />;
}

function GuessDelay({ delay: { of, untilUnixMs } }: { readonly delay: GuessDelayView }) {
  const { texts } = useStart();
  const [message, setMessage] = useState({ announced: "", text: "" });
  // biome-ignore lint/correctness/useExhaustiveDependencies: counts down to a fixed time
  useEffect(() => {
    const show = () => {
      // The network adds a delay, so at least one second is shown until the answer arrives.
      const seconds = Math.max(1, Math.ceil((untilUnixMs - Date.now()) / SECOND_MS));
      const text = texts.guessDelay(of, seconds);
      setMessage(({ announced }) => ({ announced: announced || text, text }));
    };
    let ticking: ReturnType<typeof setInterval> | undefined;
    const first = setTimeout(() => {
      show();
      ticking = setInterval(show, SECOND_MS);
    }, DISPLAY_DELAY_MS);
    return () => {
      clearTimeout(first);
      clearInterval(ticking);
    };
  }, [untilUnixMs]);
  return (
    <>
      <Announced kind="notice" className="sr-only">
        {message.announced}
      </Announced>
      <p className="hint" aria-hidden="true">
        {message.text}
      </p>
    </>
  );
}
