/** Replaces the page if it cannot start, or fails while it draws. */

import { Component, type ReactNode } from "react";
import { ifPossible } from "../../io/promises.ts";
import type { StartTexts } from "../../ui/messages/en/start.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
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

interface GuardProps {
  readonly texts: StartTexts;
  readonly children: ReactNode;
}

/** Without it, an exception in any part of the page would leave a white page. */
export class FaultGuard extends Component<GuardProps, { readonly fault?: { error: unknown } }> {
  override componentDidCatch(error: unknown): void {
    this.setState({ fault: { error } });
    reportError(error);
  }

  override render() {
    const { fault } = this.state;
    if (fault === undefined) return this.props.children;
    return <StartFault error={fault.error} texts={this.props.texts} />;
  }
}

export function StartFault({ error, texts }: StartFaultProps) {
  const details = detailsOf(error);
  const hint = error instanceof PageFault ? texts[error.text] : texts.startFailedHint;
  return (
    <section className="alarm" aria-labelledby="fault-title">
      <h2 id="fault-title" tabIndex={-1} ref={focusOnMount}>
        {texts.startFailed}
      </h2>
      <p>{hint}</p>
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
