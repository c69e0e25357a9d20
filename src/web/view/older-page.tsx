/** Replaces the page if this browser holds data of a newer version. */

import type { StartTexts } from "../../ui/messages/en/start.ts";
import { Button } from "./shell/button.tsx";
import { focusOnMount } from "./shell/form.tsx";

export function OlderPage({ texts }: { readonly texts: StartTexts }) {
  return (
    <section className="alarm" aria-labelledby="older-title">
      <h2 id="older-title" tabIndex={-1} ref={focusOnMount}>
        {texts.olderPageTitle}
      </h2>
      <p>{texts.olderPage}</p>
      <p>{texts.olderPageReload}</p>
      <p>
        <Button onClick={() => location.reload()}>{texts.reload}</Button>
      </p>
    </section>
  );
}
