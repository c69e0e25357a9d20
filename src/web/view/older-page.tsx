/** Replaces the page if this browser holds data of a newer version. */

import type { Texts } from "../../ui/messages/en/page.ts";
import { Button } from "./shell/button.tsx";
import { focusOnMount } from "./shell/form.tsx";

export function OlderPage({ texts }: { readonly texts: Texts }) {
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
