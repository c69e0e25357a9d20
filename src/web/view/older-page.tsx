/** Replaces the page if this browser holds data of a newer version. */

import type { Texts } from "../../ui/messages/en/page.ts";
import { Button } from "./shell/button.tsx";

export function OlderPage({ texts }: { readonly texts: Texts }) {
  return (
    <section className="alarm" role="alert">
      <h2>{texts.olderPageTitle}</h2>
      <p>{texts.olderPage}</p>
      <p>{texts.olderPageReload}</p>
      <p>
        <Button onClick={() => location.reload()}>{texts.reload}</Button>
      </p>
    </section>
  );
}
