/** Replaces the page if it cannot start. */

import { ifPossible } from "../../io/promises.ts";
import type { StartTexts } from "../../ui/messages/en/start.ts";
import { Button } from "./shell/button.tsx";
import { focusOnMount } from "./shell/form.tsx";

interface StartFaultProps {
  readonly error: unknown;
  readonly texts: StartTexts;
}

function detailsOf(error: unknown): string {
  const { build = "" } = document.documentElement.dataset;
  const lines = error instanceof Error ? [String(error), error.stack] : [String(error)];
  return [`chat ${build}`, navigator.userAgent, ...lines].join("\n");
}

export function StartFault({ error, texts }: StartFaultProps) {
  const details = detailsOf(error);
  return (
    <section className="alarm" aria-labelledby="fault-title">
      <h2 id="fault-title" tabIndex={-1} ref={focusOnMount}>
        {texts.startFailed}
      </h2>
      <p>{texts.startFailedHint}</p>
      <p>
        <Button onClick={() => location.reload()}>{texts.reload}</Button>
        {/* Pages without TLS have no clipboard; there, the details can be selected. */}
        <Button onClick={() => void ifPossible(navigator.clipboard?.writeText(details))}>
          {texts.copyDetails}
        </Button>
      </p>
      <pre lang="en">{details}</pre>
    </section>
  );
}
